//! Terms in zlib's format, as `term_to_binary(Term, [compressed])` writes them.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

use crate::wire::{Cursor, DecodeError, Fault};

/// What deflate can make of a byte at most.
const LARGEST_RATIO: usize = 1032;

/// Inflates what follows the tag; with how many bytes of the input it took.
pub(crate) fn inflate(
    cursor: &mut Cursor<'_>,
    limit: usize,
) -> Result<(Bytes, usize), DecodeError> {
    let offset = cursor.offset();
    let fail = |fault| DecodeError { offset, fault };
    let size = cursor.u32()? as usize;
    let input = cursor.rest();
    if size > limit {
        return Err(fail(Fault::TooLarge(limit)));
    }
    if size / LARGEST_RATIO > input.len() {
        return Err(fail(Fault::Truncated));
    }
    let mut inflated = Vec::with_capacity(size);
    let mut zlib = Decompress::new(true);
    let status = zlib
        .decompress_vec(input, &mut inflated, FlushDecompress::Finish)
        .map_err(|_| fail(Fault::Compression))?;
    // The stream ends after its checksum, for which it may have to be asked again once the room is full.
    let read = usize::try_from(zlib.total_in()).unwrap_or(usize::MAX);
    let ended = status == Status::StreamEnd
        || zlib
            .decompress(
                input.get(read..).unwrap_or_default(),
                &mut [],
                FlushDecompress::Finish,
            )
            .is_ok_and(|status| status == Status::StreamEnd);
    if !ended || inflated.len() != size {
        return Err(fail(Fault::Compression));
    }
    let used = usize::try_from(zlib.total_in()).unwrap_or(usize::MAX);
    Ok((inflated.into(), cursor.offset() + used))
}
