//! The full names of nodes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use beamport_term::Atom;

/// The full name of a node, `Name@Host`.
///
/// Shape: as OTP's `dist_util:is_node_name/1` has it, exactly one `@` with something on either side; printable
/// Latin-1, which is what the handshake can carry; at most 255 characters, as a node's name is an atom. That is
/// wider than what a VM can be started with, and leaves out what could forge lines in a log.
///
/// Names are ordered as atoms are, which decides between two nodes that connect to each other at the same time.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FullName(Arc<str>);

impl FullName {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 255;

    /// All of it, `Name@Host`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is registered with port mappers: the part before the `@`.
    pub fn name(&self) -> &str {
        self.parts().0
    }

    /// Where the node is: the part after the `@`, a host name or an address.
    pub fn host(&self) -> &str {
        self.parts().1
    }

    /// The atom that stands for the node in pids and elsewhere.
    pub fn to_atom(&self) -> Atom {
        Atom::from_input(self.0.as_bytes()).expect("a full name is not too long for an atom")
    }

    pub(crate) fn from_latin1(bytes: &[u8]) -> Result<Self, NameError> {
        latin1(bytes).parse()
    }

    fn parts(&self) -> (&str, &str) {
        // There is an `@`, or this would not exist.
        self.0.split_once('@').unwrap_or_default()
    }
}

impl FromStr for FullName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (name, host) = text.split_once('@').ok_or(NameError::NoHost)?;
        check(name)?;
        check(host)?;
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        Ok(Self(text.into()))
    }
}

/// The host part of a full name: what a node says of itself that wants to be given a name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Host(Arc<str>);

impl Host {
    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_latin1(bytes: &[u8]) -> Result<Self, NameError> {
        latin1(bytes).parse()
    }
}

impl FromStr for Host {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text)?;
        if text.chars().count() > FullName::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        Ok(Self(text.into()))
    }
}

fn check(part: &str) -> Result<(), NameError> {
    if part.is_empty() {
        return Err(NameError::Empty);
    }
    match part.chars().find(|&c| !is_allowed(c)) {
        Some(found) => Err(NameError::Forbidden(found)),
        None => Ok(()),
    }
}

fn is_allowed(c: char) -> bool {
    u32::from(c) <= 0xFF && !c.is_whitespace() && !c.is_control() && c != '@'
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The characters of a name as the handshake carries them. All are Latin-1, or the name would not exist.
pub(crate) fn to_latin1(name: &str) -> Vec<u8> {
    name.chars().filter_map(|c| c.try_into().ok()).collect()
}

impl fmt::Display for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no [`FullName`] or [`Host`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing before or after the `@`.
    #[error("a node's full name is Name@Host, with neither part empty")]
    Empty,
    /// A second `@`, white space, a control character, or what Latin-1 has not.
    #[error("a node's full name cannot contain {0:?} there")]
    Forbidden(char),
    /// There is no `@`.
    #[error("a node's full name is Name@Host, and there is no @")]
    NoHost,
    /// More than [`FullName::MAX_CHARS`] characters.
    #[error("a node's full name has at most {} characters", FullName::MAX_CHARS)]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FullName, NameError> {
        text.parse()
    }

    #[test]
    fn a_full_name_is_two_parts() {
        let name = parse("app-1@10.0.0.1").unwrap();
        assert_eq!((name.name(), name.host()), ("app-1", "10.0.0.1"));
        assert_eq!(parse("app"), Err(NameError::NoHost));
        assert_eq!(parse("@host"), Err(NameError::Empty));
        assert_eq!(parse("app@"), Err(NameError::Empty));
        assert_eq!(parse("a@b@c"), Err(NameError::Forbidden('@')));
    }

    #[test]
    fn what_would_forge_log_lines_or_cannot_be_carried_is_no_name() {
        for (text, found) in [
            ("a\n@b", '\n'),
            ("a@b c", ' '),
            ("\u{1F608}@b", '\u{1F608}'),
        ] {
            assert_eq!(parse(text), Err(NameError::Forbidden(found)));
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        let longest = format!("{}@h", "\u{E9}".repeat(253));
        assert!(parse(&longest).is_ok());
        assert_eq!(parse(&format!("a{longest}")), Err(NameError::TooLong));
    }

    #[test]
    fn latin1_goes_over_the_wire_and_back() {
        let name = parse("caf\u{E9}@host").unwrap();
        let bytes = to_latin1(name.as_str());
        assert_eq!(bytes, b"caf\xE9@host");
        assert_eq!(FullName::from_latin1(&bytes), Ok(name));
    }
}
