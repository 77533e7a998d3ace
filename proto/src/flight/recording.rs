//! A recording, read: its header, its entries in the order of time, and how it ends.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use peer_ring_core::actor::Instant;
use peer_ring_core::id::Desk;

use crate::flight::entry::{END, peek};
use crate::flight::{Entry, FlightError, Header, record};

/// A recording in memory.
#[derive(Clone, Debug)]
pub struct Recording {
    header: Header,
    file: Bytes,
    /// Where the entries' payloads lie, in the order of time.
    entries: Vec<Range<usize>>,
    ending: Ending,
}

/// How a recording ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The recorder says why it ended.
    Said(End),
    /// It was cut: the process was killed, or still runs. So many bytes at its end are no whole
    /// record, and some that never were written are missing as well.
    Cut {
        /// How many.
        lost_bytes: usize,
    },
}

/// Why a recorder ended a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The node stopped.
    Stopped,
    /// The recording was as long as it may be.
    Full,
    /// The disk did not take what was recorded as fast as it came.
    Behind,
}

impl End {
    /// The record that ends a recording.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let reason = match self {
            Self::Stopped => 0,
            Self::Full => 1,
            Self::Behind => 2,
        };
        let mut bytes = Vec::new();
        record::put(&mut bytes, &[END, reason]);
        bytes
    }

    fn decode(payload: &[u8]) -> Result<Self, FlightError> {
        match payload {
            [END, 0] => Ok(Self::Stopped),
            [END, 1] => Ok(Self::Full),
            [END, 2] => Ok(Self::Behind),
            _ => Err(FlightError::Malformed { what: "the end", part: "reason" }),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(End::Stopped) => f.write_str("the node stopped"),
            Self::Said(End::Full) => f.write_str("the recording was full, the node went on"),
            Self::Said(End::Behind) => {
                f.write_str("the disk was too slow for the recorder, the node went on")
            }
            Self::Cut { lost_bytes: 0 } => f.write_str("the process was killed, or still runs"),
            Self::Cut { lost_bytes } => {
                write!(f, "the recording was cut: {lost_bytes} bytes at its end are no entry")
            }
        }
    }
}

impl Recording {
    /// Reads a recording up to its end, or to where it was cut.
    ///
    /// # Errors
    /// [`FlightError`] when it is none, or of another version, or was made by hand.
    pub fn read(file: Bytes) -> Result<Self, FlightError> {
        let (header, mut at) = Header::decode(&file)?;
        let mut entries: Vec<(Instant, Desk, Range<usize>)> = Vec::new();
        let ending = loop {
            let Some(payload) = record::first(&file[at..]) else {
                break Ending::Cut { lost_bytes: file.len() - at };
            };
            let payload = at + payload.start..at + payload.end;
            at = payload.end;
            if file[payload.clone()].first() == Some(&END) {
                break Ending::Said(End::decode(&file[payload])?);
            }
            let (desk, tick) = peek(&file.slice(payload.clone()), header.shards())?;
            entries.push((tick, desk, payload));
        };
        // A stable sort: the entries of one actor stay in the order in which they stand. Control
        // comes before shards at the same time.
        entries.sort_by_key(|(tick, desk, _)| (*tick, *desk != Desk::Control));
        let entries = entries.into_iter().map(|(.., payload)| payload).collect();
        Ok(Self { header, file, entries, ending })
    }

    /// Which node it is of, and what its actors were built from.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How it ends.
    #[must_use]
    pub fn ending(&self) -> &Ending {
        &self.ending
    }

    /// The entry with this number; they are numbered from zero, in the order of time.
    ///
    /// # Errors
    /// [`FlightError`] when it cannot be read.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn entry(&self, number: usize) -> Result<Entry, FlightError> {
        Entry::decode(self.file.slice(self.entries[number].clone()), self.header.shards())
    }
}
