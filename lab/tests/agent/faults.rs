//! The agent killed and started again, while nodes are at work.

use std::time::Instant;

use anyhow::{Context, Result};
use beamport_lab::{Image, Lab, Node, NodeOptions, wait_until};

use super::DEADLINE;
use super::client::Client;

const NO_FLAGS: [&str; 0] = [];

/// A process that calls the other node without a pause, counting calls and noting lost connections.
const LOAD: &str = "
spawn(fun() ->
  ets:new(load, [named_table, public]),
  ets:insert(load, [{calls, 0}, {losses, []}]),
  net_kernel:monitor_nodes(true),
  Loop = fun Loop() ->
    'OTHER' = rpc:call('OTHER', erlang, node, []),
    ets:update_counter(load, calls, 1),
    receive
      {nodedown, Node} -> ets:insert(load, {losses, [Node | ets:lookup_element(load, losses, 2)]})
    after 0 -> ok
    end,
    Loop()
  end,
  Loop()
end).";

#[test]
fn established_links_outlive_the_agent_and_names_are_back_with_it() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let mut agents = [
        one.agent(lab.binary(), NO_FLAGS)?,
        two.agent(lab.binary(), NO_FLAGS)?,
    ];
    let image = lab.image(Image::Otp25)?;
    let a = one.node(&image, &NodeOptions::default())?;
    let b = two.node(&image, &NodeOptions::default())?;
    // A stock node with the host's network registers at the agent, as it would at stock epmd.
    let script = "exec erl -noinput -name native@10.99.0.1 -setcookie lab -start_epmd false";
    one.docker(["run", "-d", "--network", "host", &image, "sh", "-c", script])?;
    let outside = Client::on(two).asking(one.address());
    let native = || outside.lookup("native").is_ok_and(|port| port.is_some());
    wait_until("the native node to register", DEADLINE, native)?;
    assert!(b.ping(a.name())? && b.ping("native@10.99.0.1")?);
    // All know all, before anything is taken away: a mesh that is half made would be torn down.
    wait_until("a full mesh", DEADLINE, || {
        let others = ["native@10.99.0.1", b.name()];
        a.connected()
            .is_ok_and(|nodes| others.iter().all(|o| nodes.iter().any(|n| n == o)))
    })?;
    b.eval(&LOAD.replace("OTHER", a.name()))?;
    wait_until("calls", DEADLINE, || {
        calls(&b).is_ok_and(|calls| calls > 100)
    })?;

    for agent in &mut agents {
        agent.kill9()?;
    }
    let before = calls(&b)?;
    wait_until("calls without an agent", DEADLINE, || {
        calls(&b).is_ok_and(|calls| calls > before + 100)
    })?;
    for agent in &mut agents {
        agent.start()?;
    }

    let started = Instant::now();
    assert_eq!(outside.lookup(short_id(&a))?, Some(a.published_port()?));
    wait_until("the native node to register again", DEADLINE, native)?;
    println!(
        "registered again {:?} after the agent served",
        started.elapsed()
    );
    assert_eq!(b.eval("ets:lookup_element(load, losses, 2).")?, "[]");
    b.eval(&format!("erlang:disconnect_node('{}').", a.name()))?;
    // With one link gone `global` takes the others down too, and a node in between refuses until it has.
    wait_until("the native node to be reached anew", DEADLINE, || {
        b.ping("native@10.99.0.1").is_ok_and(|answered| answered)
    })?;
    Ok(())
}

fn calls(node: &Node) -> Result<u64> {
    let count = node.eval("ets:lookup_element(load, calls, 2).")?;
    count.parse().with_context(|| format!("no count: {count}"))
}

fn short_id(node: &Node) -> &str {
    &node.container()[..12]
}
