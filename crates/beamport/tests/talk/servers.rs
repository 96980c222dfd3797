//! `beamport call`, `send`, `whereis` and `nodes`.

use serde_json::{Value, json};

use crate::host::Host;

const NODE: &str = "vm@127.0.0.1";

/// A process that keeps the last message it got, and tells it who calls as a `gen_server` would.
const KEEPER: &str = r#"
    register(keeper, spawn(fun() ->
        (fun Loop(Last) ->
            receive
                {'$gen_call', {Pid, Tag}, last} -> Pid ! {Tag, Last}, Loop(Last);
                {'$gen_call', _, crash} -> exit(crashed);
                {'$gen_call', _, silence} -> Loop(Last);
                Message -> Loop(Message)
            end
        end)(none)
    end)),
"#;

#[test]
fn servers_are_called_and_messages_sent() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], KEEPER);
    let call = |words: &[&str]| host.run(&[&["call", NODE, "keeper"], words].concat());
    assert_eq!(call(&["last"]).ok(), "none\n");
    assert_eq!(host.run(&["send", NODE, "keeper", "{1, \"two\"}"]).ok(), "");
    assert_eq!(call(&["last"]).ok(), "{1,\"two\"}\n");
    assert_eq!(call(&[":last"]).ok(), "{1, ~c\"two\"}\n");
    assert_eq!(
        host.run(&["send", NODE, "keeper", "%{a: \"two\"}"]).ok(),
        ""
    );
    assert_eq!(call(&["last", "--json"]).ok(), "{\"a\":\"two\"}\n");
    let pid = host.run(&["whereis", NODE, "keeper"]).ok();
    let by_pid = host.run(&["send", NODE, pid.trim_end(), "by_pid"]);
    assert_eq!(by_pid.ok(), "");
    assert_eq!(call(&["last"]).ok(), "by_pid\n");
    // The second is more than a VM counts to.
    for pid in ["<0.32000.0>", "<0.99999.0>"] {
        let nobody = format!("beamport: no process of vm@127.0.0.1 is {pid}\n");
        assert_eq!(host.run(&["send", NODE, pid, "x"]).failed(1), nobody);
    }
    // More than goes into one fragment.
    let large = format!("<<\"{}\">>", "x".repeat(300_000));
    assert_eq!(
        host.run_with_input(&["send", NODE, "keeper", "-"], &large)
            .ok(),
        ""
    );
    assert_eq!(call(&["last", "--raw"]).ok().len(), 300_000);

    let said = call(&["silence", "--timeout", "1s"]).failed(1);
    assert!(said.contains("did not answer in time"), "{said}");
    let said = call(&["{last,"]).failed(2);
    assert!(said.ends_with("\n  {last,\n        ^\n"), "{said}");
    let said = call(&["crash"]).failed(1);
    assert_eq!(
        said,
        "beamport: keeper of vm@127.0.0.1 exited instead of replying: crashed\n"
    );
    let none = "beamport: no process of vm@127.0.0.1 is registered as keeper\n";
    assert_eq!(call(&["last"]).failed(1), none);
    assert_eq!(host.run(&["send", NODE, "keeper", "x"]).failed(1), none);
    assert_eq!(host.run(&["whereis", NODE, "keeper"]).failed(1), none);
}

#[test]
fn names_of_processes_are_found() {
    let host = Host::new();
    let _vm = host.vm(
        NODE,
        &[],
        "register('Elixir.My.Server', spawn(timer, sleep, [infinity])),",
    );
    assert_eq!(host.run(&["whereis", NODE, "init"]).ok(), "<0.0.0>\n");
    let found: Value =
        serde_json::from_str(&host.run(&["whereis", NODE, "init", "--json"]).ok()).unwrap();
    assert_eq!(
        found,
        json!({ "node": NODE, "name": "init", "pid": "<0.0.0>" })
    );
    assert!(
        host.run(&["whereis", NODE, "My.Server"])
            .ok()
            .starts_with("<0.")
    );
    let said = host.run(&["whereis", NODE, "nobody", "--json"]);
    assert_eq!(said.code, 1);
    assert_eq!(
        serde_json::from_str::<Value>(&said.out).unwrap()["pid"],
        Value::Null
    );
}

#[test]
fn nodes_are_listed_by_what_they_are() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    assert_eq!(
        host.run(&["nodes", NODE]).ok(),
        "vm@127.0.0.1\n  no nodes\n"
    );
    let connect = format!("pong = net_adm:ping('{NODE}'),");
    let _visible = host.vm("visible@127.0.0.1", &[], &connect);
    let _hidden = host.vm("hidden@127.0.0.1", &["-hidden"], &connect);
    host.run(&["rpc", NODE, "erlang:list_to_atom(\"x\")"]).ok();
    assert_eq!(
        host.run(&["nodes", NODE]).ok(),
        "vm@127.0.0.1\n  NAME               STATE\n  hidden@127.0.0.1   hidden\n  visible@127.0.0.1  visible\n"
    );
    let listed: Value = serde_json::from_str(&host.run(&["nodes", NODE, "--json"]).ok()).unwrap();
    assert_eq!(
        listed,
        json!({
            "node": NODE,
            "nodes": [
                { "name": "hidden@127.0.0.1", "state": "hidden" },
                { "name": "visible@127.0.0.1", "state": "visible" },
            ],
        })
    );
}
