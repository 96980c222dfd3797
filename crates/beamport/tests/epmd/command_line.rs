//! What is printed, and exit codes: the same from us as from stock epmd.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output};

use crate::conversation::Alive2;
use crate::ports::free_port;
use crate::program::{DEADLINE, Mapper, Program, outer_address, wait_until};

/// Asserts what a run printed and how it ended.
#[track_caller]
fn expect(output: &Output, code: i32, printed: &str, errors: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stdout), printed);
    assert_eq!(without_time(&output.stderr), errors);
    assert_eq!(output.status.code(), Some(code));
}

/// Standard error with the time of `epmd: Sun Nov 22 00:18:31 2026: …` left out.
fn without_time(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    text.split_inclusive('\n')
        .map(|line| match line.strip_prefix("epmd: ") {
            Some(rest) if rest.get(24..26) == Some(": ") => format!("epmd: {}", &rest[26..]),
            _ => line.to_owned(),
        })
        .collect()
}

const CANNOT_CONNECT: &str = "epmd: Cannot connect to local epmd\n";

pub(crate) fn questions_without_a_port_mapper(program: &Program) {
    let port = free_port().to_string();
    for question in [&["-names"][..], &["-kill"], &["-dump"], &["-stop", "foo"]] {
        let output = program.run(&[&["-port", port.as_str()], question].concat());
        expect(&output, 1, "", CANNOT_CONNECT);
    }
    expect(&program.run(&["-port", &port, "-started"]), 1, "", "");
    let too_long = program.run(&["-port", &port, "-stop", &"a".repeat(1001)]);
    expect(&too_long, 1, "epmd: Name too long!", "");
}

pub(crate) fn wrong_usage(program: &Program) {
    let usage = include_str!("../../src/epmd/usage.txt");
    for arguments in [
        &["-help"][..],
        &["--names"],
        &["-names", "-port", "5000"],
        &["-port"],
        &["-port", "0"],
        &["-port", "abc", "-names"],
        &["-address"],
        &["-packet_timeout", "0"],
        &["-delay_accept", "x"],
        &["-delay_write"],
        &["-stop"],
        &["-kill", "now"],
    ] {
        expect(&program.run(arguments), 1, "", usage);
    }
}

fn up(mapper: &Mapper) -> String {
    format!("epmd: up and running on port {} with data:\n", mapper.port)
}

pub(crate) fn questions_to_one_without_names(program: &Program) {
    let mut mapper = program.start(&[]);
    expect(&mapper.ask(&["-names"]), 0, &up(&mapper), "");
    expect(&mapper.ask(&["-dump"]), 0, &up(&mapper), "");
    expect(&mapper.ask(&["-started"]), 0, "", "");
    let nothing = "epmd: local epmd responded with <>\n";
    expect(&mapper.ask(&["-stop", "foo"]), 1, nothing, "");
    expect(&mapper.ask(&["-kill"]), 0, "Killed\n", "");
    assert_eq!(mapper.wait_end(), Some(0));
}

pub(crate) fn questions_to_one_with_names(program: &Program) {
    let mapper = program.start(&[]);
    let _first = mapper.register(&Alive2::new(b"foo")).unwrap();
    let _second = mapper.register(&Alive2::new("\u{F6}".as_bytes())).unwrap();
    let names = "name \u{F6} at port 4711\nname foo at port 4711\n";
    let expected = format!("{}{names}", up(&mapper));
    expect(&mapper.ask(&["-names"]), 0, &expected, "");
    let refused = "Killing not allowed - living nodes in database.\n";
    expect(&mapper.ask(&["-kill"]), 1, refused, "");
    let dump = mapper.ask(&["-dump"]).stdout;
    // Stock epmd gives the number of a file descriptor here, we do not.
    let dump = String::from_utf8(dump).unwrap();
    assert!(
        dump.contains("active name     <foo> at port 4711, fd = "),
        "{dump}"
    );
}

pub(crate) fn questions_to_a_relaxed_one(program: &Program) {
    let port = free_port();
    let flags = ["-relaxed_command_check"];
    let mut mapper = program.try_start(port, &flags, None).unwrap();
    let _first = mapper.register(&Alive2::new(b"foo")).unwrap();
    let _second = mapper.register(&Alive2::new(b"bar")).unwrap();
    expect(&mapper.ask(&["-stop", "nobody"]), 0, "NOEXIST\n", "");
    expect(&mapper.ask(&["-stop", "foo"]), 0, "STOPPED\n", "");
    mapper.wait_names(&[crate::conversation::line("bar", 4711)]);
    expect(&mapper.ask(&["-kill"]), 0, "Killed\n", "");
    assert_eq!(mapper.wait_end(), Some(0));
}

/// `erl` starts one wherever it starts, and relies on this.
pub(crate) fn a_second_one_leaves_quietly(program: &Program) {
    let mapper = program.start(&[]);
    expect(&mapper.ask(&[]), 0, "", "");
    expect(&mapper.ask(&["-daemon"]), 0, "", "");
    let told = format!(
        "epmd: epmd running - daemon = 0\r\nepmd: there is already a epmd running at port {} on ipaddr 0.0.0.0\r\n",
        mapper.port
    );
    expect(&mapper.ask(&["-d"]), 0, "", &told);
}

