use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;

use beamport_dist::handshake::{HandshakeError, Misbehavior, Refusal, Step};
use beamport_dist::node::ConnectError;
use beamport_dist::tls::{Distrust, TlsError};
use beamport_dist::{Flags, FullName, name};
use beamport_epmd::agent;
use beamport_epmd::client::{ClientError, Step as MapperStep};
use beamport_epmd::wire::ReplyError;

use super::{Circumstances, Explanation, Fault, Stage};
use crate::client::cookie::Source;
use crate::client::hints::Hints;

fn mapper() -> SocketAddr {
    ([10, 0, 0, 2], 4369).into()
}

fn node() -> FullName {
    "shop@10.0.0.2".parse().unwrap()
}

fn unreachable(kind: io::ErrorKind) -> ConnectError {
    ConnectError::Unreachable {
        node: node(),
        address: ([10, 0, 0, 2], 32771).into(),
        source: kind.into(),
    }
}

fn explain(error: &ConnectError, hints: Hints) -> Explanation {
    let own_name = "beamport-7@here".parse().unwrap();
    let circumstances = Circumstances {
        node: &node(),
        own_name: &own_name,
        cookie: &Source::File("/root/.erlang.cookie".into()),
        hints,
    };
    Explanation::of(error, &circumstances)
}

