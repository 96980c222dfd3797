//! Nodes among VMs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use beamport_dist::frame::{Frame, Frames};
use beamport_dist::handshake::{HandshakeError, Step};
use beamport_dist::node::{
    Address, CallError, Config, ConnectError, Mailbox, Node, NodeEvent, Process, Received, Request,
    Spawn,
};
use beamport_dist::{Flags, FullName};
use beamport_term::{Atom, Term, atom};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout_at;

use crate::mapper::{Mapper, soon};
use crate::peer;
use crate::vm::{COOKIE, Vm};

const VM: &str = "vm@127.0.0.1";
const RUST: &str = "rust@127.0.0.1";

fn name(text: &str) -> FullName {
    text.parse().unwrap()
}

fn config(mapper: &Mapper) -> Config {
    Config {
        mapper_port: mapper.port(),
        // A loaded machine is slow.
        setup_time: Duration::from_secs(30),
        call_time: Duration::from_secs(30),
        ..Config::new(COOKIE.parse().unwrap())
    }
}

/// A node that dials only.
async fn dialler(mapper: &Mapper) -> Node {
    Node::start(name(RUST), config(mapper)).await.unwrap()
}

/// A node that listens too.
async fn listener(mapper: &Mapper, own: &str) -> Node {
    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(mapper)
    };
    Node::start(name(own), config).await.unwrap()
}

async fn receive(mailbox: &mut Mailbox) -> Received {
    timeout_at(soon(), mailbox.receive())
        .await
        .unwrap()
        .expect("the mailbox has ended")
}

/// A pid that the VM prints by evaluating `expression`, told by message.
async fn pid_of(vm: &mut Vm, mailbox: &mut Mailbox, own: &str, expression: &str) -> Address {
    let name = atom!("pids");
    let _ = mailbox.register(name);
    vm.eval(&format!("{{pids, '{own}'}} ! {expression}")).await;
    match receive(mailbox).await {
        Received::Message(Term::Pid(pid)) => pid.into(),
        other => panic!("no pid: {other:?}"),
    }
}

#[tokio::test]
async fn a_node_pings_and_calls_a_vm() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let peer = name(VM);
    node.ping(&peer).await.unwrap();
    assert_eq!(
        vm.eval("{nodes(), nodes(hidden)}").await,
        format!("{{[],['{RUST}']}}")
    );
    assert_eq!(node.connected(), [name(VM)]);

    let arguments = Term::list([Term::list([1, 2, 3])]);
    let sum = node
        .rpc(&peer, atom!("lists"), atom!("sum"), arguments)
        .await;
    assert_eq!(sum.unwrap(), Term::from(6));

    let failed = node
        .rpc(
            &peer,
            atom!("erlang"),
            atom!("error"),
            Term::list([atom!("oops")]),
        )
        .await;
    let Err(CallError::Raised(reason)) = failed else {
        panic!("{failed:?}");
    };
    assert!(reason.to_string().starts_with("{'EXIT',{oops,"), "{reason}");

    let nobody = Address::name(atom!("nobody"), &peer);
    let failed = node.call(&nobody, Term::from(1)).await;
    assert!(
        matches!(&failed, Err(CallError::Down(reason)) if reason.is_atom("noproc")),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_vm_pings_a_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
    assert_eq!(events.recv().await, Ok(NodeEvent::Up(name(VM))));
    assert_eq!(
        vm.eval("{nodes(), nodes(hidden)}").await,
        format!("{{[],['{RUST}']}}")
    );
    assert_eq!(node.connected(), [name(VM)]);
    let names = vm.eval("element(2, erl_epmd:names({127,0,0,1}))").await;
    assert!(names.contains("{\"rust\","), "{names}");
    vm.eval(&format!("net_kernel:disconnect('{RUST}')")).await;
    assert_eq!(events.recv().await, Ok(NodeEvent::Down(name(VM))));
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");

    drop(node);
    let gone = format!(
        "(fun F() -> case nodes(hidden) of [] -> net_adm:ping('{RUST}'); _ -> F() end end)()"
    );
    assert_eq!(vm.eval(&gone).await, "pang");
}