pub(crate) fn addresses_that_cannot_be(program: &Program) {
    let port = free_port().to_string();
    let run = |list: &str| program.run(&["-port", &port, "-address", list]);
    let fault = |what: &str| format!("epmd: {what}\r\n");
    expect(
        &run("127.0.0.1,foo"),
        1,
        "",
        &fault("cannot parse IP address \"foo\""),
    );
    expect(
        &run("192.0.2.1"),
        1,
        "",
        &fault("failed to bind on ipaddr 192.0.2.1: Cannot assign requested address"),
    );
    let many: Vec<String> = (1..20).map(|n| format!("127.0.1.{n}")).collect();
    expect(
        &run(&many.join(" ")),
        1,
        "",
        &fault("cannot listen on more than 16 IP addresses"),
    );
    let from_variable = program
        .command()
        .args(["-port", &port])
        .env("ERL_EPMD_ADDRESS", "foo")
        .output()
        .unwrap();
    expect(
        &from_variable,
        1,
        "",
        &fault("cannot parse IP address \"foo\""),
    );
}

pub(crate) fn loopback_is_listened_on_beside_the_addresses_asked_for(program: &Program) {
    let outer = outer_address();
    let mapper = program.start(&["-address", &outer.to_string()]);
    let answers = |address: IpAddr| {
        TcpStream::connect_timeout(&SocketAddr::new(address, mapper.port), DEADLINE).is_ok()
    };
    assert!(answers(outer));
    assert!(answers(Ipv4Addr::LOCALHOST.into()));
    assert!(answers(Ipv6Addr::LOCALHOST.into()));
    assert!(!answers(Ipv4Addr::new(127, 0, 0, 2).into()));
}

pub(crate) fn a_daemon_is_one(program: &Program) {
    let port = free_port();
    let started = program.run(&["-port", &port.to_string(), "-daemon"]);
    expect(&started, 0, "", "");
    let ask = |question| program.run(&["-port", &port.to_string(), question]);
    if program.is_stock() {
        // It returns before it listens.
        wait_until("the daemon listens", || ask("-started").status.success());
    }
    let up = format!("epmd: up and running on port {port} with data:\n");
    expect(&ask("-names"), 0, &up, "");
    expect(&ask("-kill"), 0, "Killed\n", "");
    wait_until("the daemon has ended", || !ask("-started").status.success());
}

pub(crate) fn systemd_hands_over_its_sockets(program: &Program) {
    let none = program.run(&["-systemd"]);
    expect(&none, 1, "", "epmd: systemd provides no sockets\r\n");

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let notified = folder.path().join("notify");
    let notifications = UnixDatagram::bind(&notified).unwrap();
    notifications.set_read_timeout(Some(DEADLINE)).unwrap();
    let command = program.command();
    // As systemd does it: descriptor 3, and the variables name the process that is to have it.
    let mut service = Command::new("bash")
        .arg("-c")
        .arg("exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec -a epmd \"$0\" \"$@\"")
        .arg(command.get_program())
        .args(["-systemd", "-port", &port.to_string()])
        .env("NOTIFY_SOCKET", &notified)
        .stdin(std::os::fd::OwnedFd::from(listener))
        .spawn()
        .unwrap();
    let mut buffer = [0; 256];
    // A wait with a deadline is not taken up again by itself when it was interrupted.
    let length = loop {
        match notifications.recv(&mut buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            received => break received.unwrap(),
        }
    };
    let expected = format!(
        "READY=1\nSTATUS=Processing port mapping requests...\nMAINPID={}",
        service.id()
    );
    assert_eq!(
        String::from_utf8_lossy(&buffer[..length]).trim_end(),
        expected
    );
    let ask = |question| program.run(&["-port", &port.to_string(), question]);
    let up = format!("epmd: up and running on port {port} with data:\n");
    expect(&ask("-names"), 0, &up, "");
    expect(&ask("-kill"), 0, "Killed\n", "");
    assert!(service.wait().unwrap().success());
}

/// `beamport epmd …`, where there is no link called `epmd`.
#[test]
fn the_command_does_as_the_link_does() {
    let port = free_port().to_string();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamport"));
        command.args(["epmd", "-port", &port]).args(arguments);
        command
    };
    let mut mapper = run(&[]).spawn().unwrap();
    let ask = |question| run(&[question]).output().unwrap();
    wait_until("it listens", || ask("-started").status.success());
    let up = format!("epmd: up and running on port {port} with data:\n");
    expect(&ask("-names"), 0, &up, "");
    expect(&ask("-kill"), 0, "Killed\n", "");
    assert!(mapper.wait().unwrap().success());
    let usage = include_str!("../../src/epmd/usage.txt");
    expect(&ask("-help"), 1, "", usage);
}
