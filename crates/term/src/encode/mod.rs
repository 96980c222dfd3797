//! From terms to bytes, as `term_to_binary` writes them.

mod write;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::wire::{VERSION, tag};
use crate::{Atom, Term};
use write::Writer;

/// Encodes a term as `term_to_binary/1` does from OTP 26 on, but for ports; [`Encoder`] has the options.
pub fn encode(term: &Term) -> Result<Vec<u8>, EncodeError> {
    Encoder::new().encode(term)
}

/// How terms are encoded.
///
/// ```
/// use beamport_term::{AtomEncoding, Encoder, Term, atom};
///
/// let ok = Term::from(atom!("ok"));
/// assert_eq!(Encoder::new().encode(&ok)?, b"\x83\x77\x02ok");
/// let otp25 = Encoder::new().atoms(AtomEncoding::Latin1);
/// assert_eq!(otp25.encode(&ok)?, b"\x83\x64\x00\x02ok");
/// # Ok::<(), beamport_term::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Encoder {
    atoms: AtomEncoding,
    ports: PortEncoding,
    deterministic: bool,
    compression: Option<u32>,
}

/// How atoms are written. Every OTP from 20 on reads either; the choice matters where bytes are compared, hashed
/// or signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtomEncoding {
    /// In UTF-8, as OTP 26 and later do by themselves, and all do with `{minor_version, 2}`.
    #[default]
    Utf8,
    /// In Latin-1 where that is possible, as OTP 25 and earlier do by themselves.
    Latin1,
}

/// How ports are written whose number takes no more than 28 bits; of others there is only one way. The choice matters
/// where bytes are compared, hashed or signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PortEncoding {
    /// As OTP 25 and earlier do (`NEW_PORT_EXT`), which every OTP from 19 on reads.
    #[default]
    Short,
    /// As OTP 26 and later do (`V4_PORT_EXT`), which OTP 24 and later read.
    V4,
}

/// Who gives atoms numbers, for a distribution header to explain.
pub trait AtomTable {
    /// The number by which to write this atom; none to write its name.
    fn index(&mut self, atom: &Atom) -> Option<u8>;
}

/// Every atom by its name.
impl AtomTable for () {
    #[inline]
    fn index(&mut self, _: &Atom) -> Option<u8> {
        None
    }
}

impl Encoder {
    /// Atoms in UTF-8, ports so that every OTP reads them, maps in the order they are in, nothing compressed.
    pub fn new() -> Self {
        Self::default()
    }

    /// How atoms are written.
    #[must_use]
    pub fn atoms(self, atoms: AtomEncoding) -> Self {
        Self { atoms, ..self }
    }

    /// How ports are written.
    #[must_use]
    pub fn ports(self, ports: PortEncoding) -> Self {
        Self { ports, ..self }
    }

    /// Whether equal terms become equal bytes: whether maps are written in the order of their keys. This is the
    /// option of `term_to_binary/2`.
    #[must_use]
    pub fn deterministic(self, deterministic: bool) -> Self {
        Self {
            deterministic,
            ..self
        }
    }

    /// To compress with zlib, at a level from 0 to 9, whatever becomes smaller by it. The bytes are not those
    /// that the VM's zlib would write, but every VM reads them.
    #[must_use]
    pub fn compressed(self, level: u32) -> Self {
        Self {
            compression: Some(level.min(9)),
            ..self
        }
    }

    /// Encodes a term.
    pub fn encode(&self, term: &Term) -> Result<Vec<u8>, EncodeError> {
        let payload = term.as_binary().map_or(0, |bytes| bytes.len());
        let mut out = Vec::with_capacity(512 + payload);
        self.encode_into(term, &mut out)?;
        Ok(out)
    }

    /// Encodes a term behind what is already in `out`. On an error, what has been written so far stays.
    pub fn encode_into(&self, term: &Term, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(VERSION);
        if let Term::Local(bytes) = term {
            out.push(tag::LOCAL);
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let start = out.len();
        self.encode_headless(term, out, &mut ())?;
        match self.compression {
            Some(level) => compress(out, start, level),
            None => Ok(()),
        }
    }

    /// Encodes a term without version, as it stands after a distribution header, with the atoms that `atoms`
    /// has numbers for by number. Never compressed.
    pub fn encode_headless<T: AtomTable + ?Sized>(
        &self,
        term: &Term,
        out: &mut Vec<u8>,
        atoms: &mut T,
    ) -> Result<(), EncodeError> {
        Writer {
            out,
            atoms,
            encoding: self.atoms,
            ports: self.ports,
            deterministic: self.deterministic,
        }
        .write(term)
    }
}

/// Replaces what was written from `start` on by its compressed form, if that is smaller.
fn compress(out: &mut Vec<u8>, start: usize, level: u32) -> Result<(), EncodeError> {
    const HEAD: usize = 1 + size_of::<u32>();
    let plain = out.get(start..).unwrap_or_default();
    let size = length(plain.len())?;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::new(level));
    // Writing to memory does not fail.
    let _ = zlib.write_all(plain);
    let squeezed = zlib.finish().unwrap_or_default();
    if squeezed.is_empty() || HEAD + squeezed.len() >= plain.len() {
        return Ok(());
    }
    out.truncate(start);
    out.push(tag::COMPRESSED);
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(&squeezed);
    Ok(())
}

/// A length as the format has it.
fn length(length: usize) -> Result<u32, EncodeError> {
    length.try_into().map_err(|_| EncodeError::TooLong)
}

/// Why a term cannot be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A binary, list, tuple, map or integer whose length takes more than 32 bits.
    #[error("a part of the term is longer than the format can express")]
    TooLong,
    /// A [`Term::Local`] within another term.
    #[error("a term in a VM's private format cannot be part of another")]
    LocalPart,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;

    #[test]
    fn private_terms_pass_through_but_only_whole() {
        let bytes = b"\x83\x79private";
        let term = decode(&bytes[..].into()).unwrap();
        assert_eq!(encode(&term).unwrap(), bytes);
        assert_eq!(encode(&Term::list([term])), Err(EncodeError::LocalPart));
    }

    #[test]
    fn what_compression_does_not_shrink_stays_as_it_is() {
        let compressing = Encoder::new().compressed(9);
        let short = Term::from("abc");
        assert_eq!(compressing.encode(&short), encode(&short));
        let long = Term::from("a".repeat(1000));
        let squeezed = compressing.encode(&long).unwrap();
        assert!(squeezed.len() < 100);
        assert_eq!(decode(&squeezed.into()).unwrap(), long);
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = (0..300_000).fold(Term::from(1), |term, _| Term::tuple([term]));
        let bytes = encode(&deep).unwrap();
        assert_eq!(bytes.len(), 1 + 2 * 300_000 + 2);
    }
}