/// Every error, with its stage, its word, whose fault it is, and what is said to have happened.
fn table() -> Vec<(ConnectError, Stage, &'static str, Fault, &'static str)> {
    use Fault::{Caller, Either, Here, Host, Network, Node};
    let host = || "h.local".to_owned();
    let closed = |step| HandshakeError::Closed { step };
    let silent = |step| HandshakeError::TimedOut { step };
    let misbehaved = |step, what| HandshakeError::Misbehaved { step, what };
    let way = [
        (
            ConnectError::Name {
                name: "shop".into(),
                source: name::NameError::NoHost,
            },
            Stage::Name,
            "bad_name",
            Caller,
            "\"shop\" names no node: a node's full name is Name@Host, and there is no @",
        ),
        (
            ConnectError::Itself,
            Stage::Name,
            "own_name",
            Caller,
            "shop@10.0.0.2 is the name that this command was to go by",
        ),
        (
            ConnectError::UnknownHost { host: host() },
            Stage::Host,
            "unknown_host",
            Here,
            "there is no host \"h.local\": neither /etc/hosts nor the name servers know it",
        ),
        (
            ConnectError::HostTimeout { host: host() },
            Stage::Host,
            "dns_timeout",
            Here,
            "no name server answered for \"h.local\" in time",
        ),
        (
            ConnectError::Mapper(ClientError::Refused { mapper: mapper() }),
            Stage::Mapper,
            "no_mapper",
            Host,
            "nothing listens on 10.0.0.2:4369 (connection refused): no port mapper runs there",
        ),
        (
            ConnectError::Mapper(ClientError::Timeout {
                mapper: mapper(),
                step: MapperStep::Connect,
            }),
            Stage::Mapper,
            "mapper_unreachable",
            Network,
            "10.0.0.2:4369 does not answer at all: packets to it are lost",
        ),
        (
            ConnectError::Mapper(ClientError::Timeout {
                mapper: mapper(),
                step: MapperStep::Answer,
            }),
            Stage::Mapper,
            "mapper_silent",
            Host,
            "10.0.0.2:4369 takes connections and does not answer in time",
        ),
        (
            ConnectError::Mapper(ClientError::Unreachable {
                mapper: mapper(),
                source: io::ErrorKind::HostUnreachable.into(),
            }),
            Stage::Mapper,
            "mapper_unroutable",
            Network,
            "10.0.0.2:4369 cannot be reached: host unreachable",
        ),
        (
            ConnectError::Mapper(ClientError::Closed { mapper: mapper() }),
            Stage::Mapper,
            "mapper_closed",
            Host,
            "10.0.0.2:4369 closed the connection without an answer",
        ),
        (
            ConnectError::Mapper(ClientError::Garbage {
                mapper: mapper(),
                source: ReplyError::Short,
            }),
            Stage::Mapper,
            "no_port_mapper",
            Host,
            "what listens on 10.0.0.2:4369 is no port mapper: ",
        ),
        (
            ConnectError::NotRegistered {
                node: node(),
                mapper: mapper(),
            },
            Stage::Mapper,
            "not_registered",
            Node,
            "the port mapper 10.0.0.2:4369 does not know shop",
        ),
        (
            unreachable(io::ErrorKind::ConnectionRefused),
            Stage::Tcp,
            "port_refused",
            Host,
            "shop@10.0.0.2 is registered at 10.0.0.2:32771, and nothing listens there (connection refused)",
        ),
        (
            unreachable(io::ErrorKind::TimedOut),
            Stage::Tcp,
            "port_unreachable",
            Network,
            "shop@10.0.0.2 is registered at 10.0.0.2:32771, which does not answer at all: packets to it are lost",
        ),
        (
            unreachable(io::ErrorKind::NetworkUnreachable),
            Stage::Tcp,
            "port_unroutable",
            Network,
            "shop@10.0.0.2 is registered at 10.0.0.2:32771, which cannot be reached: network unreachable",
        ),
        (
            ConnectError::Lost,
            Stage::Answer,
            "lost",
            Node,
            "the connection to shop@10.0.0.2 was lost",
        ),
    ];
    let hands = [
        (
            misbehaved(Step::Status, Misbehavior::Http),
            Stage::Handshake,
            "no_node",
            Host,
            "what listens where shop@10.0.0.2 is registered is no Erlang node: for a status, it speaks HTTP",
        ),
        (
            misbehaved(Step::Status, Misbehavior::Tls),
            Stage::Handshake,
            "tls_expected",
            Caller,
            "what listens where shop@10.0.0.2 is registered speaks TLS, and this command does not",
        ),
        (
            misbehaved(Step::Ack, Misbehavior::Malformed),
            Stage::Handshake,
            "misbehaved",
            Node,
            "shop@10.0.0.2 does not keep to the protocol: for the final digest, another message came",
        ),
        (
            closed(Step::Status),
            Stage::Handshake,
            "closed",
            Host,
            "what listens where shop@10.0.0.2 is registered closed the connection without a word: it is no Erlang \
             node, expects TLS, or is a proxy with nothing behind it",
        ),
        (
            closed(Step::Challenge),
            Stage::Handshake,
            "given_up",
            Node,
            "shop@10.0.0.2 closed the connection instead of sending a challenge",
        ),
        (
            closed(Step::Ack),
            Stage::Cookie,
            "cookie",
            Either,
            "the cookies differ: shop@10.0.0.2 has another one than that of /root/.erlang.cookie",
        ),
        (
            Refusal::Cookie.into(),
            Stage::Cookie,
            "cookie",
            Either,
            "the cookies differ: shop@10.0.0.2 has another one than that of /root/.erlang.cookie",
        ),
        (
            silent(Step::Status),
            Stage::Handshake,
            "silent",
            Host,
            "what listens where shop@10.0.0.2 is registered takes connections and says nothing: it is no Erlang node, \
             expects TLS, or is stuck",
        ),
        (
            silent(Step::Challenge),
            Stage::Handshake,
            "stuck",
            Node,
            "shop@10.0.0.2 began the handshake and did not send a challenge in time",
        ),
        (
            HandshakeError::Broken {
                step: Step::Ack,
                kind: io::ErrorKind::HostUnreachable,
            },
            Stage::Handshake,
            "broken",
            Network,
            "the connection to shop@10.0.0.2 broke before the final digest came: host unreachable",
        ),
        (
            HandshakeError::Incompatible {
                step: Step::Challenge,
                missing: Flags::BIG_CREATION,
            },
            Stage::Handshake,
            "incompatible",
            Node,
            "shop@10.0.0.2 lacks what every node needs since OTP 23: BIG_CREATION",
        ),
        (
            Refusal::NotAllowed.into(),
            Stage::Handshake,
            "not_allowed",
            Node,
            "shop@10.0.0.2 does not allow beamport-7@here to connect",
        ),
        (
            Refusal::Simultaneous.into(),
            Stage::Handshake,
            "simultaneous",
            Caller,
            "shop@10.0.0.2 is connecting with a node named beamport-7@here already",
        ),
        (
            Refusal::Alive.into(),
            Stage::Handshake,
            "alive",
            Caller,
            "shop@10.0.0.2 is connected with another node named beamport-7@here, which was left alone",
        ),
        (
            Refusal::OtherNode {
                found: "shop@web".parse().unwrap(),
            }
            .into(),
            Stage::Handshake,
            "other_name",
            Caller,
            "the node that answers for shop@10.0.0.2 is named shop@web",
        ),
    ];
    let tls = [
        (
            TlsError::NotTls,
            "tls_not_expected",
            Caller,
            "shop@10.0.0.2 speaks no TLS, and this command does",
        ),
        (
            TlsError::TimedOut,
            "tls_silent",
            Caller,
            "shop@10.0.0.2 does not answer with TLS in time: as a rule it expects none",
        ),
        (
            TlsError::OtherHost {
                host: "10.0.0.2".into(),
                names: vec!["DNS:web".into()],
            },
            "tls_other_host",
            Node,
            "shop@10.0.0.2 shows a certificate that is not its own: the peer's certificate is not for the host \
             \"10.0.0.2\" but for DNS:web",
        ),
        (
            TlsError::Untrusted(Distrust::Expired),
            "tls_expired",
            Node,
            "the certificate of shop@10.0.0.2 has expired",
        ),
        (
            TlsError::Untrusted(Distrust::UnknownAuthority),
            "tls_untrusted",
            Either,
            "the certificate of shop@10.0.0.2 is not trusted: it comes from no authority that this node believes",
        ),
        (
            TlsError::NoCertificate,
            "tls_no_certificate",
            Node,
            "shop@10.0.0.2 shows no certificate",
        ),
        (
            TlsError::Incompatible("x".into()),
            "tls_incompatible",
            Node,
            "shop@10.0.0.2 speaks TLS in no version and with no cipher that this command has (x)",
        ),
        (
            TlsError::Host,
            "tls_host",
            Node,
            "there can be no certificate for \"10.0.0.2\", the host of shop@10.0.0.2",
        ),
        (
            TlsError::Failed("x".into()),
            "tls_failed",
            Node,
            "shop@10.0.0.2: TLS failed: x",
        ),
    ];
    let hands = hands
        .into_iter()
        .map(|(error, stage, code, fault, what)| (error.into(), stage, code, fault, what));
    let tls = tls
        .into_iter()
        .map(|(error, code, fault, what)| (error.into(), Stage::Tls, code, fault, what));
    way.into_iter().chain(hands).chain(tls).collect()
}

