//! The OTP release of a VM, as far as its flags tell.

use std::fmt;

use crate::Flags;

/// OTP releases.
///
/// Source: when each flag came, by *Distribution Protocol*, section "Distribution Flags", and by the VMs themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Releases {
    /// The first that it can be; none if it can be arbitrarily old.
    pub oldest: Option<u8>,
    /// The last that it can be; none if it can be newer than all that are known here.
    pub newest: Option<u8>,
}

impl Releases {
    /// The releases whose VMs have these flags; none if no VM has, but a node made of something else.
    pub fn of(flags: Flags) -> Option<Self> {
        let releases = |oldest, newest| Some(Self { oldest, newest });
        if !flags.contains(Flags::HANDSHAKE_23) {
            return releases(None, Some(22));
        }
        if !flags.contains(Flags::SPAWN) {
            return None;
        }
        if flags.contains(Flags::NATIVE_RECORDS) {
            releases(Some(29), None)
        } else if flags.contains(Flags::ALTACT_SIG) {
            releases(Some(28), Some(28))
        } else if flags.contains(Flags::V4_NC) {
            releases(Some(24), Some(27))
        } else {
            releases(Some(23), Some(23))
        }
    }
}

impl fmt::Display for Releases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.oldest, self.newest) {
            (Some(oldest), Some(newest)) if oldest == newest => write!(f, "OTP {oldest}"),
            (Some(oldest), Some(newest)) => write!(f, "OTP {oldest} to {newest}"),
            (Some(oldest), None) => write!(f, "OTP {oldest} or later"),
            (None, Some(newest)) => write!(f, "OTP {newest} or earlier"),
            (None, None) => f.write_str("any OTP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_as_vms_send_them_tell_the_release() {
        for (bits, release) in [
            (0x1_01DF_7FBD, "OTP 23"),
            (0xD_07DF_7FBD, "OTP 24 to 27"),
            (0x2D_07DF_7FBD, "OTP 28"),
        ] {
            let releases = Releases::of(Flags::from_bits(bits)).map(|r| r.to_string());
            assert_eq!(releases.as_deref(), Some(release));
        }
    }

    #[test]
    fn a_node_that_starts_no_processes_is_no_vm() {
        assert_eq!(Releases::of(Flags::MANDATORY_26), None);
    }
}
