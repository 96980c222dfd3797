//! A port mapper as a program: which one, how it is started, and that it is gone afterwards.

use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::ports::free_port;

const SUBJECT_VARIABLE: &str = "BEAMPORT_EPMD_SUBJECT";
const STOCK: &str = "/usr/bin/epmd";

/// How long anything may take before it counts as not happening.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A program that is, or claims to be, epmd.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    is_stock: bool,
}

impl Program {
    /// Ours, or what the variable names.
    pub(crate) fn under_test() -> Self {
        match std::env::var_os(SUBJECT_VARIABLE) {
            Some(path) => Self {
                path: path.into(),
                is_stock: true,
            },
            None => Self {
                path: env!("CARGO_BIN_EXE_beamport").into(),
                is_stock: false,
            },
        }
    }

    /// Debian's.
    pub(crate) fn stock() -> Self {
        let path = PathBuf::from(STOCK);
        assert!(
            path.exists(),
            "{STOCK} is not here to compare with: apt-get install erlang-base"
        );
        Self {
            path,
            is_stock: true,
        }
    }

    /// Whether stock epmd's behaviour is to be expected where ours differs.
    pub(crate) fn is_stock(&self) -> bool {
        self.is_stock
    }

    /// The program, under the name `epmd`, free of variables that it would heed.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg0("epmd");
        for variable in [
            "ERL_EPMD_PORT",
            "ERL_EPMD_ADDRESS",
            "ERL_EPMD_RELAXED_COMMAND_CHECK",
        ] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Starts a port mapper on a port of its own.
    pub(crate) fn start(&self, flags: &[&str]) -> Mapper {
        self.start_limited(flags, None)
    }

    /// Starts a port mapper that may open so many files.
    pub(crate) fn start_limited(&self, flags: &[&str], files: Option<u32>) -> Mapper {
        loop {
            // The port may be taken before it is listened on, and the program then leaves.
            if let Some(mapper) = self.try_start(free_port(), flags, files) {
                return mapper;
            }
        }
    }

    /// Starts a port mapper on this port; none if the port is taken.
    pub(crate) fn try_start(
        &self,
        port: u16,
        flags: &[&str],
        files: Option<u32>,
    ) -> Option<Mapper> {
        let errors = tempfile::NamedTempFile::new().unwrap();
        let mut command = match files {
            None => self.command(),
            Some(files) => {
                let mut shell = Command::new("bash");
                shell
                    .arg("-c")
                    .arg(format!("ulimit -n {files}; exec -a epmd \"$0\" \"$@\""))
                    .arg(&self.path);
                shell
            }
        };
        let child = command
            .args(["-port", &port.to_string()])
            .args(flags)
            .stdin(Stdio::null())
            .stderr(errors.reopen().unwrap())
            .spawn()
            .unwrap();
        let mut mapper = Mapper {
            program: self.clone(),
            child,
            port,
            errors,
        };
        let mut is_gone = false;
        wait_until("the port mapper listens", || {
            is_gone = mapper.child.try_wait().unwrap().is_some();
            is_gone || TcpStream::connect(mapper.address()).is_ok()
        });
        (!is_gone).then_some(mapper)
    }
}

/// A port mapper that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Mapper {
    program: Program,
    child: Child,
    pub(crate) port: u16,
    errors: tempfile::NamedTempFile,
}

impl Mapper {
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn is_stock(&self) -> bool {
        self.program.is_stock
    }

    /// Asks it by the command line of the same program.
    pub(crate) fn ask(&self, question: &[&str]) -> Output {
        let port = self.port.to_string();
        self.program
            .run(&[&["-port", port.as_str()], question].concat())
    }

    /// What it has said on standard error.
    pub(crate) fn errors(&self) -> String {
        let mut text = String::new();
        File::open(self.errors.path())
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    /// Waits until it has ended, and gives its exit code.
    pub(crate) fn wait_end(&mut self) -> Option<i32> {
        let mut code = None;
        wait_until("the port mapper ends", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.unwrap().code()
    }

    /// Ends it as a crash would.
    pub(crate) fn crash(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }
}

impl Drop for Mapper {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that is not loopback.
pub(crate) fn outer_address() -> IpAddr {
    nix::ifaddrs::getifaddrs()
        .unwrap()
        .filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()))
        .find(|address| !address.is_loopback())
        .expect("this machine has no IPv4 address but loopback, and the scenario needs one")
        .into()
}

/// Waits for something to come true.
pub(crate) fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_true() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
