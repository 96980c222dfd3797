//! A port mapper and VMs that nobody else has, and the command beside them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::ports::free_port;

/// Far more than anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) const COOKIE: &str = "SECRET";

/// A home with a cookie, and a port mapper.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) home: TempDir,
    pub(crate) epmd_port: u16,
    _epmd: Ended,
}

/// A process that ends with this.
#[derive(Debug)]
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Host {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let cookie = home.path().join(".erlang.cookie");
        std::fs::write(&cookie, COOKIE).unwrap();
        let epmd_port = free_port();
        let epmd = Command::new("epmd")
            .args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let host = Self {
            home,
            epmd_port,
            _epmd: Ended(epmd),
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", epmd_port)).is_err() {
            assert!(begun.elapsed() < DEADLINE, "epmd does not start");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        host
    }

    /// A VM of this name, that has done what `expressions` say.
    pub(crate) fn vm(&self, name: &str, flags: &[&str], expressions: &str) -> Vm {
        let ready = format!("{expressions} io:format(\"ready~n\").");
        let mut child = Command::new("erl")
            .args(["-name", name, "-setcookie", COOKIE, "-start_epmd", "false"])
            .args(flags)
            .args(["-noinput", "-eval", &ready])
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("HOME", self.home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let vm = Vm(Ended(child));
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 && !line.ends_with("ready\n") {}
        assert!(line.ends_with("ready\n"), "{name} does not start: {line}");
        // Somebody has to read, or the VM would wait some day.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        vm
    }

    /// `beamport COMMAND …` here.
    pub(crate) fn beamport(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beamport"));
        command
            .args(words)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("BEAMPORT_STATE_DIR", self.home.path().join("state"))
            // A loaded machine may take its time.
            .env("BEAMPORT_TIMEOUT", "60s")
            .env_remove("BEAMPORT_COOKIE")
            .env_remove("BEAMPORT_LOG")
            .stdin(Stdio::null());
        command
    }

    /// What `beamport COMMAND …` prints and how it ends.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        Said::of(&self.beamport(words).output().unwrap())
    }

    /// The same, with something on standard input.
    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Said {
        let mut child = self
            .beamport(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Said::of(&child.wait_with_output().unwrap())
    }

    /// What `beamport ping --json …` says.
    pub(crate) fn ping(&self, words: &[&str]) -> Value {
        let said = self.run(&[&["ping", "--json"], words].concat());
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
        assert_eq!(said.code == 0, report["pong"] == true, "{said:?}");
        report
    }

    /// The error that `beamport ping --json …` explains, as stage, code and fault; and what happened.
    pub(crate) fn ping_fails(&self, words: &[&str]) -> (String, String) {
        let report = self.ping(words);
        let error = |key: &str| {
            let text = report["error"][key].as_str();
            text.unwrap_or_else(|| panic!("{report:#}")).to_owned()
        };
        assert!(!error("remedy").is_empty());
        let verdict = format!("{}/{}/{}", error("stage"), error("code"), error("fault"));
        (verdict, error("what"))
    }
}

/// A VM, which ends with this.
#[derive(Debug)]
pub(crate) struct Vm(#[allow(dead_code, reason = "it is held until it is to end")] Ended);

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// What it printed, if all went well.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    /// What it complained of, if that is all it printed.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        self.err
    }
}
