//! The scenarios of OTP's `erl_distribution_SUITE` that two nodes can play, with a node of ours as one of them. Each
//! has the name it has there.

mod cookies;
mod monitor_nodes;
mod names;
mod ticks;

use std::process::Stdio;

use beamport_dist::node::{Config, ConnectError, DownReason, Node, NodeKind};
use beamport_epmd::client;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::mapper::{Mapper, soon};
use crate::node::{RUST, VM, config, down, listener, listener_with, name, next_event, up};
use crate::vm::{COOKIE, Vm};

#[tokio::test]
async fn connect_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let itself = node.connect(node.name()).await.unwrap_err();
    assert!(matches!(*itself, ConnectError::Itself));
    for _ in 0..2 {
        node.connect(&name(VM)).await.unwrap();
        let connected = vm.eval(&format!("net_kernel:connect_node('{RUST}')")).await;
        assert_eq!(connected, "true");
    }
    assert_eq!(node.connected(), [name(VM)]);
    let nobody = node.connect(&name("nobody@127.0.0.1")).await;
    assert!(nobody.is_err());
    assert_eq!(node.connected(), [name(VM)]);
}

#[tokio::test]
async fn hidden_node() {
    let mapper = Mapper::start();
    let mut a = Vm::start(&mapper, "a@127.0.0.1").await;
    let mut b = Vm::start(&mapper, "b@127.0.0.1").await;
    let node = listener(&mapper, RUST).await;
    node.connect(&name("a@127.0.0.1")).await.unwrap();
    assert_eq!(a.eval("net_adm:ping('b@127.0.0.1')").await, "pong");
    // Visible nodes tell each other of visible nodes only.
    assert_eq!(a.eval("nodes()").await, "['b@127.0.0.1']");
    assert_eq!(a.eval("nodes(hidden)").await, format!("['{RUST}']"));
    assert_eq!(
        b.eval("global:sync(), nodes(connected)").await,
        "['a@127.0.0.1']"
    );
    assert_eq!(node.connected(), [name("a@127.0.0.1")]);
}

/// A stock port mapper that is killed and comes back is told again who is there.
#[tokio::test]
async fn epmd_reconnect() {
    let port = {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        unused.local_addr().unwrap().port()
    };
    let mut epmd = start_epmd(port).await;
    let mut vm = Vm::start_at(port, VM, &["-setcookie", COOKIE], &[]).await;
    let config = Config {
        mapper_port: port,
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..Config::new(COOKIE.parse().unwrap())
    };
    let node = Node::start(name(RUST), config).await.unwrap();
    let ping = format!("net_adm:ping('{RUST}')");
    assert_eq!(vm.eval(&ping).await, "pong");
    epmd.kill().await.unwrap();
    // Connections outlive the port mapper.
    assert_eq!(vm.eval(&ping).await, "pong");

    let _epmd = start_epmd(port).await;
    let mapper = ([127, 0, 0, 1], port).into();
    let rust = "rust".parse().unwrap();
    while !matches!(client::lookup(mapper, &rust, soon()).await, Ok(Some(_))) {
        tokio::task::yield_now().await;
    }
    let again = format!(
        "net_kernel:disconnect('{RUST}'), (fun F() -> case nodes(hidden) of [] -> {ping}; _ -> F() end end)()"
    );
    assert_eq!(vm.eval(&again).await, "pong");
    drop(node);
}

async fn start_epmd(port: u16) -> Child {
    let epmd = Command::new("epmd")
        .args(["-address", "127.0.0.1", "-port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let deadline = soon();
    while client::names(([127, 0, 0, 1], port).into(), deadline)
        .await
        .is_err()
    {
        assert!(Instant::now() < deadline, "no epmd at port {port}");
        tokio::task::yield_now().await;
    }
    epmd
}

/// Who says nothing while a connection is set up is not waited for.
#[tokio::test]
async fn net_setuptime() {
    let mapper = Mapper::start();
    let flags = ["-kernel", "net_setuptime", "1"];
    let mut vm = Vm::start_with(&mapper, VM, &flags).await;
    let impatient = Config {
        setup_time: std::time::Duration::from_secs(1),
        ..config(&mapper)
    };
    let node = listener_with(RUST, impatient).await;

    // Who is dialled is silent.
    let (_silent, _holding) = mapper.publish("silent").await;
    let connect = "net_kernel:connect_node('silent@127.0.0.1')";
    assert_eq!(vm.eval(connect).await, "false");
    let error = node.connect(&name("silent@127.0.0.1")).await.unwrap_err();
    let ConnectError::Handshake(error) = &*error else {
        panic!("{error}");
    };
    assert!(
        error.to_string().contains("did not send a status in time"),
        "{error}"
    );

    // Who dials is silent.
    let mut dialler = mapper.connect("rust").await;
    let mut sent = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut dialler, &mut sent)
        .await
        .unwrap();
    assert!(sent.is_empty());
}

/// A node that has no name is given one, by a VM and by a node of ours.
#[tokio::test]
async fn dyn_node_name() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, "undefined@127.0.0.1").await;
    assert_eq!(vm.eval("node()").await, "nonode@nohost");
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let connected = vm.eval(&format!("net_kernel:connect_node('{RUST}')")).await;
    assert_eq!(connected, "true");
    let given = vm.eval("node()").await;
    let given = given.trim_matches('\'').to_owned();
    assert_eq!(next_event(&mut events).await, up(&given, NodeKind::Hidden));
    node.ping(&name(&given)).await.unwrap();

    // Without a connection it has no name; the next is another.
    let left = format!(
        "net_kernel:disconnect('{RUST}'), (fun F() -> case node() of nonode@nohost -> ok; _ -> F() end end)()"
    );
    assert_eq!(vm.eval(&left).await, "ok");
    let gone = down(&given, NodeKind::Hidden, DownReason::Closed);
    assert_eq!(next_event(&mut events).await, gone);
    vm.eval(&format!("net_kernel:connect_node('{RUST}')")).await;
    assert_ne!(vm.eval("node()").await.trim_matches('\''), given);
}