#[tokio::test]
async fn a_vm_calls_a_server_of_a_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("echo")).unwrap();
    assert!(node.mailbox().register(atom!("echo")).is_err());

    vm.begin(&format!(
        "gen_server:call({{echo, '{RUST}'}}, {{hello, 1}})"
    ))
    .await;
    let Received::Message(message) = receive(&mut mailbox).await else {
        panic!("no message");
    };
    let Some(Request::Call { caller, request }) = Request::read(&message) else {
        panic!("no call: {message}");
    };
    caller
        .reply(&mailbox, Term::from((atom!("echo"), request)))
        .await
        .unwrap();
    assert_eq!(vm.line().await, "{echo,{hello,1}}");

    vm.eval(&format!("gen_server:cast({{echo, '{RUST}'}}, note)"))
        .await;
    let Received::Message(message) = receive(&mut mailbox).await else {
        panic!("no message");
    };
    assert_eq!(
        Request::read(&message),
        Some(Request::Cast(atom!("note").into()))
    );

    // The call ends with the mailbox.
    vm.begin(&format!("catch gen_server:call({{echo, '{RUST}'}}, bye)"))
        .await;
    receive(&mut mailbox).await;
    drop(mailbox);
    assert!(vm.line().await.contains("normal"), "the caller is told");
    let nobody = vm
        .eval(&format!("gen_server:call({{echo, '{RUST}'}}, hello)"))
        .await;
    assert!(nobody.contains("noproc"), "{nobody}");
}

/// Everything that makes messages different: large and small, many atoms, in both directions, at the same time.
#[tokio::test]
async fn messages_arrive_as_they_were_sent() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let echo = "spawn(fun F() -> receive {From, Term} -> From ! Term, F() end end)";
    let echo = pid_of(&mut vm, &mut mailbox, RUST, echo).await;

    let atoms = |from: u32| {
        let atoms = (from..from + 400).map(|n| Atom::new(&format!("atom_{n}")).unwrap());
        Term::tuple(atoms)
    };
    let large = Term::binary(vec![7_u8; 3 << 20]);
    let sent: Vec<Term> = (0..40_u32)
        .map(|n| match n % 4 {
            0 => Term::from((n, large.clone())),
            1 => Term::from((n, atoms(n * 100))),
            2 => Term::from((n, "\u{1F608}", Term::map([(atom!("k"), n)]))),
            _ => Term::from((n, mailbox.pid().clone(), node.make_reference())),
        })
        .collect();
    let own = Term::from(mailbox.pid().clone());
    for term in &sent {
        mailbox
            .send(&echo, Term::from((own.clone(), term.clone())))
            .await
            .unwrap();
    }
    for term in sent {
        // Not printed when they differ: some are large.
        assert!(receive(&mut mailbox).await == Received::Message(term));
    }
}

#[tokio::test]
async fn many_calls_may_be_outstanding() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let calls: Vec<_> = (0..1000)
        .map(|n| {
            let node = node.clone();
            tokio::spawn(async move {
                let arguments = Term::list([n]);
                node.rpc(&name(VM), atom!("erlang"), atom!("abs"), arguments)
                    .await
            })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), Term::from(n));
    }
}

