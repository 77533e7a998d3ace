//! Numbers, bytes and texts, laid down one after the other and taken up again.

use std::time::Duration;

use bytes::{Buf, Bytes};
use peer_ring_core::id::NodeName;

use crate::flight::FlightError;

/// Lays down bytes with their length before them.
pub(super) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what a node takes in is bounded at the door");
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(bytes);
}

/// Lays down a number below 2^32.
pub(super) fn put_u32(into: &mut Vec<u8>, number: u32) {
    into.extend_from_slice(&number.to_le_bytes());
}

/// Lays down a number.
pub(super) fn put_u64(into: &mut Vec<u8>, number: u64) {
    into.extend_from_slice(&number.to_le_bytes());
}

/// Lays down a span of time, in nanoseconds.
pub(super) fn put_span(into: &mut Vec<u8>, span: Duration) {
    put_u64(into, u64::try_from(span.as_nanos()).unwrap_or(u64::MAX));
}

/// Takes up what was laid down, and trusts none of it.
pub(super) struct Cursor {
    what: &'static str,
    rest: Bytes,
}

impl Cursor {
    /// Reads `bytes`, the encoding of `what`.
    pub(super) fn new(what: &'static str, bytes: Bytes) -> Self {
        Self { what, rest: bytes }
    }

    /// Says that something in it is not what it should be.
    pub(super) fn wrong<T>(&self, part: &'static str) -> Result<T, FlightError> {
        Err(FlightError::Malformed { what: self.what, part })
    }

    fn need(&self, bytes: usize, part: &'static str) -> Result<(), FlightError> {
        if self.rest.len() < bytes { self.wrong(part) } else { Ok(()) }
    }

    pub(super) fn u8(&mut self, part: &'static str) -> Result<u8, FlightError> {
        self.need(1, part)?;
        Ok(self.rest.get_u8())
    }

    pub(super) fn flag(&mut self, part: &'static str) -> Result<bool, FlightError> {
        match self.u8(part)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => self.wrong(part),
        }
    }

    pub(super) fn u32(&mut self, part: &'static str) -> Result<u32, FlightError> {
        self.need(4, part)?;
        Ok(self.rest.get_u32_le())
    }

    pub(super) fn u64(&mut self, part: &'static str) -> Result<u64, FlightError> {
        self.need(8, part)?;
        Ok(self.rest.get_u64_le())
    }

    pub(super) fn size(&mut self, part: &'static str) -> Result<usize, FlightError> {
        usize::try_from(self.u64(part)?).or_else(|_| self.wrong(part))
    }

    pub(super) fn span(&mut self, part: &'static str) -> Result<Duration, FlightError> {
        self.u64(part).map(Duration::from_nanos)
    }

    /// Bytes that stay a slice of what they came in: a length that is a lie allocates nothing.
    pub(super) fn bytes(&mut self, part: &'static str) -> Result<Bytes, FlightError> {
        let length = self.u32(part)? as usize;
        self.need(length, part)?;
        Ok(self.rest.split_to(length))
    }

    pub(super) fn text(&mut self, part: &'static str) -> Result<String, FlightError> {
        let bytes = self.bytes(part)?;
        String::from_utf8(bytes.into()).or_else(|_| self.wrong(part))
    }

    pub(super) fn name(&mut self, part: &'static str) -> Result<NodeName, FlightError> {
        NodeName::new(&self.text(part)?).or_else(|_| self.wrong(part))
    }

    /// Makes sure that nothing is left.
    pub(super) fn end(&self) -> Result<(), FlightError> {
        if self.rest.is_empty() { Ok(()) } else { self.wrong("end") }
    }
}