#[test]
fn every_error_is_a_sentence_that_says_whose_fault_it_is_and_what_to_do() {
    for (error, stage, code, fault, what) in table() {
        let explanation = explain(&error, Hints::default());
        assert_eq!(
            (explanation.stage, explanation.code, explanation.fault),
            (stage, code, fault),
            "{error}"
        );
        assert!(explanation.what.starts_with(what), "{}", explanation.what);
        assert!(explanation.remedy.len() > 8, "{explanation}");
        let text = explanation.to_string();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            !text.contains("  ") || text.matches("\n  ").count() == 2,
            "{text}"
        );
    }
}

/// Programs tell errors apart by the word; only the two sides that find out about cookies share one.
#[test]
fn every_error_has_a_word_of_its_own() {
    let table = table();
    let words: BTreeSet<_> = table.iter().map(|(_, _, code, ..)| *code).collect();
    assert_eq!(words.len(), table.len() - 1);
}

#[test]
fn a_port_mapper_that_says_more_is_quoted() {
    let error = || ConnectError::NotRegistered {
        node: node(),
        mapper: mapper(),
    };
    let names = Some(vec!["shop1".to_owned(), "web".to_owned()]);
    let explanation = explain(
        &error(),
        Hints {
            names: names.clone(),
            reason: None,
        },
    );
    assert_eq!(
        explanation.what,
        "the port mapper 10.0.0.2:4369 does not know shop; similar: shop1"
    );
    assert!(
        explanation
            .remedy
            .ends_with("; registered there: shop1, web")
    );

    let reason = |text: &str, is_known| agent::Reason {
        text: text.to_owned(),
        is_known,
    };
    let explanation = explain(
        &error(),
        Hints {
            names,
            reason: Some(reason("container shop (abc) is stopped: start it", true)),
        },
    );
    assert_eq!(
        (explanation.code, explanation.fault),
        ("not_published", Fault::Host)
    );
    assert_eq!(
        explanation.what,
        "the agent 10.0.0.2:4369 does not give a port for shop: container shop (abc) is stopped: start it"
    );

    let unknown = Hints {
        names: None,
        reason: Some(reason("nothing of this host goes by it", false)),
    };
    assert_eq!(explain(&error(), unknown).code, "not_registered");
}
