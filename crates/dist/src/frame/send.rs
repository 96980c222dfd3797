//! From messages to frames.

use beamport_term::{AtomTable, EncodeError, Encoder, Term};
use bytes::{Buf as _, Bytes};

use super::cache::{Reference, SenderCache};
use super::{DIST_HEADER, FIRST_FRAGMENT, FRAGMENT, PASS_THROUGH, SendError, VERSION, header};
use crate::Flags;

/// How much of a message a fragment has, as in the VM.
const FRAGMENT_BYTES: usize = 64 << 10;

/// The sending end of a connection.
pub struct Sender {
    format: Format,
    encoder: Encoder,
    cache: SenderCache,
    references: Vec<Reference>,
    /// The terms of the message at hand.
    body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    PassThrough,
    Header { cached: bool, fragments: bool },
}

/// What is still to be sent of a message: its fragments but for the first.
#[derive(Debug)]
pub struct Fragments {
    sequence: u64,
    rest: Bytes,
}

impl Sender {
    /// The end of a connection over which nothing has gone yet, to a peer with which `flags` are in force.
    pub fn new(flags: Flags) -> Self {
        let cached = flags.contains(Flags::DIST_HDR_ATOM_CACHE);
        let fragments = flags.contains(Flags::FRAGMENTS);
        Self {
            format: if cached || fragments {
                Format::Header { cached, fragments }
            } else {
                Format::PassThrough
            },
            encoder: Encoder::new(),
            cache: SenderCache::new(),
            references: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Appends a message to `out`, or as much of it as a fragment has; what is left is given.
    ///
    /// What `out` gets has to be sent before what any later message gets. The fragments that are left may be sent
    /// any time later, but before the next message with the same `sequence`: a number for the sender, which must
    /// not have two unfinished messages at a time.
    ///
    /// On an error nothing has been written.
    pub fn send(
        &mut self,
        sequence: u64,
        control: &Term,
        payload: Option<&Term>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Fragments>, SendError> {
        self.body.clear();
        let Format::Header { cached, fragments } = self.format else {
            self.encoder.encode_into(control, &mut self.body)?;
            if let Some(payload) = payload {
                self.encoder.encode_into(payload, &mut self.body)?;
            }
            self.fits()?;
            frame(out, &[&[PASS_THROUGH], &self.body]);
            return Ok(None);
        };
        let first = self.encode(cached, control, payload)?;
        if !fragments || self.body.len() <= first {
            let mut head = vec![VERSION, DIST_HEADER];
            header::write(&self.references, &mut head);
            frame(out, &[&head, &self.body]);
            return Ok(None);
        }
        let mut body = Bytes::from(std::mem::take(&mut self.body));
        let data = body.split_to(first);
        let left = Fragments {
            sequence,
            rest: body,
        };
        let mut head = left.head(FIRST_FRAGMENT, left.count() + 1);
        header::write(&self.references, &mut head);
        frame(out, &[&head, &data]);
        Ok(Some(left))
    }

    /// Encodes a message into `body`. Gives how much of it the first fragment has: all of the control term.
    fn encode(
        &mut self,
        cached: bool,
        control: &Term,
        payload: Option<&Term>,
    ) -> Result<usize, SendError> {
        self.references.clear();
        let encoded = if cached {
            let mut atoms = self.cache.begin(&mut self.references);
            encode_headless(self.encoder, control, payload, &mut self.body, &mut atoms)
        } else {
            encode_headless(self.encoder, control, payload, &mut self.body, &mut ())
        };
        let fits = |first| self.fits().map(|()| first);
        match encoded.map_err(SendError::from).and_then(fits) {
            Ok(first) => Ok(first),
            Err(error) => {
                // The peer will not see what was new.
                self.cache.forget(&self.references);
                Err(error)
            }
        }
    }

    /// Whether the message can be told in one frame, if it has to be.
    fn fits(&self) -> Result<(), SendError> {
        // A header takes at most 255 references with as many atoms of 1020 bytes.
        const HEADER: usize = 1 << 20;
        let fragments = matches!(
            self.format,
            Format::Header {
                fragments: true,
                ..
            }
        );
        if fragments || u32::try_from(self.body.len() + HEADER).is_ok() {
            return Ok(());
        }
        Err(SendError::TooLong)
    }
}

fn encode_headless<T: AtomTable>(
    encoder: Encoder,
    control: &Term,
    payload: Option<&Term>,
    body: &mut Vec<u8>,
    atoms: &mut T,
) -> Result<usize, EncodeError> {
    encoder.encode_headless(control, body, atoms)?;
    let Some(payload) = payload else {
        return Ok(body.len());
    };
    let first = body.len().max(FRAGMENT_BYTES);
    encoder.encode_headless(payload, body, atoms)?;
    Ok(first)
}

impl Fragments {
    /// Appends the next fragment to `out`; whether more are left.
    pub fn send_next(&mut self, out: &mut Vec<u8>) -> bool {
        let head = self.head(FRAGMENT, self.count());
        let size = self.rest.len().min(FRAGMENT_BYTES);
        let data = self.rest.split_to(size);
        frame(out, &[&head, &data]);
        self.rest.has_remaining()
    }

    /// How many fragments are left.
    fn count(&self) -> u64 {
        self.rest.len().div_ceil(FRAGMENT_BYTES) as u64
    }

    fn head(&self, tag: u8, number: u64) -> Vec<u8> {
        let sequence = self.sequence.to_be_bytes();
        [&[VERSION, tag], &sequence[..], &number.to_be_bytes()].concat()
    }
}

/// Appends a frame of these parts, which together have no more than 4 GiB.
fn frame(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(size_of::<u32>() + length);
    out.extend_from_slice(&(length as u32).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}
