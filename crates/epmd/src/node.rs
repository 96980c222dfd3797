//! What a port mapper holds of a node: its name, its port and the facts it registered with them.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::Arc;

/// The part of a node's name before the `@`, as it is registered.
///
/// Shape: UTF-8, 1 to 255 code points (so at most 1020 bytes), no white space and no control characters.
/// Stock epmd takes spaces and line feeds too, and then prints them into its NAMES listing, where they read
/// as further nodes; no BEAM node can have such a name, so refusing them loses nothing.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// The longest name, in code points: `MAXSYMLEN` of OTP's `epmd_int.h`.
    pub const MAX_CHARS: usize = 255;

    /// The longest name, in bytes: four for each code point.
    pub const MAX_BYTES: usize = 4 * Self::MAX_CHARS;

    /// Reads a name from the wire.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, NameError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong);
        }
        std::str::from_utf8(bytes)
            .map_err(|_| NameError::NotUtf8)?
            .parse()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(found) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(NameError::Forbidden(found));
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why a text is no [`NodeName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing before the `@`.
    #[error("a node name cannot be empty")]
    Empty,
    /// White space or a control character: it would forge lines in a NAMES listing.
    #[error("a node name cannot contain {0:?}")]
    Forbidden(char),
    /// The bytes are no UTF-8.
    #[error("a node name is UTF-8")]
    NotUtf8,
    /// More than [`NodeName::MAX_CHARS`] code points.
    #[error("a node name has at most {} characters", NodeName::MAX_CHARS)]
    TooLong,
}

/// Whether other nodes see this one in `nodes()`.
///
/// The wire carries a byte; the two values OTP defines are named here and any other is kept as it came, as
/// stock epmd keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeType(pub u8);

impl NodeType {
    /// Hidden: a C node, a node started with `-hidden`, a Beamport node.
    pub const HIDDEN: Self = Self(72);
    /// Visible, as nodes are by default.
    pub const NORMAL: Self = Self(77);
}

/// The incarnation of a node, chosen by the port mapper at registration.
///
/// The node stamps it into its pids, so that pids of an earlier incarnation are not taken for new ones. Values
/// below 4 are left to nodes that registered nowhere; stock epmd never gives them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Creation(u32);

impl Creation {
    /// The smallest creation a port mapper gives out.
    pub const MIN: u32 = 4;

    /// Makes a creation of any number, moving what is below [`Creation::MIN`] above it.
    pub fn new(value: u32) -> Self {
        Self(if value < Self::MIN {
            value + Self::MIN
        } else {
            value
        })
    }

    /// The creation of the next incarnation.
    #[must_use]
    pub fn next(self) -> Self {
        Self::new(self.0.wrapping_add(1))
    }

    /// The number as it goes over the wire to nodes of OTP 23 and later.
    pub fn value(self) -> u32 {
        self.0
    }

    /// The two-bit creation that nodes before OTP 23 understand: 1, 2 or 3.
    pub fn narrow(self) -> u16 {
        (self.0 % 3 + 1) as u16
    }
}

/// Opaque bytes that a node may register beside its name; stock nodes leave it empty.
///
/// Shape: 0 to 1020 bytes. Beamport carries [`Annotations`](crate::Annotations) in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Extra(Option<Arc<[u8]>>);

impl Extra {
    /// The most bytes that fit: `MAXSYMLEN * 4` of OTP's `epmd_int.h`.
    pub const MAX_BYTES: usize = 1020;

    /// Takes the bytes, or none when there are too many.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        // A stock node brings none: then nothing is allocated, for each of many thousands.
        let bytes = (!bytes.is_empty()).then_some(bytes);
        bytes
            .is_none_or(|bytes| bytes.len() <= Self::MAX_BYTES)
            .then(|| Self(bytes.map(Arc::from)))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// A node as it registers (ALIVE2) and as it is answered about (PORT2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The name before the `@`.
    pub name: NodeName,
    /// The TCP port the node accepts distribution connections on.
    pub port: NonZeroU16,
    /// Visible or hidden.
    pub node_type: NodeType,
    /// The transport; 0 is TCP over IPv4 or IPv6, the only one there is.
    pub protocol: u8,
    /// Highest distribution protocol version the node speaks; 6 since OTP 23.
    pub highest: u16,
    /// Lowest distribution protocol version the node speaks; 5 in all of OTP 23 to 27.
    pub lowest: u16,
    /// What the node registered beside the name.
    pub extra: Extra,
}

impl Registration {
    /// A visible node of today's OTP that listens on `port`.
    pub fn new(name: NodeName, port: NonZeroU16) -> Self {
        Self {
            name,
            port,
            node_type: NodeType::NORMAL,
            protocol: 0,
            highest: 6,
            lowest: 5,
            extra: Extra::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_forge_listing_lines_are_refused() {
        for (name, found) in [("a b", ' '), ("a\nname b at port 1", '\n'), ("a\0b", '\0')] {
            assert_eq!(name.parse::<NodeName>(), Err(NameError::Forbidden(found)));
        }
    }

    #[test]
    fn length_is_counted_in_code_points() {
        let longest = "\u{1F608}".repeat(NodeName::MAX_CHARS);
        assert!(NodeName::from_wire(longest.as_bytes()).is_ok());
        let over = format!("{longest}a");
        assert_eq!(
            NodeName::from_wire(over.as_bytes()),
            Err(NameError::TooLong)
        );
        assert_eq!("a".repeat(256).parse::<NodeName>(), Err(NameError::TooLong));
    }

    #[test]
    fn names_are_never_empty_and_always_utf8() {
        assert_eq!(NodeName::from_wire(b""), Err(NameError::Empty));
        assert_eq!(NodeName::from_wire(b"\xff"), Err(NameError::NotUtf8));
    }

    #[test]
    fn creations_keep_clear_of_the_values_of_unregistered_nodes() {
        assert_eq!(Creation::new(0).value(), 4);
        assert_eq!(Creation::new(u32::MAX).next().value(), 4);
        assert_eq!(Creation::new(9).next().value(), 10);
        assert!((1..=3).contains(&Creation::new(u32::MAX).narrow()));
    }

    #[test]
    fn extra_is_bounded() {
        assert!(Extra::new(&[0; Extra::MAX_BYTES]).is_some());
        assert!(Extra::new(&[0; Extra::MAX_BYTES + 1]).is_none());
    }
}
