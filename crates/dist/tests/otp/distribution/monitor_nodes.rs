//! What is told of nodes that come and go, on both sides.

use beamport_dist::node::{DownReason, NodeEvent, NodeKind};
use tokio::io::AsyncWriteExt as _;

use crate::mapper::Mapper;
use crate::node::{RUST, VM, down, listener, name, next_event, up};
use crate::peer;
use crate::vm::Vm;

/// Has the VM tell of hidden nodes.
const MONITOR: &str = "net_kernel:monitor_nodes(true, [{node_type, hidden}, nodedown_reason])";

/// What the VM was told of our node last: `up`, or why it went.
const TOLD: &str = "receive \
    {nodeup, 'rust@127.0.0.1', _} -> up; \
    {nodedown, 'rust@127.0.0.1', Info} -> proplists:get_value(nodedown_reason, Info) \
end";

#[tokio::test]
async fn monitor_nodes_nodedown_reason() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(MONITOR).await;
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let visible = NodeKind::Visible;

    // We leave.
    node.connect(&name(VM)).await.unwrap();
    assert_eq!(vm.eval(TOLD).await, "up");
    node.disconnect(&name(VM));
    assert_eq!(next_event(&mut events).await, up(VM, visible));
    let left = down(VM, visible, DownReason::Disconnected);
    assert_eq!(next_event(&mut events).await, left);
    assert_eq!(vm.eval(TOLD).await, "connection_closed");

    // The VM leaves.
    node.connect(&name(VM)).await.unwrap();
    assert_eq!(vm.eval(TOLD).await, "up");
    vm.eval(&format!("net_kernel:disconnect('{RUST}')")).await;
    assert_eq!(vm.eval(TOLD).await, "disconnect");
    assert_eq!(next_event(&mut events).await, up(VM, visible));
    let closed = || down(VM, visible, DownReason::Closed);
    assert_eq!(next_event(&mut events).await, closed());

    // We do not keep to the protocol, and others do not with us.
    let mut odd = peer::dial_as(&mapper, "odd", RUST).await;
    assert_eq!(
        next_event(&mut events).await,
        up("odd@127.0.0.1", NodeKind::Hidden)
    );
    odd.write_all(b"\0\0\0\x01x").await.unwrap();
    let event = next_event(&mut events).await;
    let NodeEvent::Down {
        reason: DownReason::Misbehaved(what),
        ..
    } = event
    else {
        panic!("{event:?}");
    };
    assert!(what.contains("a frame that is none"), "{what}");

    // Our node ends, and then the VM.
    node.connect(&name(VM)).await.unwrap();
    assert_eq!(vm.eval(TOLD).await, "up");
    node.stop().await;
    assert_eq!(vm.eval(TOLD).await, "connection_closed");
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    node.connect(&name(VM)).await.unwrap();
    vm.begin("halt()").await;
    assert_eq!(next_event(&mut events).await, up(VM, visible));
    assert_eq!(next_event(&mut events).await, closed());
}

#[tokio::test]
async fn monitor_nodes_node_type() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let ping = format!("net_adm:ping('{RUST}')");
    let mut visible = Vm::start(&mapper, "visible@127.0.0.1").await;
    assert_eq!(visible.eval(&ping).await, "pong");
    let seen = up("visible@127.0.0.1", NodeKind::Visible);
    assert_eq!(next_event(&mut events).await, seen);
    let mut hidden = Vm::start_with(&mapper, "hidden@127.0.0.1", &["-hidden"]).await;
    assert_eq!(hidden.eval(&ping).await, "pong");
    let seen = up("hidden@127.0.0.1", NodeKind::Hidden);
    assert_eq!(next_event(&mut events).await, seen);

    // A VM takes us for hidden, and tells who asks for those only.
    let ask = "net_kernel:monitor_nodes(true, [{node_type, visible}])";
    assert_eq!(visible.eval(ask).await, "ok");
    visible.eval(MONITOR).await;
    visible
        .eval(&format!("net_kernel:disconnect('{RUST}')"))
        .await;
    assert_eq!(visible.eval(&ping).await, "pong");
    let told = "receive {nodedown, 'rust@127.0.0.1', Info} -> \
                proplists:get_value(node_type, Info) end";
    assert_eq!(visible.eval(told).await, "hidden");
}

/// Each connection that comes goes before the node comes again, for everyone who looks on.
#[tokio::test]
async fn monitor_nodes_many() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut watchers: Vec<_> = (0..10).map(|_| node.events()).collect();
    let ping = format!("net_adm:ping('{RUST}')");
    const TIMES: usize = 5;
    for _ in 0..TIMES {
        assert_eq!(vm.eval(&ping).await, "pong");
        let left = format!(
            "net_kernel:disconnect('{RUST}'), \
             (fun F() -> case nodes(hidden) of [] -> ok; _ -> F() end end)()"
        );
        assert_eq!(vm.eval(&left).await, "ok");
    }
    for events in &mut watchers {
        for _ in 0..TIMES {
            assert_eq!(next_event(events).await, up(VM, NodeKind::Visible));
            let event = next_event(events).await;
            // A VM that comes again before its end was seen takes its own place.
            assert!(
                [DownReason::Closed, DownReason::Replaced]
                    .into_iter()
                    .any(|reason| event == down(VM, NodeKind::Visible, reason)),
                "{event:?}"
            );
        }
    }
}

/// Who begins to look on is told of what comes, not of what was; who stops costs nothing.
#[tokio::test]
async fn monitor_nodes_cleanup() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    drop(node.events());
    node.connect(&name(VM)).await.unwrap();
    let mut late = node.events();
    vm.begin("halt()").await;
    let gone = down(VM, NodeKind::Visible, DownReason::Closed);
    assert_eq!(next_event(&mut late).await, gone);
}
