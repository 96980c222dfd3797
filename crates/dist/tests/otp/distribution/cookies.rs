//! Nodes whose cookies differ.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use beamport_dist::node::{Config, Node};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, config, listener_with, name};
use crate::vm::{COOKIE, Vm};

const OTHER: &str = "other";

/// A node of ours with another cookie than the VM's.
fn other(mapper: &Mapper) -> Config {
    Config {
        cookie: OTHER.parse().unwrap(),
        ..config(mapper)
    }
}

fn ping() -> String {
    format!("net_adm:ping('{RUST}')")
}

#[tokio::test]
async fn differing_cookies() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener_with(RUST, other(&mapper)).await;
    node.connect(&name(VM)).await.unwrap_err();
    assert_eq!(vm.eval(&ping()).await, "pang");
    // The VM learns ours.
    vm.eval(&format!("erlang:set_cookie('{RUST}', {OTHER})"))
        .await;
    node.ping(&name(VM)).await.unwrap();
    assert_eq!(vm.eval(&ping()).await, "pong");
}

/// `-setcookie Node Cookie` came with OTP 25; before that a second `-setcookie` voids the first.
#[tokio::test]
async fn cmdline_setcookie_2() {
    let mapper = Mapper::start();
    let flags = ["-setcookie", RUST, OTHER];
    let mut vm = Vm::start_with(&mapper, VM, &flags).await;
    if vm.release().await < 25 {
        return;
    }
    let node = listener_with(RUST, other(&mapper)).await;
    assert_eq!(vm.eval(&ping()).await, "pong");
    node.disconnect(&name(VM));
    let third = Config {
        cookie: COOKIE.parse().unwrap(),
        ..config(&mapper)
    };
    let third = Node::start(name("third@127.0.0.1"), third).await.unwrap();
    third.ping(&name(VM)).await.unwrap();
}

/// What is shared with one peer is not shared with others.
#[tokio::test]
async fn connection_cookie() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut second = Vm::start(&mapper, "second@127.0.0.1").await;
    let mut config = other(&mapper);
    config.cookies.insert(name(VM), COOKIE.parse().unwrap());
    let node = listener_with(RUST, config).await;
    assert_eq!(vm.eval(&ping()).await, "pong");
    node.connect(&name("second@127.0.0.1")).await.unwrap_err();
    assert_eq!(second.eval(&ping()).await, "pang");
}

/// Who has no name yet must know the cookie of who names it.
#[tokio::test]
async fn dyn_differing_cookies() {
    let mapper = Mapper::start();
    let mut dynamic = Vm::start(&mapper, "undefined@127.0.0.1").await;
    let _node = listener_with(RUST, other(&mapper)).await;
    let connect = format!("net_kernel:connect_node('{RUST}')");
    assert_eq!(dynamic.eval(&connect).await, "false");
    let learn = format!("erlang:set_cookie('{RUST}', {OTHER})");
    if dynamic.release().await == 23 {
        // It takes no cookie before it has a name.
        let refused = "{error,distribution_not_started}";
        assert_eq!(dynamic.eval(&learn).await, refused);
    } else {
        assert_eq!(dynamic.eval(&learn).await, "true");
        assert_eq!(dynamic.eval(&connect).await, "true");
    }

    let _vm = Vm::start(&mapper, VM).await;
    let host = || "127.0.0.1".parse().unwrap();
    let refused = Node::start_nameless(host(), &name(VM), other(&mapper)).await;
    refused.unwrap_err();
    let mut config = other(&mapper);
    config.cookies.insert(name(VM), COOKIE.parse().unwrap());
    let named = Node::start_nameless(host(), &name(VM), config).await;
    named.unwrap().ping(&name(VM)).await.unwrap();
}

/// A VM without `-setcookie` reads its cookie from a file: in the home folder, or from OTP 25 on where XDG has it.
#[tokio::test]
async fn xdg_cookie() {
    let mapper = Mapper::start();
    let folder = tempfile::tempdir().unwrap();
    let (home, xdg) = (folder.path().join("home"), folder.path().join("xdg"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(xdg.join("erlang")).unwrap();
    for place in [&home, &xdg.join("erlang")] {
        let file = place.join(".erlang.cookie");
        fs::write(&file, OTHER).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
        let variables = [("HOME", home.as_path()), ("XDG_CONFIG_HOME", xdg.as_path())];
        let mut vm = Vm::start_at(mapper.port(), VM, &[], &variables).await;
        if vm.release().await >= 25 || place == &home {
            let node = Node::start(name(RUST), other(&mapper)).await.unwrap();
            node.ping(&name(VM)).await.unwrap();
        }
        fs::remove_file(&file).unwrap();
        drop(vm);
        while mapper.knows("vm").await {
            tokio::task::yield_now().await;
        }
    }
}