#[tokio::test]
async fn exits_are_told_in_both_directions() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let sleeper = "spawn(fun() -> receive X -> exit(X) end end)";

    // A monitor, and one that is undone.
    let remote = pid_of(&mut vm, &mut mailbox, RUST, sleeper).await;
    let undone = mailbox.monitor(&remote).await.unwrap();
    mailbox.demonitor(&undone).await;
    let monitor = mailbox.monitor(&remote).await.unwrap();
    mailbox
        .send(&remote, Term::from((atom!("bye"), 1)))
        .await
        .unwrap();
    let Address::Pid(pid) = remote else { panic!() };
    let down = Received::Down {
        reference: monitor,
        process: Process::Pid(pid),
        reason: Term::from((atom!("bye"), 1)),
    };
    assert_eq!(receive(&mut mailbox).await, down);

    // Links: the VM's process ends, a link is undone, and ours ends.
    let Address::Pid(first) = pid_of(&mut vm, &mut mailbox, RUST, sleeper).await else {
        panic!()
    };
    let Address::Pid(second) = pid_of(&mut vm, &mut mailbox, RUST, sleeper).await else {
        panic!()
    };
    mailbox.link(&first).await.unwrap();
    mailbox.link(&second).await.unwrap();
    mailbox.unlink(&second).await;
    mailbox
        .exit(&second, Term::from(atom!("unlinked")))
        .await
        .unwrap();
    mailbox
        .exit(&first, Term::from(atom!("linked")))
        .await
        .unwrap();
    let exit = Received::Exit {
        from: first,
        reason: Term::from(atom!("linked")),
    };
    assert_eq!(receive(&mut mailbox).await, exit);

    // The VM watches us.
    vm.begin(&format!(
        "P = {{pids, '{RUST}'}}, M = monitor(process, P), P ! watched, \
         receive {{'DOWN', M, _, _, R}} -> R end"
    ))
    .await;
    let watched = Received::Message(Term::from(atom!("watched")));
    assert_eq!(receive(&mut mailbox).await, watched);
    drop(mailbox);
    assert_eq!(vm.line().await, "normal");
}

#[tokio::test]
async fn a_vm_starts_processes_for_a_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let mut mailbox = node.mailbox();
    let peer = name(VM);

    let hello = vec![
        mailbox.pid().clone().into(),
        Term::from((atom!("hello"), 1)),
    ];
    let send = Spawn::new(atom!("erlang"), atom!("send"), hello);
    let spawned = mailbox.spawn(&peer, send).await.unwrap();
    assert_eq!(spawned.pid.node, peer.to_atom());
    assert_eq!(spawned.monitor, None);
    let hello = Received::Message(Term::from((atom!("hello"), 1)));
    assert_eq!(receive(&mut mailbox).await, hello);

    // Held from the beginning, however soon the process exits.
    let exit = vec![Term::from(atom!("soon"))];
    let exit = Spawn {
        monitor: true,
        link: true,
        ..Spawn::new(atom!("erlang"), atom!("exit"), exit)
    };
    for _ in 0..50 {
        let spawned = mailbox.spawn(&peer, exit.clone()).await.unwrap();
        let mut told = [receive(&mut mailbox).await, receive(&mut mailbox).await];
        told.sort_by_key(|received| matches!(received, Received::Down { .. }));
        let reason = || Term::from(atom!("soon"));
        let expected = [
            Received::Exit {
                from: spawned.pid.clone(),
                reason: reason(),
            },
            Received::Down {
                reference: spawned.monitor.unwrap(),
                process: Process::Pid(spawned.pid),
                reason: reason(),
            },
        ];
        assert_eq!(told, expected);
    }

    // What was abandoned is let go of.
    let sleep = Spawn {
        monitor: true,
        link: true,
        ..Spawn::new(
            atom!("timer"),
            atom!("sleep"),
            vec![Term::from(atom!("infinity"))],
        )
    };
    let abandoned = tokio::select! {
        biased;
        never = mailbox.spawn(&peer, sleep.clone()) => Some(never),
        () = tokio::task::yield_now() => None,
    };
    assert!(abandoned.is_none());
    let spawned = mailbox.spawn(&peer, sleep).await.unwrap();
    let one_is_linked = "(fun F() -> \
        Sleeping = [P || P <- processes(), process_info(P, current_function) =:= \
                         {current_function, {timer, sleep, 1}}], \
        case [P || P <- Sleeping, process_info(P, links) =/= {links, []}] of \
            [_] when length(Sleeping) =:= 2 -> ok; \
            _ -> F() \
        end end)()";
    assert_eq!(vm.eval(one_is_linked).await, "ok");
    mailbox
        .exit(&spawned.pid, Term::from(atom!("kill")))
        .await
        .unwrap();
    let Received::Exit { reason, .. } = receive(&mut mailbox).await else {
        panic!("not told first");
    };
    assert!(reason.is_atom("killed"), "{reason}");
}

