//! Capabilities: what a node can take, and thereby what may be sent to it.

use std::fmt;
use std::ops::{BitAnd, BitOr};

/// A set of distribution flags.
///
/// Each node tells the other its set in the handshake; what both have is in force ([`Flags::and`](BitAnd)). Bits
/// that are not known here are kept as they came. `{:?}` prints the names.
///
/// Source: `DFLAG_*` in `erts/emulator/beam/dist.h`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u64);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Self = Self($bit);)*

            /// All that are known, from the lowest bit up.
            const NAMES: &[(Self, &str)] = &[$((Self::$name, stringify!($name))),*];
        }
    };
}

flags! {
    /// The node is visible: it wants to be in `nodes()` and part of the mesh.
    PUBLISHED = 0x1;
    /// An atom cache of before R13, which no node has any more.
    ATOM_CACHE = 0x2;
    /// References of more than one word.
    EXTENDED_REFERENCES = 0x4;
    /// Monitors of processes.
    DIST_MONITOR = 0x8;
    /// Funs as such, not as tuples.
    FUN_TAGS = 0x10;
    /// Monitors of registered names.
    DIST_MONITOR_NAME = 0x20;
    /// An atom cache of before R13 for hidden nodes, which no node has any more.
    HIDDEN_ATOM_CACHE = 0x40;
    /// `NEW_FUN_EXT`.
    NEW_FUN_TAGS = 0x80;
    /// Pids and ports of more than 18 bits.
    EXTENDED_PIDS_PORTS = 0x100;
    /// `EXPORT_EXT`.
    EXPORT_PTR_TAG = 0x200;
    /// `BIT_BINARY_EXT`.
    BIT_BINARIES = 0x400;
    /// `NEW_FLOAT_EXT`.
    NEW_FLOATS = 0x800;
    /// The I/O protocol in Unicode.
    UNICODE_IO = 0x1000;
    /// Distribution headers, whose atoms are cached.
    DIST_HDR_ATOM_CACHE = 0x2000;
    /// `SMALL_ATOM_EXT`.
    SMALL_ATOM_TAGS = 0x4000;
    /// Atoms in UTF-8.
    UTF8_ATOMS = 0x1_0000;
    /// `MAP_EXT`.
    MAP_TAG = 0x2_0000;
    /// Creations of 32 bits.
    BIG_CREATION = 0x4_0000;
    /// The sender of a message beside its receiver.
    SEND_SENDER = 0x8_0000;
    /// Labels of sequential tracing that are any term.
    BIG_SEQTRACE_LABELS = 0x10_0000;
    /// Exit reasons as payload, not within the control message.
    EXIT_PAYLOAD = 0x40_0000;
    /// Messages in fragments.
    FRAGMENTS = 0x80_0000;
    /// The handshake of OTP 23, version 6.
    HANDSHAKE_23 = 0x100_0000;
    /// Unlinking that is acknowledged.
    UNLINK_ID = 0x200_0000;
    /// All that is mandatory in OTP 25, in one bit.
    MANDATORY_25_DIGEST = 0x400_0000;
    /// `spawn_request`.
    SPAWN = 0x1_0000_0000;
    /// The node wants the other one to give it a name.
    NAME_ME = 0x2_0000_0000;
    /// Node containers of OTP 24: pids of 64 bits, references of five words.
    V4_NC = 0x4_0000_0000;
    /// Aliases of processes.
    ALIAS = 0x8_0000_0000;
    /// Signals with priority, and to aliases, of OTP 28.
    ALTACT_SIG = 0x20_0000_0000;
    /// Native records of OTP 29.
    NATIVE_RECORDS = 0x40_0000_0000;
}

impl Flags {
    /// No flag at all.
    pub const NONE: Self = Self(0);

    /// Every flag, of today and the future.
    pub const ALL: Self = Self(u64::MAX);

    /// What every node must have: what OTP 25 refuses to connect without. Nodes of OTP 23 and 24 have it too.
    pub const MANDATORY_25: Self = Self(
        Self::EXTENDED_REFERENCES.0
            | Self::FUN_TAGS.0
            | Self::NEW_FUN_TAGS.0
            | Self::EXTENDED_PIDS_PORTS.0
            | Self::EXPORT_PTR_TAG.0
            | Self::BIT_BINARIES.0
            | Self::NEW_FLOATS.0
            | Self::UTF8_ATOMS.0
            | Self::MAP_TAG.0
            | Self::BIG_CREATION.0
            | Self::HANDSHAKE_23.0,
    );

    /// What OTP 26 and later refuse to connect without.
    pub const MANDATORY_26: Self = Self(Self::MANDATORY_25.0 | Self::UNLINK_ID.0 | Self::V4_NC.0);

    /// The flags of these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, as the handshake has them.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether all of `other` are in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// With [`MANDATORY_25_DIGEST`](Self::MANDATORY_25_DIGEST) spelled out: a node may send it in place of all
    /// that it stands for.
    #[must_use]
    pub const fn expanded(self) -> Self {
        if self.contains(Self::MANDATORY_25_DIGEST) {
            Self(self.0 | Self::MANDATORY_25.0)
        } else {
            self
        }
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The names, separated by commas; unknown bits as a number.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = *self;
        let mut separator = "";
        for &(flag, name) in Self::NAMES {
            if rest.contains(flag) {
                write!(f, "{separator}{name}")?;
                rest = rest.without(flag);
                separator = ", ";
            }
        }
        if rest == Self::NONE {
            return Ok(());
        }
        write!(f, "{separator}{:#x}", rest.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_those_of_otp() {
        assert_eq!(Flags::MANDATORY_25.bits(), 0x107_0F94);
        assert_eq!(Flags::MANDATORY_26.bits(), 0x4_0307_0F94);
        for sent_by_otp in [0x1_01DF_7FBD, 0xD_07DF_7FBD, 0x2D_07DF_7FBD] {
            assert!(Flags::from_bits(sent_by_otp).contains(Flags::MANDATORY_25));
        }
    }

    #[test]
    fn the_digest_stands_for_what_otp_25_demands() {
        let expanded = Flags::MANDATORY_25_DIGEST.expanded();
        assert!(expanded.contains(Flags::MANDATORY_25));
        assert!(!expanded.contains(Flags::V4_NC));
        assert_eq!(Flags::SPAWN.expanded(), Flags::SPAWN);
    }

    #[test]
    fn flags_print_by_name_and_unknown_bits_as_they_are() {
        let flags = Flags::SPAWN | Flags::V4_NC | Flags::from_bits(1 << 60);
        assert_eq!(flags.to_string(), "SPAWN, V4_NC, 0x1000000000000000");
        assert_eq!(format!("{:?}", Flags::NONE), "Flags()");
    }
}
