//! The checksum at the end of a frame, from version 2 of the wire on.
//!
//! TCP's own is 16 bits, and what flips a bit in a network card's or a proxy's memory it does not
//! see. Ours is `xxh3` with 64 bits: faster than memory can be read, so that it costs next to
//! nothing, and made against accidents only, not against anybody who means harm.
//!
//! It is the frame's last field, number 6, in nine bytes, and covers all bytes before it. So it is
//! written after everything else, in one pass over bytes that were just laid down, and whoever does
//! not know it steps over it. Whoever does looks at it *before* anything is decoded: no byte of a
//! damaged frame is ever believed, its length and its kind included.

use bytes::{BufMut, Bytes};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::WireError;

/// The field of [`crate::wire::Frame`].
pub(crate) const CHECKSUM: u32 = 6;
/// The key of that field: a number of eight bytes.
const KEY: u8 = 6 << 3 | 1;
/// What a checksum adds to a frame.
pub(crate) const CHECKSUM_BYTES: usize = 9;

/// Adds the field to a frame that begins at `from`.
pub(crate) fn put(frame: &mut (impl BufMut + AsRef<[u8]>), from: usize) {
    let checksum = xxh3_64(&frame.as_ref()[from..]);
    frame.put_u8(KEY);
    frame.put_u64_le(checksum);
}

/// The frame without its checksum, if that is right.
///
/// # Errors
/// [`WireError`] when it is missing or wrong.
pub(crate) fn verified(mut frame: Bytes) -> Result<Bytes, WireError> {
    let at = frame.len().checked_sub(CHECKSUM_BYTES).ok_or(WireError::NoChecksum)?;
    let (covered, field) = frame.split_at(at);
    let Some((&KEY, said)) = field.split_first() else {
        return Err(WireError::NoChecksum);
    };
    let said = u64::from_le_bytes(said.try_into().expect("eight bytes are left"));
    let found = xxh3_64(covered);
    if said != found && !peer_ring_core::planted!("checksum") {
        return Err(WireError::Checksum { said, found });
    }
    frame.truncate(at);
    Ok(frame)
}
