//! The proof of knowing the cookie.

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

use crate::Cookie;

/// The MD5 of the cookie followed by the other side's challenge in decimal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digest([u8; Self::LENGTH]);

impl Digest {
    pub(super) const LENGTH: usize = 16;

    pub(super) fn new(cookie: &Cookie, challenge: u32) -> Self {
        let hash = Md5::new()
            .chain_update(cookie.as_latin1())
            .chain_update(challenge.to_string());
        Self(hash.finalize().into())
    }

    pub(super) fn from_wire(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// Whether they are equal, in a time that does not tell how much of them is.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_vm() {
        // erlang:md5(["secret" | integer_to_list(4294967295)]).
        let digest = Digest::new(&"secret".parse().unwrap(), u32::MAX);
        assert_eq!(
            digest.as_bytes(),
            &[
                93, 253, 24, 30, 105, 170, 88, 124, 200, 18, 235, 51, 62, 101, 54, 182
            ]
        );
    }

    #[test]
    fn another_cookie_or_challenge_disagrees() {
        let digest = |cookie: &str, challenge| Digest::new(&cookie.parse().unwrap(), challenge);
        assert!(digest("a", 1).agrees(&digest("a", 1)));
        assert!(!digest("a", 1).agrees(&digest("b", 1)));
        assert!(!digest("a", 1).agrees(&digest("a", 2)));
    }
}
