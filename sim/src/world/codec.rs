//! Between two nodes there are bytes: every message passes through the wire encoding and back.

use bytes::Bytes;
use peer_ring_core::peer::Message;
use peer_ring_proto::Limits;

/// The bytes of a message.
#[must_use]
pub fn encode(message: &Message) -> Bytes {
    peer_ring_proto::encode(message)
}

/// The message whose bytes these are.
///
/// # Panics
/// When they are none: a node that sends what its peer cannot read has a bug.
#[must_use]
pub fn decode(bytes: Bytes, limits: &Limits) -> Message {
    match peer_ring_proto::decode(bytes, limits) {
        Ok(message) => message,
        Err(error) => panic!("a node sent what its peer cannot read: {error}"),
    }
}
