//! Big messages in pieces.
//!
//! A message whose encoding is longer than a chunk is cut up on one side and put together again
//! on the other, so that neither a frame nor a queue in between ever holds more than one piece of
//! it at a time, and small messages find a gap. Only the order of pieces within one message
//! matters; links keep it.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::error::{WireError, check_count, check_size};
use crate::limits::Limits;
use crate::wire;

/// A piece of one encoded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which message of the link it is of: a greater number than that of any begun before.
    pub stream: u64,
    /// The piece; never empty.
    pub bytes: Bytes,
    /// Whether the message is complete with it.
    pub is_last: bool,
}

impl Chunk {
    /// Cuts the next piece of at most `chunk_bytes_max` off `rest`; `None` when nothing is left.
    ///
    /// # Panics
    /// When `chunk_bytes_max` is zero.
    pub fn cut(stream: u64, rest: &mut Bytes, chunk_bytes_max: usize) -> Option<Self> {
        assert!(chunk_bytes_max > 0, "a chunk needs at least one byte");
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.split_to(rest.len().min(chunk_bytes_max));
        Some(Self { stream, bytes, is_last: rest.is_empty() })
    }
}

/// Puts the chunks of one link together again.
#[derive(Debug)]
pub struct Reassembler {
    limits: Limits,
    begun: Option<u64>,
    open: BTreeMap<u64, BytesMut>,
    held_bytes: usize,
}

impl Reassembler {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { limits: *limits, begun: None, open: BTreeMap::new(), held_bytes: 0 }
    }

    /// Takes the next chunk; gives the encoded message that it completes, for
    /// [`crate::message::decode`].
    ///
    /// # Errors
    /// [`WireError`] when the chunk is odd or too much; the link should then be dropped, and the
    /// reassembler with it.
    pub fn push(&mut self, chunk: Chunk) -> Result<Option<Bytes>, WireError> {
        let Chunk { stream, bytes, is_last } = chunk;
        if bytes.is_empty() {
            return Err(WireError::EmptyChunk { stream });
        }
        if !self.open.contains_key(&stream) {
            self.begin(stream)?;
        }
        let held_bytes = self.held_bytes + bytes.len();
        check_size("what is in chunks", held_bytes, self.limits.reassembly_bytes_max)?;
        let message = self.open.entry(stream).or_default();
        let message_bytes = message.len() + bytes.len();
        check_size("a message", message_bytes, self.limits.message_bytes_max)?;
        message.extend_from_slice(&bytes);
        self.held_bytes = held_bytes;
        if !is_last {
            return Ok(None);
        }
        self.held_bytes -= message_bytes;
        Ok(self.open.remove(&stream).map(BytesMut::freeze))
    }

    /// Bytes of messages that are not complete yet.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn begin(&mut self, stream: u64) -> Result<(), WireError> {
        if let Some(begun) = self.begun.filter(|begun| stream <= *begun) {
            return Err(WireError::StreamNotOpen { stream, begun });
        }
        check_count("messages in chunks", self.open.len() + 1, self.limits.chunk_streams_max)?;
        self.begun = Some(stream);
        Ok(())
    }
}

impl From<Chunk> for wire::Chunk {
    fn from(chunk: Chunk) -> Self {
        Self { stream: chunk.stream, bytes: chunk.bytes, is_last: chunk.is_last }
    }
}

impl From<wire::Chunk> for Chunk {
    fn from(chunk: wire::Chunk) -> Self {
        Self { stream: chunk.stream, bytes: chunk.bytes, is_last: chunk.is_last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(stream: u64, bytes: &'static [u8], is_last: bool) -> Chunk {
        Chunk { stream, bytes: Bytes::from_static(bytes), is_last }
    }

    fn small() -> Limits {
        let message_bytes_max = 8;
        Limits {
            message_bytes_max,
            reassembly_bytes_max: 12,
            chunk_streams_max: 2,
            ..Limits::default()
        }
    }

    #[test]
    fn pieces_of_two_messages_may_alternate() {
        let mut reassembler = Reassembler::new(&small());
        assert_eq!(reassembler.push(piece(1, b"ab", false)), Ok(None));
        assert_eq!(reassembler.push(piece(2, b"xy", false)), Ok(None));
        assert_eq!(reassembler.push(piece(1, b"cd", true)), Ok(Some(Bytes::from("abcd"))));
        assert_eq!(reassembler.push(piece(2, b"z", true)), Ok(Some(Bytes::from("xyz"))));
        assert_eq!(reassembler.held_bytes(), 0);
    }

    #[test]
    fn a_message_is_cut_into_pieces_that_make_it_again() {
        for chunk_bytes_max in [1, 3, 7, 8] {
            let mut rest = Bytes::from("message");
            let mut reassembler = Reassembler::new(&small());
            let mut whole = None;
            while let Some(chunk) = Chunk::cut(5, &mut rest, chunk_bytes_max) {
                assert!(whole.is_none() && chunk.bytes.len() <= chunk_bytes_max);
                whole = reassembler.push(chunk).unwrap();
            }
            assert_eq!(whole, Some(Bytes::from("message")));
        }
    }

    #[test]
    fn a_finished_or_older_stream_is_not_begun_again() {
        let mut reassembler = Reassembler::new(&small());
        reassembler.push(piece(3, b"a", true)).unwrap();
        let wrong = WireError::StreamNotOpen { stream: 3, begun: 3 };
        assert_eq!(reassembler.push(piece(3, b"a", true)), Err(wrong));
        let wrong = WireError::StreamNotOpen { stream: 2, begun: 3 };
        assert_eq!(reassembler.push(piece(2, b"a", true)), Err(wrong));
    }

    #[test]
    fn an_empty_piece_is_refused() {
        let wrong = WireError::EmptyChunk { stream: 1 };
        assert_eq!(Reassembler::new(&small()).push(piece(1, b"", true)), Err(wrong));
    }

    #[test]
    fn one_message_all_messages_and_their_number_are_bounded() {
        let mut reassembler = Reassembler::new(&small());
        reassembler.push(piece(1, b"12345678", false)).unwrap();
        let one = reassembler.push(piece(1, b"9", false)).unwrap_err();
        assert_eq!(one, WireError::TooLarge { what: "a message", bytes: 9, bytes_max: 8 });
        let all = reassembler.push(piece(2, b"12345", false)).unwrap_err();
        let what = "what is in chunks";
        assert_eq!(all, WireError::TooLarge { what, bytes: 13, bytes_max: 12 });

        let mut reassembler = Reassembler::new(&small());
        reassembler.push(piece(1, b"1", false)).unwrap();
        reassembler.push(piece(2, b"1", false)).unwrap();
        let count = reassembler.push(piece(3, b"1", false)).unwrap_err();
        let what = "messages in chunks";
        assert_eq!(count, WireError::TooMany { what, count: 3, count_max: 2 });
    }
}
