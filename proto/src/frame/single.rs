//! A frame with a single message in it: a batch of one, made and read without a list.
//!
//! It is what a [`crate::Packer`] makes of one message, byte for byte. The simulator sends every
//! message so.

use bytes::BufMut;
use peer_ring_core::peer::Message;
use prost::Message as _;
use prost::length_delimiter_len;

use crate::checksum::{self, CHECKSUM_BYTES};
use crate::error::WireError;
use crate::frame::{BATCH, MESSAGES, RawFrame, delimited, opened};
use crate::limits::Limits;
use crate::message;
use crate::version::WireVersion;
use crate::walk::fields;

impl RawFrame {
    /// The frame with nothing but `message` in it, as `version` writes it.
    #[must_use]
    pub fn of(message: Message, version: WireVersion) -> Self {
        let message = message::to_wire(message, version);
        let message_bytes = message.encoded_len();
        let batch_bytes = 1 + length_delimiter_len(message_bytes) + message_bytes;
        let frame_bytes = 1 + length_delimiter_len(batch_bytes) + batch_bytes;
        let extra = if version.has_checksums() { CHECKSUM_BYTES } else { 0 };
        let mut bytes = Vec::with_capacity(frame_bytes + extra);
        // Writing into a slice of the right length spares a check for room at every byte.
        bytes.resize(frame_bytes, 0);
        let mut slot = &mut bytes[..];
        for (number, length) in [(BATCH, batch_bytes), (MESSAGES, message_bytes)] {
            slot.put_u8(delimited(number));
            prost::encode_length_delimiter(length, &mut slot).expect("its room was measured");
        }
        message.encode(&mut slot).expect("its room was measured");
        if version.has_checksums() {
            checksum::put(&mut bytes, 0);
        }
        Self(bytes.into())
    }

    /// The only message of a frame, on a link that speaks `version`.
    ///
    /// # Errors
    /// As [`crate::Frame::decode`], and when there is something else in it.
    pub fn only_message(self, version: WireVersion, limits: &Limits) -> Result<Message, WireError> {
        let (number, body) = opened(self, version, limits)?;
        let mut found = None;
        if number == BATCH {
            for field in fields("a batch", &body) {
                let field = field?;
                if field.number == MESSAGES && found.replace(field.payload("a batch")?).is_some() {
                    let what = "messages of a frame for one";
                    return Err(WireError::TooMany { what, count: 2, count_max: 1 });
                }
            }
        }
        let at = found.ok_or(WireError::Missing { what: "a frame's only message" })?;
        message::decode(body.slice(at), limits)
    }
}
