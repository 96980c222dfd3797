//! Facts that travel in the [`Extra`] field of a registration or of an answer.
//!
//! Stock nodes leave that field empty and ignore what others put there, so it carries what Beamport's own
//! parts tell one another: an entrypoint which cluster it belongs to, an agent under which address it is
//! reached. The text is
//!
//! ```text
//! beamport/1 key=value key=value …
//! ```
//!
//! with keys of `[a-z0-9._-]`, and in values every byte outside printable ASCII, the blank, `%` and `=`
//! written as `%XX`. Unknown keys are kept, so that older and newer releases can be mixed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::node::Extra;

const MAGIC: &str = "beamport/1";

/// Keys and values, in key order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations(BTreeMap<String, String>);

impl Annotations {
    /// No annotations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key`, replacing what it was.
    ///
    /// The key is one of Beamport's own constants; a key that the grammar does not allow is a mistake in the
    /// caller and is dropped.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        if is_key(key) {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    /// The value of `key`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All pairs, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Reads the annotations out of `extra`; none when it is empty or somebody else's.
    pub fn from_extra(extra: &Extra) -> Option<Self> {
        let text = std::str::from_utf8(extra.as_bytes()).ok()?;
        let mut words = text.split(' ');
        if words.next()? != MAGIC {
            return None;
        }
        words
            .map(|word| {
                let (key, value) = word.split_once('=')?;
                is_key(key).then_some(())?;
                Some((key.to_owned(), unescape(value)?))
            })
            .collect::<Option<BTreeMap<_, _>>>()
            .map(Self)
    }

    /// Writes the annotations; none when they take more than [`Extra::MAX_BYTES`].
    pub fn to_extra(&self) -> Option<Extra> {
        let mut text = MAGIC.to_owned();
        for (key, value) in self.iter() {
            let _ = write!(text, " {key}=");
            escape(value, &mut text);
        }
        Extra::new(text.as_bytes())
    }
}

fn is_key(key: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    !key.is_empty() && key.bytes().all(allowed)
}

fn escape(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' && byte != b'=' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                (high * 16 + low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_any_value() {
        let annotations = Annotations::new()
            .with("host", "10.99.0.1")
            .with("cluster", "a b=c%d é\n");
        let extra = annotations.to_extra().unwrap();
        assert_eq!(Annotations::from_extra(&extra), Some(annotations));
    }

    #[test]
    fn text_is_stable() {
        let extra = Annotations::new()
            .with("phase", "ready")
            .with("host", "h 1")
            .to_extra()
            .unwrap();
        assert_eq!(extra.as_bytes(), b"beamport/1 host=h%201 phase=ready");
    }

    #[test]
    fn foreign_or_broken_extra_is_no_annotation() {
        for bytes in [
            &b""[..],
            b"hello",
            b"beamport/2 a=b",
            b"beamport/1 a",
            b"beamport/1 a=%4",
            b"beamport/1 A=b",
            b"\xff",
        ] {
            assert_eq!(Annotations::from_extra(&Extra::new(bytes).unwrap()), None);
        }
        assert!(Annotations::from_extra(&Extra::new(b"beamport/1").unwrap()).is_some());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(
            Annotations::new()
                .with("k", "v".repeat(2000))
                .to_extra()
                .is_none()
        );
    }
}
