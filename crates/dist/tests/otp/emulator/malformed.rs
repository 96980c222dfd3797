//! What a node makes of signals that are none: `bad_dist_structure`, `bad_dist_fragments`, `bad_dist_ext_receive`.
//!
//! The connection ends, and nothing else: the node goes on, and so do its mailboxes.

use beamport_dist::frame::{Chain, Sender};
use beamport_dist::node::{Node, Received};
use beamport_term::{Term, atom};
use bytes::Buf as _;

use crate::mapper::Mapper;
use crate::node::{RUST, listener, receive};
use crate::raw::{EVERYTHING, Raw};

struct Subject {
    mapper: Mapper,
    node: Node,
}

impl Subject {
    async fn start() -> Self {
        let mapper = Mapper::start();
        let node = listener(&mapper, RUST).await;
        Self { mapper, node }
    }

    async fn dial(&self) -> Raw {
        Raw::dial(&self.mapper, RUST, EVERYTHING).await
    }

    /// Sends bytes over a connection of its own, which ends by them.
    async fn is_dropped_for(&self, frames: &[u8]) {
        let mut raw = self.dial().await;
        raw.write(frames).await;
        assert_eq!(raw.next().await, None, "in answer to {frames:?}");
    }

    /// Whether all is well afterwards.
    async fn goes_on(&self) {
        let mut mailbox = self.node.mailbox();
        mailbox.register(atom!("alive")).unwrap();
        let mut raw = self.dial().await;
        raw.send_to_name(atom!("alive"), atom!("hello").into())
            .await;
        let hello = Received::Message(atom!("hello").into());
        assert_eq!(receive(&mut mailbox).await, hello);
    }
}

/// Frames of a control term and perhaps a payload, as a peer with all flags sends them.
fn frames(control: &Term, payload: Option<&Term>) -> Vec<u8> {
    let mut bytes = Chain::default();
    let mut sender = Sender::new(EVERYTHING);
    let left = sender.send(1, control, payload, &mut bytes).unwrap();
    assert!(left.is_none());
    bytes.copy_to_bytes(bytes.remaining()).into()
}

/// `bad_dist_structure`: controls with parts that they cannot have, or with too few or too many.
#[tokio::test]
async fn a_peer_that_sends_what_is_no_control_is_dropped() {
    let subject = Subject::start().await;
    let mut raw = subject.dial().await;
    let (pid, reference) = (Term::from(raw.pid()), Term::from(raw.reference()));
    drop(raw);
    let message = Term::from(atom!("message"));
    let none = Term::from(atom!(""));
    let name = Term::from(atom!("name"));
    let bad = Term::from(42);
    let t = |parts: &[&Term]| Term::tuple(parts.iter().copied().cloned());
    let n = |number: u8| Term::from(number);
    let without_payload = [
        // LINK, UNLINK
        t(&[&n(1), &bad, &pid]),
        t(&[&n(1), &pid, &bad]),
        t(&[&n(1), &pid]),
        t(&[&n(1), &pid, &pid, &pid]),
        t(&[&n(4), &pid, &bad]),
        // EXIT, EXIT2
        t(&[&n(3), &bad, &pid, &name]),
        t(&[&n(3), &pid, &pid]),
        t(&[&n(8), &pid, &bad, &name]),
        // GROUP_LEADER
        t(&[&n(7), &pid, &bad]),
        t(&[&n(7), &pid]),
        // MONITOR_P, DEMONITOR_P, MONITOR_P_EXIT
        t(&[&n(19), &bad, &name, &reference]),
        t(&[&n(19), &pid, &bad, &reference]),
        t(&[&n(19), &pid, &name, &bad]),
        t(&[&n(20), &pid, &name, &bad]),
        t(&[&n(21), &name, &bad, &reference, &name]),
        t(&[&n(21), &name, &pid, &bad, &name]),
        // SPAWN_REPLY
        t(&[&n(31), &bad, &pid, &n(0), &pid]),
        t(&[&n(31), &reference, &bad, &n(0), &pid]),
        t(&[&n(31), &reference, &pid, &name, &pid]),
        // UNLINK_ID
        t(&[&n(35), &name, &pid, &pid]),
        t(&[&n(35), &Term::from(-1), &pid, &pid]),
        // Numbers of nothing, and no tuple at all.
        t(&[&n(0), &pid, &pid]),
        t(&[&n(5), &pid, &pid]),
        t(&[&n(99), &pid, &pid]),
        t(&[&name, &pid, &pid]),
        t(&[]),
        bad.clone(),
        // What has to have a payload, without.
        t(&[&n(2), &none, &pid]),
        t(&[&n(6), &pid, &none, &name]),
        t(&[&n(24), &pid, &pid]),
    ];
    let with_payload = [
        t(&[&n(2), &none, &bad]),
        t(&[&n(2), &none]),
        t(&[&n(6), &bad, &none, &name]),
        t(&[&n(6), &pid, &none, &bad]),
        t(&[&n(22), &bad, &pid]),
        t(&[&n(22), &pid, &bad]),
        t(&[&n(24), &pid, &bad]),
        t(&[&n(26), &bad, &pid]),
        t(&[&n(28), &name, &pid, &bad]),
        t(&[
            &n(29),
            &bad,
            &pid,
            &pid,
            &t(&[&name, &name, &n(0)]),
            &Term::NIL,
        ]),
        t(&[&n(29), &reference, &pid, &pid, &name, &Term::NIL]),
        t(&[&n(33), &pid, &bad]),
        t(&[&n(37), &name, &pid, &pid]),
        t(&[&n(37), &n(4), &pid, &pid]),
        // What has no payload, with one.
        t(&[&n(1), &pid, &pid]),
        t(&[&n(19), &pid, &name, &reference]),
    ];
    for control in &without_payload {
        subject.is_dropped_for(&frames(control, None)).await;
    }
    for control in &with_payload {
        subject
            .is_dropped_for(&frames(control, Some(&message)))
            .await;
    }
    subject.goes_on().await;
}

