//! From frames to messages.

use beamport_term::{Atom, DecodeError, Decoder, Term};
use bytes::Bytes;

use super::cache::ReceiverCache;
use super::fragments::{Place, Unfinished, Whole};
use super::{
    DIST_HEADER, FIRST_FRAGMENT, FRAGMENT, FrameError, FrameLimits, Message, PASS_THROUGH, VERSION,
    header,
};

/// The receiving end of a connection.
///
/// After an error it is of no more use, and neither is the connection.
pub struct Receiver {
    decoder: Decoder,
    limits: FrameLimits,
    cache: ReceiverCache,
    unfinished: Unfinished,
    /// The atoms of the message at hand.
    atoms: Vec<Atom>,
    /// How many bytes the terms of the last message had.
    bytes: usize,
}

impl Receiver {
    /// The end of a connection over which nothing has come yet.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            decoder: Decoder::new(limits.terms),
            limits,
            cache: ReceiverCache::new(),
            unfinished: Unfinished::default(),
            atoms: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes a frame that is no tick. None comes of it if it is a fragment and more are due.
    pub fn receive(&mut self, frame: &Bytes) -> Result<Option<Message>, FrameError> {
        match frame.as_ref() {
            [PASS_THROUGH, ..] => self
                .terms(&frame.slice(1..), Decoder::decode_prefix)
                .map(Some),
            [VERSION, DIST_HEADER, rest @ ..] => {
                let body = self.header(frame, rest)?;
                let atoms = std::mem::take(&mut self.atoms);
                let message = self.message(&body, &atoms);
                self.atoms = atoms;
                message.map(Some)
            }
            [VERSION, FIRST_FRAGMENT, rest @ ..] => {
                let (place, rest) = place(rest)?;
                let body = self.header(frame, rest)?;
                let whole = self
                    .unfinished
                    .begin(place, &self.atoms, body, &self.limits)?;
                self.whole(whole)
            }
            [VERSION, FRAGMENT, rest @ ..] => {
                let (place, data) = place(rest)?;
                let data = frame.slice_ref(data);
                let whole = self.unfinished.go_on(place, data, &self.limits)?;
                self.whole(whole)
            }
            _ => Err(FrameError::Unknown),
        }
    }

    /// How many bytes the terms of the last message had, all fragments together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reads a header; the atoms are then those of the message. Gives what follows it.
    fn header(&mut self, frame: &Bytes, mut rest: &[u8]) -> Result<Bytes, FrameError> {
        header::read(&mut rest, &mut self.cache, &mut self.atoms)?;
        Ok(frame.slice_ref(rest))
    }

    fn whole(&mut self, whole: Option<Whole>) -> Result<Option<Message>, FrameError> {
        whole
            .map(|Whole { atoms, data }| self.message(&data, &atoms))
            .transpose()
    }

    fn message(&mut self, body: &Bytes, atoms: &[Atom]) -> Result<Message, FrameError> {
        self.terms(body, |decoder, input| decoder.decode_headless(input, atoms))
    }

    /// Decodes the control term, and the payload if there is more.
    fn terms(
        &mut self,
        body: &Bytes,
        decode: impl Fn(&mut Decoder, &Bytes) -> Result<(Term, usize), DecodeError>,
    ) -> Result<Message, FrameError> {
        self.bytes = body.len();
        let (control, used) = decode(&mut self.decoder, body)?;
        let rest = body.slice(used..);
        if rest.is_empty() {
            let payload = None;
            return Ok(Message { control, payload });
        }
        let (payload, used) = decode(&mut self.decoder, &rest)?;
        if used < rest.len() {
            return Err(FrameError::Trailing);
        }
        Ok(Message {
            control,
            payload: Some(payload),
        })
    }
}

/// Which fragment of which message.
fn place(bytes: &[u8]) -> Result<(Place, &[u8]), FrameError> {
    let (sequence, rest) = bytes.split_first_chunk().ok_or(FrameError::Header)?;
    let (number, rest) = rest.split_first_chunk().ok_or(FrameError::Header)?;
    let place = Place {
        sequence: u64::from_be_bytes(*sequence),
        number: u64::from_be_bytes(*number),
    };
    Ok((place, rest))
}
