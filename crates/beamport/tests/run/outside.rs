//! A cluster seen from outside its VMs: by HTTP, by `beamport whois`, and by code in a VM that asks nobody.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use beamport_term::{Term, atom};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::assemble::{LIST, Nodes};
use crate::ports::free_port;
use crate::support::{DEADLINE, Running, wait_until};

/// A node that tells by HTTP.
struct Told {
    running: Running,
    address: SocketAddr,
}

fn start(nodes: &Nodes, name: &str, consensus: &str) -> Told {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let http = address.to_string();
    let flags = ["--sentry", LIST, "--consensus", consensus, "--http", &http];
    let running = nodes.start(name, &flags);
    wait_until("HTTP", || TcpStream::connect(address).is_ok());
    Told { running, address }
}

impl Told {
    /// Sends a request; what comes is to be read.
    fn request(&self, path: &str, headers: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let mut answer = String::new();
        self.request(path, "").read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
        (status, body)
    }

    fn wait_for_phase(&self, phase: &str) {
        wait_until(phase, || self.get("/v1/status").1["phase"] == phase);
    }

    /// Reads events until there is one of a kind.
    fn events(&self, path: &str, headers: &str, until: &str) -> Vec<Value> {
        let mut events = Vec::new();
        for line in self.request(path, headers).lines() {
            let line = line.unwrap();
            let json = line.strip_prefix("data: ").unwrap_or(&line);
            if let Ok(event @ Value::Object(_)) = serde_json::from_str(json) {
                let is_last = event["event"] == until;
                events.push(event);
                if is_last {
                    return events;
                }
            }
        }
        panic!("no {until} among {events:?}");
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect()
}

#[test]
fn a_node_tells_whether_it_is_ready_and_what_happens() {
    let nodes = Nodes::new();
    let a = start(&nodes, "a", "2");
    assert_eq!(a.get("/live").0, 200);
    let (status, told) = a.get("/ready");
    assert_eq!(
        (status, &told["ready"], &told["want"]),
        (503, &false.into(), &2.into())
    );
    let begin = a.events("/v1/events", "", "state").pop().unwrap();
    assert_eq!(begin["phase"], "assembling");

    let b = start(&nodes, "b", "2");
    a.wait_for_phase("ready");
    assert_eq!(
        (a.get("/ready").0, a.get("/ready?consensus=true").0),
        (200, 200)
    );
    // What has happened since, as server-sent events and as lines.
    let after = begin["id"].to_string();
    let header = format!("Last-Event-ID: {after}\r\n");
    let sent = a.events("/v1/events", &header, "phase");
    assert!(kinds(&sent).contains(&"joined"), "{sent:?}");
    let path = format!("/v1/events?after={after}");
    let lines = a.events(&path, "Accept: application/x-ndjson\r\n", "phase");
    assert_eq!(sent, lines);
    let numbers: Vec<_> = sent
        .iter()
        .map(|event| event["id"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers.iter().all(|id| *id > begin["id"].as_u64().unwrap()));

    b.running.signal(Signal::SIGTERM);
    a.wait_for_phase("degraded");
    // Applications run, and there is no consensus.
    assert_eq!(
        (a.get("/ready").0, a.get("/ready?consensus=true").0),
        (200, 503)
    );
    let (_, status) = a.get("/v1/status");
    assert_eq!(status["members"][0]["node"], "a@127.0.0.1");
    assert_eq!(status["leader"], "a@127.0.0.1");
}

#[test]
fn all_agree_on_who_owns_a_key() {
    let nodes = Nodes::new();
    let told = ["a", "b", "c"].map(|name| start(&nodes, name, "3"));
    told.iter().for_each(|node| node.wait_for_phase("ready"));
    // It matters for atoms.
    let release = nodes.call(
        "a",
        atom!("erlang"),
        atom!("system_info"),
        &[atom!("otp_release").into()],
    );
    let release = release.unwrap().to_string();
    let release = release.trim_matches('"');
    for key in ["1", "{user,42}", "<<\"cart\">>", "shop", "\"text\""] {
        let offline = whois(&nodes, &["--nodes", LIST, "--otp", release, key]);
        for (name, node) in ["a", "b", "c"].into_iter().zip(&told) {
            let at = node.address.to_string();
            assert_eq!(whois(&nodes, &["--at", &at, key]), offline, "{key}");
            // In the VM, by a function that asks nobody.
            let all = nodes.call(
                name,
                atom!("persistent_term"),
                atom!("get"),
                &[atom!("beamport").into()],
            );
            let whois = all.unwrap().lookup("whois").unwrap().clone();
            let arguments = Term::list([key.parse::<Term>().unwrap()]);
            let owner = nodes.call(name, atom!("erlang"), atom!("apply"), &[whois, arguments]);
            assert_eq!(owner.unwrap().to_string(), format!("'{offline}'"), "{key}");
        }
    }
    let (_, ring) = told[0].get("/v1/ring");
    let shares = ring["members"].as_array().unwrap().iter();
    let sum: f64 = shares.map(|member| member["share"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{ring}");
    let elixir = [
        "--at",
        &told[0].address.to_string(),
        "--syntax",
        "elixir",
        "{:user, 42}",
    ];
    assert_eq!(
        whois(&nodes, &elixir),
        whois(&nodes, &["--nodes", LIST, "{user,42}"])
    );
    // Of several that run here, one has to be chosen.
    whois_refers_to(&nodes, "--at");
}

#[test]
fn of_one_that_runs_here_nothing_need_be_said() {
    let nodes = Nodes::new();
    let a = nodes.start_listed("a", "1");
    nodes.wait_for("a", "phase", "ready");
    assert_eq!(whois(&nodes, &["anything"]), "a@127.0.0.1");
    drop(a);
    whois_refers_to(&nodes, "--nodes");
}

#[test]
fn what_makes_no_sense_is_refused_with_a_sentence() {
    let nodes = Nodes::new();
    let a = start(&nodes, "a", "1");
    wait_until("a ring", || a.get("/v1/ring").0 == 200);
    for (path, status) in [
        ("/", 404),
        ("/v1/ring?key=Oops", 400),
        ("/v1/ring?key=1&syntax=cobol", 400),
        ("/v1/ring?kee=1", 400),
        ("/v1/events?after=yesterday", 400),
        ("/ready?consensus=perhaps", 400),
    ] {
        let (answered, told) = a.get(path);
        assert_eq!(answered, status, "{path}");
        assert!(
            told["error"].as_str().is_some_and(|error| error.len() > 10),
            "{path}: {told}"
        );
    }
    let mut other = nodes
        .surroundings
        .run(&["--sentry", LIST, "--http", &a.address.to_string()]);
    other
        .env("BEAMPORT_COOKIE", "WITHHELD")
        .args(["--", "true"]);
    let ended = Running::start(&mut other).ended();
    let error = String::from_utf8(ended.stderr).unwrap();
    assert!(
        ended.status.code() == Some(69) && error.contains("--http"),
        "{error}"
    );
}

/// Without being told more, the command names the flag by which to say it.
fn whois_refers_to(nodes: &Nodes, flag: &str) {
    let mut whois = nodes.surroundings.beamport("whois");
    let refused = whois.arg("1").output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(2) && error.contains(flag),
        "{error}"
    );
}

fn whois(nodes: &Nodes, arguments: &[&str]) -> String {
    let output = nodes
        .surroundings
        .beamport("whois")
        .args(arguments)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