/// `bad_dist_fragments`: fragments of nothing, out of order, begun twice.
#[tokio::test]
async fn a_peer_that_sends_fragments_out_of_order_is_dropped() {
    let subject = Subject::start().await;
    let first = |sequence: u64, number: u64| fragment(69, sequence, number, b"\0h");
    let next = |sequence: u64, number: u64| fragment(70, sequence, number, b"");
    for row in [
        vec![next(1, 1)],
        vec![first(1, 0)],
        vec![first(1, 3), next(1, 1)],
        vec![first(1, 3), next(1, 3)],
        vec![first(1, 3), next(1, 0)],
        vec![first(1, 3), next(2, 2)],
        vec![first(1, 3), first(1, 3)],
        vec![first(1, 3), next(1, 2), next(1, 2)],
        // All there, and no term.
        vec![first(1, 2), next(1, 1)],
    ] {
        subject.is_dropped_for(&row.concat()).await;
    }
    subject.goes_on().await;
}

fn fragment(tag: u8, sequence: u64, number: u64, data: &[u8]) -> Vec<u8> {
    let sequence = sequence.to_be_bytes();
    let body = [&[131, tag], &sequence[..], &number.to_be_bytes(), data].concat();
    framed(&body)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&length[..], body].concat()
}

/// `bad_dist_ext_receive`: a good control, and a payload that is cut short, too long, or none.
#[tokio::test]
async fn a_peer_that_sends_a_payload_that_is_no_term_is_dropped() {
    let subject = Subject::start().await;
    let mut mailbox = subject.node.mailbox();
    mailbox.register(atom!("victim")).unwrap();
    let mut raw = subject.dial().await;
    let pid = Term::from(raw.pid());
    drop(raw);
    let control = Term::from((6, pid, atom!(""), atom!("victim")));
    let good = frames(&control, Some(&Term::binary(vec![7; 100])));
    let body = good.get(4..).unwrap();
    for bad in [
        // Cut short at every point of the payload.
        body.get(..body.len() - 1).unwrap().to_vec(),
        body.get(..body.len() - 100).unwrap().to_vec(),
        body.get(..body.len() - 104).unwrap().to_vec(),
        // More than a term.
        [body, b"a"].concat(),
        // A tag of nothing, and an atom by a number that nothing has.
        [body.get(..body.len() - 105).unwrap(), &[0xFF]].concat(),
        [body.get(..body.len() - 105).unwrap(), &[82, 200]].concat(),
        // A list, a tuple and a map as long as can be told, of nothing.
        [body.get(..body.len() - 105).unwrap(), b"l\xff\xff\xff\xff"].concat(),
        [body.get(..body.len() - 105).unwrap(), b"i\xff\xff\xff\xff"].concat(),
        [body.get(..body.len() - 105).unwrap(), b"t\xff\xff\xff\xff"].concat(),
    ] {
        subject.is_dropped_for(&framed(&bad)).await;
    }
    // Nothing of it has come through.
    let mut raw = subject.dial().await;
    raw.send_to_name(atom!("victim"), atom!("first").into())
        .await;
    let first = Received::Message(atom!("first").into());
    assert_eq!(receive(&mut mailbox).await, first);
}