#[tokio::test]
async fn a_vm_that_dies_is_noticed_by_links_and_monitors() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let init = pid_of(&mut vm, &mut mailbox, RUST, "whereis(init)").await;
    let Address::Pid(pid) = init.clone() else {
        panic!()
    };
    let monitor = mailbox.monitor(&init).await.unwrap();
    mailbox.link(&pid).await.unwrap();
    node.ping(&name(VM)).await.unwrap();
    drop(vm);
    let reason = || Term::from(atom!("noconnection"));
    let exit = Received::Exit {
        from: pid.clone(),
        reason: reason(),
    };
    assert_eq!(receive(&mut mailbox).await, exit);
    let down = Received::Down {
        reference: monitor,
        process: Process::Pid(pid),
        reason: reason(),
    };
    assert_eq!(receive(&mut mailbox).await, down);
    assert!(node.connected().is_empty());
}

#[tokio::test]
async fn why_a_node_cannot_be_reached_is_told() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let attempt = async |peer: &str, config: Config| -> Arc<ConnectError> {
        let node = Node::start(name(RUST), config).await.unwrap();
        node.connect(&name(peer)).await.unwrap_err()
    };
    let error = attempt("else@127.0.0.1", config(&mapper)).await;
    assert!(
        matches!(*error, ConnectError::NotRegistered { .. }),
        "{error}"
    );

    let error = attempt(RUST, config(&mapper)).await;
    assert!(matches!(*error, ConnectError::Itself), "{error}");

    let other = Config {
        cookie: "other".parse().unwrap(),
        ..config(&mapper)
    };
    let error = attempt(VM, other.clone()).await;
    let at = Step::Ack;
    assert!(
        matches!(*error, ConnectError::Handshake(HandshakeError::Closed { step }) if step == at),
        "{error}"
    );
    // A cookie for this peer only makes it good.
    let mut known = other;
    known.cookies.insert(name(VM), COOKIE.parse().unwrap());
    let node = Node::start(name(RUST), known).await.unwrap();
    node.ping(&name(VM)).await.unwrap();

    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mapper_port = unused.local_addr().unwrap().port();
    drop(unused);
    let error = attempt(
        VM,
        Config {
            mapper_port,
            ..config(&mapper)
        },
    )
    .await;
    assert!(matches!(*error, ConnectError::Mapper(_)), "{error}");
}

/// Both sides dial at the same time, again and again; each time one connection comes of it and both can use it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_may_connect_at_once() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    for own in ["a@127.0.0.1", "z@127.0.0.1"] {
        let node = listener(&mapper, own).await;
        for _ in 0..20 {
            vm.begin(&format!("net_adm:ping('{own}')")).await;
            node.ping(&name(VM)).await.unwrap();
            assert_eq!(vm.line().await, "pong");
            assert_eq!(node.connected(), [name(VM)]);
            vm.eval(&format!(
                "net_kernel:disconnect('{own}'), (fun F() -> case nodes(hidden) of [] -> ok; _ -> F() end end)()"
            ))
            .await;
            while !node.connected().is_empty() {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn two_nodes_talk_to_each_other() {
    let mapper = Mapper::start();
    let a = listener(&mapper, "a@127.0.0.1").await;
    let b = listener(&mapper, "b@127.0.0.1").await;
    a.ping(b.name()).await.unwrap();
    b.ping(a.name()).await.unwrap();
    let mut server = b.mailbox();
    server.register(atom!("server")).unwrap();
    let serving = tokio::spawn(async move {
        let Received::Message(message) = receive(&mut server).await else {
            panic!("no message");
        };
        let Some(Request::Call { caller, request }) = Request::read(&message) else {
            panic!("no call");
        };
        caller.reply(&server, request).await.unwrap();
    });
    let large = Term::binary(vec![1; 1 << 20]);
    let reply = a
        .call(&Address::name(atom!("server"), b.name()), large.clone())
        .await;
    assert!(reply.unwrap() == large);
    serving.await.unwrap();
}

/// A peer that falls silent is given up, and has been given signs of life until then.
#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let mapper = Mapper::start();
    let node = Node::start(
        name(RUST),
        Config {
            tick_time: Duration::from_millis(400),
            ..config(&mapper)
        },
    )
    .await
    .unwrap();
    let mut mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("silent@127.0.0.1"));
    let flags = Flags::MANDATORY_26;
    let (mut silent, monitor) = tokio::join!(peer::accept_as(&mapper, "silent", flags), async {
        // The name is there only when the peer is.
        loop {
            if let Ok(monitor) = mailbox.monitor(&somebody).await {
                break monitor;
            }
        }
    });
    let Received::Down {
        reference, reason, ..
    } = receive(&mut mailbox).await
    else {
        panic!("not told");
    };
    assert_eq!(reference, monitor);
    assert!(reason.is_atom("noconnection"));
    let mut sent = Frames::new(1024);
    while silent.read_buf(sent.buffer()).await.unwrap() > 0 {}
    let frames = std::iter::from_fn(|| sent.next().unwrap());
    let ticks = frames.filter(|frame| *frame == Frame::Tick).count();
    assert!(ticks >= 2, "{ticks} signs of life");
}

