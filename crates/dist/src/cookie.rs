//! The secret that two nodes share.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A cookie: what both nodes must know to connect, and neither ever sends.
///
/// Shape: an atom of Latin-1 characters, 1 to 255 of them. `{:?}` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(Arc<[u8]>);

impl Cookie {
    /// The longest cookie, in characters.
    pub const MAX_CHARS: usize = 255;

    pub(crate) fn as_latin1(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Cookie {
    type Err = CookieError;

    /// Takes the text as it is: a file's final line feed is the caller's to remove.
    fn from_str(text: &str) -> Result<Self, CookieError> {
        if text.is_empty() {
            return Err(CookieError::Empty);
        }
        let bytes: Vec<u8> = text
            .chars()
            .map(u8::try_from)
            .collect::<Result<_, _>>()
            .map_err(|_| CookieError::NotLatin1)?;
        if bytes.len() > Self::MAX_CHARS {
            return Err(CookieError::TooLong);
        }
        Ok(Self(bytes.into()))
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(..)")
    }
}

/// Why a text is no [`Cookie`]. The text is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    /// There is none.
    #[error("the cookie is empty")]
    Empty,
    /// A character above U+00FF, which the handshake of the VM cannot digest.
    #[error("the cookie has a character that Latin-1 has not")]
    NotLatin1,
    /// More than [`Cookie::MAX_CHARS`] characters.
    #[error("the cookie is longer than {} characters", Cookie::MAX_CHARS)]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_a_short_latin1_text_that_is_never_shown() {
        let cookie: Cookie = "s\u{E9}cret".parse().unwrap();
        assert_eq!(cookie.as_latin1(), b"s\xE9cret");
        assert_eq!(format!("{cookie:?}"), "Cookie(..)");
        assert_eq!("".parse::<Cookie>(), Err(CookieError::Empty));
        assert_eq!("\u{151}".parse::<Cookie>(), Err(CookieError::NotLatin1));
        assert_eq!("x".repeat(256).parse::<Cookie>(), Err(CookieError::TooLong));
    }
}
