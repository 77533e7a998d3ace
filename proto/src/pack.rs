//! Packs what a link has to send into as few frames as the limits allow.
//!
//! Messages are encoded as they come, into one *open* batch, which [`Packer::pop`] closes. So a
//! link that is written to faster than it sends puts more into each frame by itself, and what it
//! holds is known to the byte. A big message travels in chunks, with a batch between any two of
//! them: small messages may overtake a big one.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use peer_ring_core::peer::Message;
use prost::Message as _;

use crate::checksum::{self, CHECKSUM_BYTES};
use crate::chunk::Chunk;
use crate::error::{WireError, check_size};
use crate::frame::{BATCH, Frame, MESSAGES, RawFrame, delimited};
use crate::limits::{Limits, records_of};
use crate::message;
use crate::version::WireVersion;

/// Room before an open batch for its frame's key and length.
const HEAD_BYTES: usize = 11;
/// Room in a frame for everything but a chunk's, or the only message's, own bytes.
const OVERHEAD_BYTES: usize = 64;
/// What an open batch begins with.
const OPEN_BYTES: usize = 8 * 1024;

/// What one link has to send.
#[derive(Debug)]
pub struct Packer {
    limits: Limits,
    version: WireVersion,
    open: BytesMut,
    open_messages: usize,
    open_records: usize,
    closed: VecDeque<RawFrame>,
    big: VecDeque<Big>,
    /// Of `closed` and `big`.
    queued_bytes: usize,
    is_chunk_next: bool,
    last_stream: u64,
}

/// What is left of a big message.
#[derive(Debug)]
struct Big {
    stream: u64,
    rest: Bytes,
}

impl Packer {
    /// Nothing to send, on a link that speaks `version`.
    ///
    /// # Panics
    /// When a chunk by these limits does not fit into a frame.
    #[must_use]
    pub fn new(limits: &Limits, version: WireVersion) -> Self {
        let Limits { frame_bytes_max, chunk_bytes_max, .. } = *limits;
        assert!(
            chunk_bytes_max > 0 && chunk_bytes_max + OVERHEAD_BYTES <= frame_bytes_max,
            "a chunk of {chunk_bytes_max} bytes does not fit into a frame of {frame_bytes_max}"
        );
        Self {
            limits: *limits,
            version,
            open: BytesMut::new(),
            open_messages: 0,
            open_records: 0,
            closed: VecDeque::new(),
            big: VecDeque::new(),
            queued_bytes: 0,
            is_chunk_next: false,
            last_stream: 0,
        }
    }

    /// Speaks another version from now on: what the two sides have agreed on meanwhile.
    ///
    /// # Panics
    /// When it holds anything, for that is encoded already.
    pub fn speak(&mut self, version: WireVersion) {
        assert!(self.is_empty(), "{} bytes are encoded already", self.pending_bytes());
        self.version = version;
    }

    /// Adds a message.
    ///
    /// # Errors
    /// [`WireError`] when the message is over the limits, so that the peer would drop the link for
    /// it. Nothing is added then.
    pub fn push(&mut self, message: Message) -> Result<(), WireError> {
        self.limits.check(&message)?;
        let records = records_of(&message);
        let message = message::to_wire(message, self.version);
        let bytes = message.encoded_len();
        check_size("a message", bytes, self.limits.message_bytes_max)?;
        if bytes > self.limits.chunk_bytes_max {
            self.push_big(message.encode_to_vec().into());
            return Ok(());
        }
        let field_bytes = 1 + prost::length_delimiter_len(bytes) + bytes;
        if !self.has_room(field_bytes, records) {
            self.close();
        }
        if self.open_messages == 0 {
            self.open.reserve(OPEN_BYTES);
            self.open.put_bytes(0, HEAD_BYTES);
        }
        // Writing into a slice of the right length spares a check for room at every byte.
        let began = self.open.len();
        self.open.resize(began + field_bytes, 0);
        let mut slot = &mut self.open[began..];
        slot.put_u8(delimited(MESSAGES));
        message.encode_length_delimited(&mut slot).expect("its room was measured");
        self.open_messages += 1;
        self.open_records += records;
        Ok(())
    }

    /// The next frame to send, with whatever was added up to now.
    pub fn pop(&mut self) -> Option<RawFrame> {
        let has_batch = self.open_messages > 0 || !self.closed.is_empty();
        let takes_chunk = !self.big.is_empty() && (self.is_chunk_next || !has_batch);
        self.is_chunk_next = !takes_chunk;
        if takes_chunk { self.pop_chunk() } else { self.pop_batch() }
    }

    /// How many bytes it holds: what a link's bound is set against.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.queued_bytes + self.open.len()
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending_bytes() == 0
    }

    /// Whether one more message fits into the open batch.
    fn has_room(&self, field_bytes: usize, records: usize) -> bool {
        self.open_messages < self.limits.batch_messages_max
            && self.open_records + records <= self.limits.records_max
            && self.open.len() + field_bytes + CHECKSUM_BYTES <= self.limits.frame_bytes_max
    }

    fn push_big(&mut self, rest: Bytes) {
        self.last_stream += 1;
        self.queued_bytes += rest.len();
        self.big.push_back(Big { stream: self.last_stream, rest });
    }

    fn pop_chunk(&mut self) -> Option<RawFrame> {
        let Big { stream, rest } = self.big.front_mut()?;
        let chunk = Chunk::cut(*stream, rest, self.limits.chunk_bytes_max)?;
        if chunk.is_last {
            self.big.pop_front();
        }
        self.queued_bytes -= chunk.bytes.len();
        Some(Frame::Chunk(chunk).encode(self.version))
    }

    fn pop_batch(&mut self) -> Option<RawFrame> {
        if self.closed.is_empty() {
            self.close();
        }
        let frame = self.closed.pop_front()?;
        self.queued_bytes -= frame.0.len();
        Some(frame)
    }

    /// Makes a frame of the open batch by writing its head right before it, and what else belongs
    /// there right after.
    fn close(&mut self) {
        if self.open_messages == 0 {
            return;
        }
        self.open_messages = 0;
        self.open_records = 0;
        let batch_bytes = self.open.len() - HEAD_BYTES;
        let head_bytes = 1 + prost::length_delimiter_len(batch_bytes);
        let head_at = HEAD_BYTES - head_bytes;
        let mut head = &mut self.open[head_at..HEAD_BYTES];
        head.put_u8(delimited(BATCH));
        prost::encode_length_delimiter(batch_bytes, &mut head).expect("its room was measured");
        if self.version.has_checksums() {
            checksum::put(&mut self.open, head_at);
        }
        let mut frame = self.open.split();
        frame.advance(head_at);
        self.queued_bytes += frame.len();
        self.closed.push_back(RawFrame(frame.freeze()));
    }
}

#[cfg(test)]
#[path = "pack/tests.rs"]
mod tests;
