//! Signs of life.

use std::time::Duration;

use beamport_dist::node::{Config, DownReason, NodeKind};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, config, down, listener_with, name, next_event, up};
use crate::peer;
use crate::vm::Vm;

/// Two that have nothing to say stay connected, and both give up who says nothing.
async fn quiet_nodes_stay_connected(intensity: u32) {
    let mapper = Mapper::start();
    let intensity_flag = intensity.to_string();
    let flags = [
        "-kernel",
        "net_ticktime",
        "4",
        "-kernel",
        "net_tickintensity",
        &intensity_flag,
    ];
    let mut vm = Vm::start_with(&mapper, VM, &flags).await;
    let ticking = Config {
        tick_time: Duration::from_secs(4),
        tick_intensity: intensity,
        ..config(&mapper)
    };
    let node = listener_with(RUST, ticking).await;
    let mut events = node.events();
    node.ping(&name(VM)).await.unwrap();
    assert_eq!(next_event(&mut events).await, up(VM, NodeKind::Visible));

    vm.eval("net_kernel:monitor_nodes(true, [{node_type, hidden}, nodedown_reason])")
        .await;
    let _silent_to_vm = peer::dial_as(&mapper, "mute", VM).await;
    let why = "receive {nodedown, 'mute@127.0.0.1', Info} -> \
               proplists:get_value(nodedown_reason, Info) end";
    assert_eq!(vm.eval(why).await, "net_tick_timeout");

    let _silent_to_us = peer::dial_as(&mapper, "mute", RUST).await;
    let mute = "mute@127.0.0.1";
    assert_eq!(next_event(&mut events).await, up(mute, NodeKind::Hidden));
    let silent = down(mute, NodeKind::Hidden, DownReason::Silent);
    assert_eq!(next_event(&mut events).await, silent);

    // Nobody else has gone meanwhile.
    assert_eq!(node.connected(), [name(VM)]);
    assert_eq!(vm.eval("nodes(hidden)").await, format!("['{RUST}']"));
}

#[tokio::test]
async fn tick() {
    quiet_nodes_stay_connected(4).await;
}

/// OTP 23 has no `net_tickintensity` and ticks as often as always, which is no matter.
#[tokio::test]
async fn tick_intensity() {
    quiet_nodes_stay_connected(16).await;
}
