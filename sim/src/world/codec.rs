//! Between two nodes there are bytes: every message passes through the wire's frames and back.
//!
//! Each travels in a frame of its own, in the version that its session speaks, so that each can
//! meet a fate of its own. Production packs those of one turn together and cuts up big ones; no
//! actor can tell.

use bytes::Bytes;
use peer_ring_core::peer::Message;
use peer_ring_proto::{Limits, RawFrame, WireError, WireVersion};

use crate::faults::Damage;

/// What a frame has beside its message, at most.
const FRAME_EXTRA_BYTES: usize = 64;

/// The bytes of a frame were changed on the way.
pub struct Damaged;

/// The bounds of what may be in a frame: any message by itself.
#[must_use]
pub fn limits() -> Limits {
    let limits = Limits::default();
    Limits { frame_bytes_max: limits.message_bytes_max + FRAME_EXTRA_BYTES, ..limits }
}

/// The bytes of a message.
#[must_use]
pub fn encode(message: &Message, version: WireVersion) -> Bytes {
    RawFrame::of(message.clone(), version).0
}

/// What is left of a frame that meets a damage.
///
/// Without checksums nobody could tell, and nothing is promised then: there it is left empty, which
/// no node takes for a frame.
#[must_use]
pub fn damaged(bytes: Bytes, version: WireVersion, damage: Damage) -> Bytes {
    if version.has_checksums() { damage.apply(&bytes) } else { Bytes::new() }
}

/// The message whose bytes these are.
///
/// # Errors
/// The frame was damaged, and its receiver can tell.
///
/// # Panics
/// When it was not, and cannot be read: a node that sends what its peer cannot read has a bug.
pub fn decode(bytes: Bytes, version: WireVersion, limits: &Limits) -> Result<Message, Damaged> {
    if bytes.is_empty() {
        return Err(Damaged);
    }
    match RawFrame(bytes).only_message(version, limits) {
        Ok(message) => Ok(message),
        Err(error) if error.is_damage() => Err(Damaged),
        Err(error) => panic!("a node sent what its peer cannot read: {error}"),
    }
}

/// The message whose bytes these are, damaged or not, for whoever looks on.
///
/// # Errors
/// They cannot be read.
pub fn read(bytes: Bytes) -> Result<Message, WireError> {
    RawFrame(bytes).only_message(WireVersion::V1, &limits())
}