#[tokio::test]
async fn a_mailbox_that_is_not_read_ends_alone() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let small = Config {
        inbox: 4,
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(&mapper)
    };
    let node = Node::start(name(RUST), small).await.unwrap();
    let mut full = node.mailbox();
    full.register(atom!("full")).unwrap();
    vm.begin(&format!(
        "M = monitor(process, {{full, '{RUST}'}}), [{{full, '{RUST}'}} ! N || N <- [1,2,3,4,5]], \
         receive {{'DOWN', M, _, _, R}} -> R end"
    ))
    .await;
    assert_eq!(vm.line().await, "system_limit");
    for n in 1..=4 {
        assert_eq!(receive(&mut full).await, Received::Message(Term::from(n)));
    }
    assert_eq!(full.receive().await, None);
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
}

#[tokio::test]
async fn a_node_names_a_vm_that_has_no_name() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, "undefined@127.0.0.1").await;
    let node = listener(&mapper, RUST).await;
    assert_eq!(
        vm.eval(&format!("net_kernel:connect_node('{RUST}')")).await,
        "true"
    );
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
    let given = vm.eval("node()").await;
    let [peer] = node.connected().try_into().unwrap();
    assert_eq!(given, format!("'{peer}'"));
    node.ping(&peer).await.unwrap();
}

/// Whatever a peer sends after its handshake, the connection ends at the worst.
#[tokio::test]
async fn a_peer_that_sends_nonsense_is_dropped() {
    let mapper = Mapper::start();
    let node = dialler(&mapper).await;
    let peer = name("odd@127.0.0.1");
    for nonsense in [
        &b"\0\0\0\x01x"[..],
        b"\xff\xff\xff\xff",
        b"\0\0\0\x07p\x83\x6c\xff\xff\xff\xff",
        b"\0\0\0\x05p\x83\x68\x01\x61",
        b"\0\0\0\x06p\x83\x68\x01\x61\x63",
    ] {
        let connecting = async {
            while node.connect(&peer).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let (mut odd, ()) = tokio::join!(
            peer::accept_as(&mapper, "odd", Flags::MANDATORY_26),
            connecting
        );
        odd.write_all(nonsense).await.unwrap();
        // Its end may come as a reset, as the node does not read on.
        let _ = odd.read_to_end(&mut Vec::new()).await;
        while !node.connected().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

/// A name is registered again with a port mapper that comes back.
#[tokio::test]
async fn a_port_mapper_that_comes_back_is_told_again() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let port = mapper.port();
    drop(mapper);
    let mapper = Mapper::start_on(port).await;
    let mut vm = Vm::start(&mapper, VM).await;
    let ping =
        format!("(fun F() -> case net_adm:ping('{RUST}') of pong -> pong; pang -> F() end end)()");
    assert_eq!(vm.eval(&ping).await, "pong");
    assert_eq!(node.connected(), [name(VM)]);
}

/// A node ends with its last handle, and its mailboxes with it.
#[tokio::test]
async fn mailboxes_end_with_their_node() {
    let mapper = Mapper::start();
    let node = dialler(&mapper).await;
    let mut mailbox = node.mailbox();
    drop(node);
    assert_eq!(mailbox.receive().await, None);
}

#[tokio::test]
async fn the_examples_run() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let server = "register(counter, spawn(fun F() -> \
                  receive {'$gen_call', From, get} -> gen:reply(From, 42), F() end end))";
    vm.eval(server).await;
    let count = crate::call::run(config(&mapper), name(VM)).await.unwrap();
    assert_eq!(count, Term::from(42));

    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(&mapper)
    };
    let serving = tokio::spawn(async move { crate::serve::run(config, name(RUST)).await.is_ok() });
    let call = format!(
        "(fun F() -> try gen_server:call({{adder, '{RUST}'}}, {{add, 40, 2}}) catch exit:_ -> F() end end)()"
    );
    assert_eq!(vm.eval(&call).await, "42");
    serving.abort();
}

