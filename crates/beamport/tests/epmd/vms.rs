//! Real nodes: Debian's `erl`, and the port mapper they find in its place.

use std::process::{Child, Command, Stdio};

use crate::program::{DEADLINE, Mapper, Program, wait_until};

/// A node that lives until this is dropped.
struct Vm(Child);

impl Drop for Vm {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn erl(mapper: &Mapper, name: &str) -> Command {
    let mut command = Command::new("erl");
    command
        .args([
            "-name",
            &format!("{name}@127.0.0.1"),
            "-setcookie",
            "monster",
        ])
        .args(["-noinput", "-start_epmd", "false"])
        .env("ERL_EPMD_PORT", mapper.port.to_string())
        .stdin(Stdio::null());
    command
}

fn start(mapper: &Mapper, name: &str) -> Vm {
    let vm = erl(mapper, name).stdout(Stdio::null()).spawn();
    Vm(vm.expect("this scenario needs erl: apt-get install erlang-base"))
}

fn wait_registered(mapper: &Mapper, name: &str) {
    let prefix = format!("name {name} at port ");
    wait_until(&format!("{name} is registered"), || {
        mapper.names().iter().any(|line| line.starts_with(&prefix))
    });
}

/// What a node called `from` prints about pinging `to`, and about the names it sees.
fn ping(mapper: &Mapper, from: &str, to: &str) -> String {
    let seconds = DEADLINE.as_secs();
    let script = format!(
        "{{ok, Names}} = erl_epmd:names(\"127.0.0.1\"), \
         io:format(\"~p ~p~n\", [net_adm:ping('{to}@127.0.0.1'), lists:sort([N || {{N, _}} <- Names])]), halt()."
    );
    let output = Command::new("timeout")
        .arg(seconds.to_string())
        .arg("erl")
        .args(erl(mapper, from).get_args())
        .args(["-eval", &script])
        .env("ERL_EPMD_PORT", mapper.port.to_string())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub(crate) fn nodes_find_each_other(program: &Program) {
    let mapper = program.start(&[]);
    let _vm = start(&mapper, "alice");
    wait_registered(&mapper, "alice");
    assert_eq!(ping(&mapper, "bob", "alice"), r#"pong ["alice","bob"]"#);
    assert_eq!(ping(&mapper, "bob", "carol"), r#"pang ["alice","bob"]"#);
}

/// From OTP 23.3 on.
pub(crate) fn nodes_come_back_after_their_port_mapper_did(program: &Program) {
    let mapper = program.start(&[]);
    let _vm = start(&mapper, "alice");
    wait_registered(&mapper, "alice");
    let port = mapper.crash();
    let mapper = program.try_start(port, &[], None).unwrap();
    wait_registered(&mapper, "alice");
    assert_eq!(ping(&mapper, "bob", "alice"), r#"pong ["alice","bob"]"#);
}
