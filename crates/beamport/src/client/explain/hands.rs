//! The handshake, from the first byte to the proof of the cookie.

use beamport_dist::handshake::{HandshakeError, Misbehavior, Refusal, Step};

use super::{Circumstances, Explanation, Fault, Stage, tls};

/// What to do about a port where no node answers.
const WRONG_PORT: &str = "see what listens there; a node that has ended may still be registered, and another program may have got its \
     port, or the port is published for something else";

/// What to do about a node that says nothing more.
const LOOK_AT_LOG: &str = "see the node's log, and whether its machine is overloaded";

/// Why the handshake failed.
pub(super) fn explain(error: &HandshakeError, circumstances: &Circumstances<'_>) -> Explanation {
    let node = circumstances.node;
    let (code, what, fault, remedy) = match error {
        HandshakeError::Refused(refusal) => return refused(refusal, circumstances),
        HandshakeError::Tls(error) => return tls::explain(error, circumstances),
        HandshakeError::Closed { step: Step::Ack } => return cookie(circumstances),
        HandshakeError::Incompatible { missing, .. } => (
            "incompatible",
            format!("{node} lacks what every node needs since OTP 23: {missing}"),
            Fault::Node,
            "run it on OTP 23 or later".to_owned(),
        ),
        HandshakeError::Misbehaved {
            what: Misbehavior::Tls,
            ..
        } => (
            "tls_expected",
            format!("what listens where {node} is registered speaks TLS, and this command does not"),
            Fault::Caller,
            "show it a certificate: give --tls-ca, --tls-cert and --tls-key".to_owned(),
        ),
        HandshakeError::Misbehaved {
            step: step @ (Step::Status | Step::Challenge),
            what,
        } => (
            "no_node",
            format!("what listens where {node} is registered is no Erlang node: for {step}, {what}"),
            Fault::Host,
            WRONG_PORT.to_owned(),
        ),
        HandshakeError::Misbehaved { step, what } => (
            "misbehaved",
            format!("{node} does not keep to the protocol: for {step}, {what}"),
            Fault::Node,
            "if it is made by other means than Erlang/OTP, its author should know".to_owned(),
        ),
        HandshakeError::Closed { step: Step::Status } => (
            "closed",
            format!(
                "what listens where {node} is registered closed the connection without a word: it is no Erlang node, \
                 expects TLS, or is a proxy with nothing behind it"
            ),
            Fault::Host,
            "see what listens there; if the node speaks TLS, give --tls-ca; if it is in a container, see whether the \
             node listens on the port that is published"
                .to_owned(),
        ),
        HandshakeError::Closed { step } => (
            "given_up",
            format!("{node} closed the connection instead of sending {step}"),
            Fault::Node,
            "see the node's log; if it was just about to end or to connect here by itself, try again".to_owned(),
        ),
        HandshakeError::TimedOut { step: Step::Status } => (
            "silent",
            format!(
                "what listens where {node} is registered takes connections and says nothing: it is no Erlang node, \
                 expects TLS, or is stuck"
            ),
            Fault::Host,
            format!("{WRONG_PORT}; if the node speaks TLS, give --tls-ca"),
        ),
        HandshakeError::TimedOut { step } => (
            "stuck",
            format!("{node} began the handshake and did not send {step} in time"),
            Fault::Node,
            LOOK_AT_LOG.to_owned(),
        ),
        HandshakeError::Broken { step, kind } => (
            "broken",
            format!("the connection to {node} broke before {step} came: {kind}"),
            Fault::Network,
            "try again; if it comes back, see what is between here and there".to_owned(),
        ),
    };
    Explanation {
        stage: Stage::Handshake,
        code,
        what,
        fault,
        remedy,
    }
}

fn refused(refusal: &Refusal, circumstances: &Circumstances<'_>) -> Explanation {
    let Circumstances { node, own_name, .. } = circumstances;
    let (code, what, fault, remedy) = match refusal {
        Refusal::Cookie => return cookie(circumstances),
        Refusal::NotAllowed => (
            "not_allowed",
            format!("{node} does not allow {own_name} to connect"),
            Fault::Node,
            "go by a name that is in the list of net_kernel:allow/1 there (--as NAME@HOST), or have this one put in; \
             if there is no such list, its OTP release demands flags that this command lacks, and its log names them"
                .to_owned(),
        ),
        Refusal::Simultaneous => (
            "simultaneous",
            format!("{node} is connecting with a node named {own_name} already"),
            Fault::Caller,
            "try again, or go by another name (--as)".to_owned(),
        ),
        Refusal::Alive => (
            "alive",
            format!("{node} is connected with another node named {own_name}, which was left alone"),
            Fault::Caller,
            "go by another name (--as), or by none".to_owned(),
        ),
        Refusal::OtherNode { found } => (
            "other_name",
            format!("the node that answers for {node} is named {found}"),
            Fault::Caller,
            format!(
                "call it {found}. Nodes reach it under that name only: where that cannot be dialled, start it with \
                 `-name {node}`"
            ),
        ),
        Refusal::OwnName => (
            "own_name",
            format!("{node} has the name of this command"),
            Fault::Caller,
            "give another name by --as, or leave it out".to_owned(),
        ),
        Refusal::Unwanted => (
            "unwanted",
            format!("this command refused the connection with {node}"),
            Fault::Caller,
            "try again".to_owned(),
        ),
    };
    Explanation {
        stage: Stage::Handshake,
        code,
        what,
        fault,
        remedy,
    }
}

fn cookie(circumstances: &Circumstances<'_>) -> Explanation {
    let Circumstances { node, cookie, .. } = circumstances;
    Explanation {
        stage: Stage::Cookie,
        code: "cookie",
        what: format!("the cookies differ: {node} has another one than that of {cookie}"),
        fault: Fault::Either,
        remedy: "give the node's cookie by --cookie-file FILE or BEAMPORT_COOKIE. A node takes its own from \
                 -setcookie, else from ~/.erlang.cookie of the user that it runs as"
            .to_owned(),
    }
}