/// A peer that comes again while its older connection seems to stand takes its place, and its processes are new.
#[tokio::test]
async fn a_peer_that_comes_again_is_down_and_up() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let peer = || NodeEvent::Up(name("again@127.0.0.1"));
    let first = peer::dial_as(&mapper, "again", RUST).await;
    assert_eq!(events.recv().await, Ok(peer()));
    let mut mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("again@127.0.0.1"));
    mailbox.monitor(&somebody).await.unwrap();

    let second = peer::dial_as(&mapper, "again", RUST).await;
    let down = NodeEvent::Down(name("again@127.0.0.1"));
    assert_eq!(events.recv().await, Ok(down));
    assert_eq!(events.recv().await, Ok(peer()));
    let Received::Down { reason, .. } = receive(&mut mailbox).await else {
        panic!("not told");
    };
    assert!(reason.is_atom("noconnection"));
    assert_eq!(node.connected(), [name("again@127.0.0.1")]);
    drop((first, second));
}

/// Who sends to a peer that does not read waits; the connection is given up, and nothing piles up until then.
#[tokio::test]
async fn a_peer_that_stops_reading_is_given_up() {
    let mapper = Mapper::start();
    let node = Node::start(
        name(RUST),
        Config {
            tick_time: Duration::from_millis(400),
            ..config(&mapper)
        },
    )
    .await
    .unwrap();
    let mut events = node.events();
    let mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("stuck@127.0.0.1"));
    let sending = async {
        let large = Term::binary(vec![7; 1 << 20]);
        while mailbox.send(&somebody, large.clone()).await.is_err() {}
        let mut sent = 1;
        while mailbox.send(&somebody, large.clone()).await.is_ok() {
            sent += 1;
            assert!(sent < 1000, "nothing holds up who sends");
        }
    };
    // It gives signs of life, as slowly as peers do, and reads nothing.
    let stuck = async {
        let mut stream = peer::accept_as(&mapper, "stuck", Flags::MANDATORY_26).await;
        while stream.write_all(&[0; 4]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = sending => {}
        () = stuck => {}
    }
    let peer = || name("stuck@127.0.0.1");
    assert_eq!(events.recv().await, Ok(NodeEvent::Up(peer())));
    assert_eq!(events.recv().await, Ok(NodeEvent::Down(peer())));
}

#[tokio::test]
async fn a_peer_that_dies_within_a_frame_is_down() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let mut peer = peer::dial_as(&mapper, "dying", RUST).await;
    peer.write_all(b"\0\0\x10\0p\x83\x68").await.unwrap();
    drop(peer);
    let dying = || name("dying@127.0.0.1");
    assert_eq!(events.recv().await, Ok(NodeEvent::Up(dying())));
    assert_eq!(events.recv().await, Ok(NodeEvent::Down(dying())));
}

/// Who says the name of a peer and proves nothing keeps nobody from the peer.
#[tokio::test]
async fn a_stranger_by_the_name_of_a_peer_does_not_stand_in_its_way() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut stranger = mapper.connect("rust").await;
    let flags = Flags::MANDATORY_26.bits().to_be_bytes();
    let message = [b"\0\x1bN", &flags[..], b"\0\0\0\x07\0\x0cvm@127.0.0.1"].concat();
    stranger.write_all(&message).await.unwrap();
    let mut welcome = [0; 5];
    stranger.read_exact(&mut welcome).await.unwrap();
    assert_eq!(&welcome, b"\0\x03sok");
    let peer = name(VM);
    let (connected, ()) = tokio::join!(biased; node.ping(&peer), async { drop(stranger) });
    connected.unwrap();
}
