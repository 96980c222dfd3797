//! From messages to frames.

use beamport_term::{AtomTable, EncodeError, Encoder, Term};
use bytes::{Buf as _, Bytes};

use super::cache::{Reference, SenderCache};
use super::{
    Chain, DIST_HEADER, FIRST_FRAGMENT, FRAGMENT, PASS_THROUGH, SendError, VERSION, header,
};
use crate::Flags;

/// How much of a message a fragment has, as in the VM.
const FRAGMENT_BYTES: usize = 64 << 10;

/// The sending end of a connection.
#[derive(Debug)]
pub struct Sender {
    format: Format,
    encoder: Encoder,
    cache: SenderCache,
    references: Vec<Reference>,
    /// What comes before the terms of the message at hand.
    head: Vec<u8>,
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
            head: Vec::new(),
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
        out: &mut Chain,
    ) -> Result<Option<Fragments>, SendError> {
        self.head.clear();
        self.body.clear();
        let Format::Header { cached, fragments } = self.format else {
            self.encoder.encode_into(control, &mut self.body)?;
            if let Some(payload) = payload {
                self.encoder.encode_into(payload, &mut self.body)?;
            }
            self.fits()?;
            begin_frame(&[PASS_THROUGH], self.body.len(), out);
            out.append(&mut self.body);
            return Ok(None);
        };
        let first = self.encode(cached, control, payload)?;
        if !fragments || self.body.len() <= first {
            self.head.extend_from_slice(&[VERSION, DIST_HEADER]);
            header::write(&self.references, &mut self.head);
            begin_frame(&self.head, self.body.len(), out);
            out.append(&mut self.body);
            return Ok(None);
        }
        let mut body = Bytes::from(std::mem::take(&mut self.body));
        let data = body.split_to(first);
        let left = Fragments {
            sequence,
            rest: body,
        };
        let head = left.head(FIRST_FRAGMENT, left.count() + 1);
        self.head.extend_from_slice(&head);
        header::write(&self.references, &mut self.head);
        begin_frame(&self.head, data.len(), out);
        out.push(data);
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
    pub fn send_next(&mut self, out: &mut Chain) -> bool {
        let head = self.head(FRAGMENT, self.count());
        let size = self.rest.len().min(FRAGMENT_BYTES);
        begin_frame(&head, size, out);
        out.push(self.rest.split_to(size));
        self.rest.has_remaining()
    }

    /// How many fragments are left.
    fn count(&self) -> u64 {
        self.rest.len().div_ceil(FRAGMENT_BYTES) as u64
    }

    fn head(&self, tag: u8, number: u64) -> [u8; 18] {
        let mut head = [0; 18];
        let (tags, numbers) = head.split_at_mut(2);
        tags.copy_from_slice(&[VERSION, tag]);
        let (sequence, fragment) = numbers.split_at_mut(8);
        sequence.copy_from_slice(&self.sequence.to_be_bytes());
        fragment.copy_from_slice(&number.to_be_bytes());
        head
    }
}

/// Appends the beginning of a frame, whose body comes next. Together they have no more than 4 GiB.
fn begin_frame(head: &[u8], body: usize, out: &mut Chain) {
    let length = (head.len() + body) as u32;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(head);
}
