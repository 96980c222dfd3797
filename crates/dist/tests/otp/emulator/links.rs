//! Links: to what lives, to what is dead, and undone. `link_to_dead`, `link_to_dead_new_node`.

use std::net::{Ipv4Addr, SocketAddr};

use beamport_dist::Flags;
use beamport_dist::control::Control;
use beamport_dist::node::{Address, Config, Node, Received};
use beamport_term::{Pid, Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, config, listener, name, pid_of, receive};
use crate::raw::{EVERYTHING, Raw};
use crate::vm::Vm;

/// Traps exits, and tells `{From, told}` what it was told.
const TRAPPER: &str = "register(trapper, spawn(fun() -> process_flag(trap_exit, true), \
    (fun F(Told) -> receive \
        {From, told} -> From ! Told, F(Told); \
        {link, To} -> catch link(To), F(Told); \
        {unlink, To} -> unlink(To), F(Told); \
        Other -> F([Other | Told]) \
    end end)([]) end))";

async fn told(raw: &mut Raw) -> Term {
    let us = raw.pid();
    raw.send_to_name(atom!("trapper"), Term::from((us, atom!("told"))))
        .await;
    raw.receive_payload().await.1
}

/// To a process that has exited, and to one of an earlier life of the VM.
#[tokio::test]
async fn a_link_to_who_is_dead_exits_at_once() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let dead = "(fun() -> {P, M} = spawn_monitor(fun() -> ok end), \
                receive {'DOWN', M, _, _, _} -> P end end)()";
    let Address::Pid(dead) = pid_of(&mut vm, &mut mailbox, RUST, dead).await else {
        panic!()
    };
    let Address::Pid(init) = pid_of(&mut vm, &mut mailbox, RUST, "whereis(init)").await else {
        panic!()
    };
    let earlier = Pid {
        creation: init.creation - 1,
        ..init
    };
    for gone in [dead, earlier] {
        mailbox.link(&gone).await.unwrap();
        let exit = Received::Exit {
            from: gone,
            reason: atom!("noproc").into(),
        };
        assert_eq!(receive(&mut mailbox).await, exit);
    }
}

/// The other way round: the first process of a node that was started again is not the one it was.
#[tokio::test]
async fn a_vm_links_to_who_is_dead() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let first = listener(&mapper, RUST).await;
    let mailbox = first.mailbox();
    let keep = "register(keeper, spawn(fun F() -> receive P when is_pid(P) -> put(pid, P), F(); \
                {From, ask} -> From ! get(pid), F() end end))";
    vm.eval(keep).await;
    let keeper = Address::name(atom!("keeper"), &name(VM));
    mailbox
        .send(&keeper, mailbox.pid().clone().into())
        .await
        .unwrap();
    first.ping(&name(VM)).await.unwrap();
    let old = mailbox.pid().clone();
    let link = "begin process_flag(trap_exit, true), keeper ! {self(), ask}, \
                receive P when is_pid(P) -> catch link(P), P ! lost, exit(P, lost), \
                receive {'EXIT', P, R} -> R end end end";
    drop(mailbox);
    assert_eq!(vm.eval(link).await, "noproc");
    drop(first);
    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(&mapper)
    };
    // Its name is free again once the port mapper has seen the end of the first.
    let second = loop {
        match Node::start(name(RUST), config.clone()).await {
            Ok(node) => break node,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let mut mailbox = second.mailbox();
    assert_eq!(
        (mailbox.pid().id, mailbox.pid().serial),
        (old.id, old.serial)
    );
    assert_ne!(mailbox.pid().creation, old.creation);
    assert_eq!(vm.eval(link).await, "noproc");
    // Nothing that was meant for the old one has come to the new one.
    mailbox.register(atom!("new")).unwrap();
    vm.eval(&format!("{{new, '{RUST}'}} ! hello")).await;
    let hello = Received::Message(atom!("hello").into());
    assert_eq!(receive(&mut mailbox).await, hello);
}

/// `LINK`, and the end of each side, told in every way that there is.
#[tokio::test]
async fn links_end_with_either_side() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(TRAPPER).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let to = raw.whereis(atom!("trapper")).await;
    let token = Term::from((0, 17, 1, raw.pid(), 0));
    let mut expected = Vec::new();
    for (token, as_payload) in [
        (None, false),
        (None, true),
        (Some(token.clone()), false),
        (Some(token), true),
    ] {
        let from = raw.pid();
        let link = Control::Link {
            from: from.clone(),
            to: to.clone(),
        };
        raw.send(link, None).await;
        let reason = Term::from((atom!("why"), as_payload));
        let exit = Control::Exit {
            from: from.clone(),
            to: to.clone(),
            token,
            reason: (!as_payload).then(|| reason.clone()),
        };
        raw.send(exit, as_payload.then(|| reason.clone())).await;
        expected.insert(0, Term::from((atom!("EXIT"), from, reason)));
    }
    // Who is not linked is told nothing.
    let stranger = Control::Exit {
        from: raw.pid(),
        to: to.clone(),
        token: None,
        reason: Some(atom!("no").into()),
    };
    raw.send(stranger, None).await;
    assert_eq!(told(&mut raw).await, Term::list(expected));

    let us = raw.pid();
    let link = Control::Link {
        from: us.clone(),
        to: to.clone(),
    };
    raw.send(link, None).await;
    vm.eval("exit(whereis(trapper), kill)").await;
    let (exit, payload) = raw.receive().await;
    let Control::Exit {
        from,
        to: told,
        reason,
        ..
    } = exit
    else {
        panic!("{exit:?}");
    };
    assert_eq!((from, told), (to, us));
    // With the flag EXIT_PAYLOAD.
    assert_eq!(reason, None);
    assert_eq!(payload, Some(atom!("killed").into()));
}

