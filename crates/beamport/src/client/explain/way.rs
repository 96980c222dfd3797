//! The way up to the node's port: host name, port mapper, TCP.

use std::io;
use std::net::SocketAddr;

use beamport_dist::node::ConnectError;
use beamport_epmd::client::{ClientError, Step};

use super::{Circumstances, Explanation, Fault, Stage};

/// Why there was no connection to shake hands over.
pub(super) fn explain(error: &ConnectError, circumstances: &Circumstances<'_>) -> Explanation {
    let says = |stage, code, what: String, fault, remedy: String| Explanation {
        stage,
        code,
        what,
        fault,
        remedy,
    };
    match error {
        ConnectError::Name { name, source } => Explanation::of_name(name, *source),
        ConnectError::Itself => says(
            Stage::Name,
            "own_name",
            format!("{} is the name that this command was to go by", circumstances.node),
            Fault::Caller,
            "give another name by --as, or leave it out".to_owned(),
        ),
        ConnectError::UnknownHost { host } => says(
            Stage::Host,
            "unknown_host",
            format!("there is no host {host:?}: neither /etc/hosts nor the name servers know it"),
            Fault::Here,
            format!(
                "check the spelling; then put {host} into DNS or /etc/hosts, here and wherever nodes are to reach it \
                 (`getent hosts {host}` shows what this machine knows)"
            ),
        ),
        ConnectError::HostTimeout { host } => says(
            Stage::Host,
            "dns_timeout",
            format!("no name server answered for {host:?} in time"),
            Fault::Here,
            "see which servers /etc/resolv.conf names and whether they answer; an address in place of the host name \
             needs none"
                .to_owned(),
        ),
        ConnectError::Host { host, source } => says(
            Stage::Host,
            "dns_failed",
            format!("{host:?} could not be looked up: {source}"),
            Fault::Here,
            "see which servers /etc/resolv.conf names and whether they answer; an address in place of the host name \
             needs none"
                .to_owned(),
        ),
        ConnectError::Mapper(error) => mapper(error),
        ConnectError::NotRegistered { mapper, .. } => not_registered(*mapper, circumstances),
        ConnectError::Unreachable { address, source, .. } => port(*address, source, circumstances),
        ConnectError::Random(error) => says(
            Stage::Handshake,
            "no_random",
            format!("the operating system gives no random numbers: {error}"),
            Fault::Here,
            "nothing works safely until it does".to_owned(),
        ),
        ConnectError::Lost | ConnectError::Tls(_) | ConnectError::Handshake(_) => says(
            Stage::Answer,
            "lost",
            format!("the connection to {} was lost", circumstances.node),
            Fault::Node,
            "see whether the node still runs, and its log".to_owned(),
        ),
    }
}

fn mapper(error: &ClientError) -> Explanation {
    let (code, what, fault, remedy) = match error {
        ClientError::Refused { mapper } => (
            "no_mapper",
            format!("nothing listens on {mapper} (connection refused): no port mapper runs there"),
            Fault::Host,
            "start the node there, which starts epmd, or `beamport agent` on a Docker host; if the port mapper has \
             another port, give --epmd-port"
                .to_owned(),
        ),
        ClientError::Timeout {
            mapper,
            step: Step::Connect,
        } => (
            "mapper_unreachable",
            format!("{mapper} does not answer at all: packets to it are lost"),
            Fault::Network,
            format!(
                "see whether the host is up and the address right, and let TCP port {} through the firewalls",
                mapper.port()
            ),
        ),
        ClientError::Timeout {
            mapper,
            step: Step::Answer,
        } => (
            "mapper_silent",
            format!("{mapper} takes connections and does not answer in time"),
            Fault::Host,
            "see what listens there: a port mapper that is stuck is to be restarted, something else to be moved"
                .to_owned(),
        ),
        ClientError::Unreachable { mapper, source } => (
            "mapper_unroutable",
            format!("{mapper} cannot be reached: {source}"),
            Fault::Network,
            "see whether the host is up, the address right, and a route leads there".to_owned(),
        ),
        ClientError::Closed { mapper } => (
            "mapper_closed",
            format!("{mapper} closed the connection without an answer"),
            Fault::Host,
            "see what listens there: a port mapper that has no file descriptors left does that, and a proxy with \
             nothing behind it"
                .to_owned(),
        ),
        ClientError::Garbage { mapper, source } => (
            "no_port_mapper",
            format!("what listens on {mapper} is no port mapper: {source}"),
            Fault::Host,
            "move what listens there, and start epmd or `beamport agent` in its place; if the port mapper has \
             another port, give --epmd-port"
                .to_owned(),
        ),
        ClientError::NameRefused { mapper, name } => (
            "name_refused",
            format!("{mapper} refuses the name {name}"),
            Fault::Host,
            "see who has that name by `beamport names`".to_owned(),
        ),
    };
    Explanation {
        stage: Stage::Mapper,
        code,
        what,
        fault,
        remedy,
    }
}

fn not_registered(mapper: SocketAddr, circumstances: &Circumstances<'_>) -> Explanation {
    let name = circumstances.node.name();
    let hints = &circumstances.hints;
    if let Some(reason) = &hints.reason {
        return Explanation {
            stage: Stage::Mapper,
            code: if reason.is_known {
                "not_published"
            } else {
                "not_registered"
            },
            what: format!(
                "the agent {mapper} does not give a port for {name}: {}",
                reason.text
            ),
            fault: Fault::Host,
            remedy: format!(
                "put that right on the host, or correct the name; {}",
                hints.listing()
            ),
        };
    }
    Explanation {
        stage: Stage::Mapper,
        code: "not_registered",
        what: format!(
            "the port mapper {mapper} does not know {name}{}",
            hints.similar(name)
        ),
        fault: Fault::Node,
        remedy: format!(
            "start the node, with that name and distribution on, or correct the name; {}",
            hints.listing()
        ),
    }
}

fn port(address: SocketAddr, error: &io::Error, circumstances: &Circumstances<'_>) -> Explanation {
    let node = circumstances.node;
    let port = address.port();
    let (code, what, fault, remedy) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            "port_refused",
            format!("{node} is registered at {address}, and nothing listens there (connection refused)"),
            Fault::Host,
            "see whether the node has just ended; if it is in a container, its port has to be published under the \
             number that is registered, or an agent has to translate it (`beamport agent`)"
                .to_owned(),
        ),
        io::ErrorKind::TimedOut => (
            "port_unreachable",
            format!("{node} is registered at {address}, which does not answer at all: packets to it are lost"),
            Fault::Network,
            format!(
                "let TCP port {port} through the firewalls: besides the port mapper's, the node's own port has to be \
                 open (fix it by inet_dist_listen_min and inet_dist_listen_max)"
            ),
        ),
        _ => (
            "port_unroutable",
            format!("{node} is registered at {address}, which cannot be reached: {error}"),
            Fault::Network,
            "see whether a route leads there".to_owned(),
        ),
    };
    Explanation {
        stage: Stage::Tcp,
        code,
        what,
        fault,
        remedy,
    }
}
