//! Who the node is: its name and the host under which peers reach it.

pub(crate) mod container;
pub(crate) mod network;
mod template;

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use template::Side;

/// What is known about where we run, from which names are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The container's id, at least 12 hexadecimal digits; none outside of containers.
    pub(crate) container: Option<String>,
    /// The container's name; only the agent knows it.
    pub(crate) container_name: Option<String>,
    /// The kernel's host name, which Docker sets to the short id unless told otherwise.
    pub(crate) hostname: String,
    /// The host that the agent says others dial.
    pub(crate) agent_host: Option<String>,
    /// Our own address on the network towards the default gateway.
    pub(crate) address: IpAddr,
}

/// A node's full name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Before the `@`.
    pub(crate) name: String,
    /// After the `@`.
    pub(crate) host: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host)
    }
}

/// Why no name can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
    /// Not a placeholder.
    #[error(
        "there is no {{{0}}}; a name is made of {{container}}, {{container_name}}, {{hostname}}, {{host}} \
         and {{address}}"
    )]
    UnknownPlaceholder(String),
    /// A brace that does not close.
    #[error("a {{ in `{0}` has no }}")]
    Unclosed(String),
    /// A placeholder for which nothing is known here.
    #[error("{{{0}}} is not known here: {1}")]
    Unknown(&'static str, &'static str),
    /// The VM would not take this name.
    #[error(
        "`{0}` cannot be a node's name: before the @ only letters, digits, - and _ are allowed, at most 255 \
         characters in all"
    )]
    BadName(String),
    /// The VM, or its peers, would not take this host.
    #[error(
        "`{0}` cannot be a node's host: give a host name or an address that every peer can reach"
    )]
    BadHost(String),
    /// Two hosts.
    #[error("the name `{0}` contains a host and --host gives another; leave one out")]
    TwoHosts(String),
}

impl Identity {
    /// Makes the name from what `--name` and `--host` say and what is known.
    pub(crate) fn resolve(
        name: Option<&str>,
        host: Option<&str>,
        facts: &Facts,
    ) -> Result<Self, IdentityError> {
        let template = match name {
            Some(name) => name,
            None if facts.container.is_some() => "{container}",
            None => "{hostname}",
        };
        let (name, host) = match (template.split_once('@'), host) {
            (Some(_), Some(_)) => return Err(IdentityError::TwoHosts(template.to_owned())),
            (Some((name, host)), None) => (name, Some(host)),
            (None, host) => (template, host),
        };
        let default_host = facts
            .agent_host
            .clone()
            .unwrap_or_else(|| facts.address.to_string());
        let host = match host {
            Some(host) => template::expand(host, Side::Host, facts, &default_host)?,
            None => default_host,
        };
        let identity = Self {
            name: template::expand(name, Side::Name, facts, &host)?,
            host,
        };
        identity.check()?;
        Ok(identity)
    }

    /// Replaces the placeholders of a template for something else than a name.
    pub(crate) fn expand(&self, template: &str, facts: &Facts) -> Result<String, IdentityError> {
        template::expand(template, Side::Host, facts, &self.host)
    }

    /// The rules of OTP's `net_kernel` and of long names.
    fn check(&self) -> Result<(), IdentityError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty()
            || !self.name.chars().all(allowed)
            || self.to_string().chars().count() > 255
        {
            return Err(IdentityError::BadName(self.to_string()));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if self.host.is_empty() || !self.host.chars().all(allowed) {
            return Err(IdentityError::BadHost(self.host.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            container: Some("0123456789abcdef0123".into()),
            container_name: Some("shop.web.1".into()),
            hostname: "shop.example".into(),
            agent_host: Some("10.99.0.1".into()),
            address: "172.17.0.2".parse().unwrap(),
        }
    }

    fn resolve(
        name: Option<&str>,
        host: Option<&str>,
        facts: &Facts,
    ) -> Result<String, IdentityError> {
        Identity::resolve(name, host, facts).map(|identity| identity.to_string())
    }

    #[test]
    fn the_default_is_the_short_id_at_the_agents_host() {
        assert_eq!(
            resolve(None, None, &facts()),
            Ok("0123456789ab@10.99.0.1".into())
        );
    }

    #[test]
    fn without_an_agent_the_host_is_our_own_address() {
        let facts = Facts {
            agent_host: None,
            ..facts()
        };
        assert_eq!(
            resolve(None, None, &facts),
            Ok("0123456789ab@172.17.0.2".into())
        );
    }

    #[test]
    fn outside_of_containers_the_name_is_the_host_names() {
        let facts = Facts {
            container: None,
            ..facts()
        };
        assert_eq!(
            resolve(None, None, &facts),
            Ok("shop_example@10.99.0.1".into())
        );
        assert!(matches!(
            resolve(Some("{container}"), None, &facts),
            Err(IdentityError::Unknown("container", _))
        ));
    }

    #[test]
    fn templates() {
        for (name, host, node) in [
            ("app", None, "app@10.99.0.1"),
            ("app-{container}@{host}", None, "app-0123456789ab@10.99.0.1"),
            ("app@{address}", None, "app@172.17.0.2"),
            ("{container_name}", None, "shop_web_1@10.99.0.1"),
            ("app", Some("a.example"), "app@a.example"),
            ("app", Some("{hostname}"), "app@shop.example"),
            ("app@db.example", None, "app@db.example"),
        ] {
            assert_eq!(resolve(Some(name), host, &facts()), Ok(node.into()));
        }
    }

    #[test]
    fn names_that_no_vm_takes_are_refused() {
        for name in [
            "",
            "a b",
            "a.b",
            "a@b@c",
            "a@",
            "{container",
            "{nonsense}",
            "é",
        ] {
            assert!(resolve(Some(name), None, &facts()).is_err(), "{name}");
        }
        assert!(resolve(Some(&"a".repeat(256)), None, &facts()).is_err());
        assert!(matches!(
            resolve(Some("a@b"), Some("c"), &facts()),
            Err(IdentityError::TwoHosts(_))
        ));
    }
}
