//! Where peers are found, as somebody said it.
//!
//! ```text
//! node1@127.0.0.1,node2@127.0.0.1     these nodes                      (Cloister: a list)
//! dns://app.local                     the addresses of a service       (Cloister: a service)
//! srv://_epmd._tcp.app.consul         the hosts and ports of SRV records (RFC 2782)
//! hosts://10.0.0.1,10.0.0.2:4369      these hosts
//! ```
//!
//! Several are joined by commas or blanks: `node1@10.0.0.1,dns://app.local`. But for the first form, what is found
//! are port mappers, and the nodes are those that they list: [`Place`]s to be asked, by whoever has sockets.

mod error;

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use beamport_dist::FullName;

pub use error::SentryError;

/// Where peers are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentry(Vec<Source>);

/// One of the things a sentry may be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// These nodes, whether they run or not.
    Nodes(Vec<FullName>),
    /// What the port mappers list at all addresses (A and AAAA) of a name.
    Dns(Place),
    /// What the port mappers list that the SRV records of a name lead to.
    Srv(String),
    /// What the port mappers of these hosts list.
    Hosts(Vec<Place>),
}

/// A host, and the port of its port mapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A host name or an address.
    pub host: String,
    /// The port, if it is not the one of all port mappers.
    pub port: Option<NonZeroU16>,
}

impl Sentry {
    /// What it is made of: at least one source; at most one, the first, is a list of nodes.
    pub fn sources(&self) -> &[Source] {
        &self.0
    }
}

impl FromStr for Sentry {
    type Err = SentryError;

    fn from_str(text: &str) -> Result<Self, SentryError> {
        let mut nodes = Vec::new();
        let mut sources = Vec::new();
        let words = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|word| !word.is_empty());
        for word in words {
            match word.split_once("://") {
                Some((scheme, rest)) => sources.push(Source::parse(word, scheme, rest)?),
                None if word.contains('@') => {
                    let name = word.parse().map_err(|source| SentryError::Node {
                        name: word.to_owned(),
                        source,
                    })?;
                    nodes.push(name);
                }
                None => match sources.last_mut() {
                    // `hosts://a,b`: the comma was within.
                    Some(Source::Hosts(places)) => places.push(word.parse()?),
                    _ => return Err(SentryError::Bare(word.to_owned())),
                },
            }
        }
        if !nodes.is_empty() {
            sources.insert(0, Source::Nodes(nodes));
        }
        if sources.is_empty() {
            return Err(SentryError::Empty);
        }
        Ok(Self(sources))
    }
}

impl Source {
    fn parse(word: &str, scheme: &str, rest: &str) -> Result<Self, SentryError> {
        match scheme {
            "dns" => Ok(Self::Dns(rest.parse()?)),
            "hosts" => Ok(Self::Hosts(vec![rest.parse()?])),
            "srv" => match rest.parse::<Place>()? {
                Place { host, port: None } => Ok(Self::Srv(host)),
                Place { .. } => Err(SentryError::PortOfSrv(word.to_owned())),
            },
            _ => Err(SentryError::Scheme(word.to_owned())),
        }
    }
}

impl FromStr for Place {
    type Err = SentryError;

    /// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
    fn from_str(text: &str) -> Result<Self, SentryError> {
        let fault = || SentryError::Place(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or_else(fault)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| fault())?;
                match after {
                    "" => (host, None),
                    _ => (host, Some(after.strip_prefix(':').ok_or_else(fault)?)),
                }
            }
            // More than one colon, unbracketed: an IPv6 address without a port.
            None => match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (text, None),
            },
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if host.is_empty() || host.len() > 253 || !host.chars().all(is_host) {
            return Err(fault());
        }
        let port = port.map(str::parse).transpose().map_err(|_| fault())?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Sentry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.0)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(nodes) => list(f, nodes),
            Self::Dns(place) => write!(f, "dns://{place}"),
            Self::Srv(name) => write!(f, "srv://{name}"),
            Self::Hosts(places) => {
                f.write_str("hosts://")?;
                list(f, places)
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
            (true, None) => write!(f, "[{}]", self.host),
            (false, Some(port)) => write!(f, "{}:{port}", self.host),
            (false, None) => f.write_str(&self.host),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let separator = if index > 0 { "," } else { "" };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "node1@127.0.0.1,node2@127.0.0.1",
            "dns://app.local",
            "dns://tasks.app:4370",
            "srv://_epmd._tcp.app.consul",
            "hosts://10.0.0.1,10.0.0.2:4370,[fd00::1],[fd00::2]:4369",
            "a@h,dns://app,hosts://b,c,srv://d",
        ] {
            assert_eq!(text.parse::<Sentry>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nodes_come_first_and_commas_and_blanks_are_the_same() {
        let sentry: Sentry = " dns://app a@h\n, b@h ".parse().unwrap();
        assert_eq!(sentry.to_string(), "a@h,b@h,dns://app");
        assert_eq!(sentry.sources().len(), 2);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_could_be() {
        for (text, told) in [
            ("", "names no source"),
            (" , ", "names no source"),
            ("app.local", "dns://app.local"),
            ("dns://a,b", "dns://b"),
            ("http://app", "dns://, srv:// or hosts://"),
            ("dns://", "no host"),
            ("dns://a b:70000", "hosts"),
            ("hosts://a:0", "no host"),
            ("hosts://[fd00::1", "no host"),
            ("srv://app:4369", "port"),
            ("a@b@c", "a@b@c"),
            ("@host", "@host"),
        ] {
            let error = text.parse::<Sentry>().unwrap_err().to_string();
            assert!(error.contains(told), "{text:?}: {error}");
        }
    }
}