/// Unlinking, by each of the two protocols for it.
#[tokio::test]
async fn links_are_undone_from_either_side() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(TRAPPER).await;
    let release = vm.release().await;
    for offered in [EVERYTHING, EVERYTHING.without(Flags::UNLINK_ID)] {
        if release >= 26 && !offered.contains(Flags::UNLINK_ID) {
            // It is mandatory there.
            continue;
        }
        let mut raw = Raw::dial(&mapper, VM, offered).await;
        let to = raw.whereis(atom!("trapper")).await;
        let acknowledged = raw.flags.contains(Flags::UNLINK_ID);
        // Ours is undone: what comes afterwards is a stranger's.
        let from = raw.pid();
        let link = || Control::Link {
            from: from.clone(),
            to: to.clone(),
        };
        raw.send(link(), None).await;
        let unlink = if acknowledged {
            Control::UnlinkId {
                id: 77,
                from: from.clone(),
                to: to.clone(),
            }
        } else {
            Control::Unlink {
                from: from.clone(),
                to: to.clone(),
            }
        };
        raw.send(unlink, None).await;
        if acknowledged {
            let ack = Control::UnlinkIdAck {
                id: 77,
                from: to.clone(),
                to: from.clone(),
            };
            assert_eq!(raw.receive().await, (ack, None));
        }
        let exit = Control::Exit {
            from: from.clone(),
            to: to.clone(),
            token: None,
            reason: Some(atom!("unlinked").into()),
        };
        raw.send(exit, None).await;
        assert_eq!(told(&mut raw).await, Term::NIL);

        // Theirs is made and undone.
        let us = raw.pid();
        let ask = |what| Term::from((what, us.clone()));
        raw.send_to_name(atom!("trapper"), ask(atom!("link"))).await;
        let linked = Control::Link {
            from: to.clone(),
            to: us.clone(),
        };
        assert_eq!(raw.receive().await, (linked, None));
        raw.send_to_name(atom!("trapper"), ask(atom!("unlink")))
            .await;
        match raw.receive().await {
            (
                Control::UnlinkId {
                    id,
                    from,
                    to: undone,
                },
                None,
            ) if acknowledged => {
                assert_eq!((&from, &undone), (&to, &us));
                let ack = Control::UnlinkIdAck {
                    id,
                    from: us.clone(),
                    to: from,
                };
                raw.send(ack, None).await;
            }
            (Control::Unlink { to: undone, .. }, None) if !acknowledged => assert_eq!(undone, us),
            other => panic!("{other:?}"),
        }
        assert_eq!(told(&mut raw).await, Term::NIL);
    }
}
