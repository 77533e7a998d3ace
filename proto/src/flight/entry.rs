//! Entries: one turn of one actor, with what it was given and in short what came of it.

use bytes::Bytes;
use peer_ring_core::actor::{Instant, Now, Wall};
use peer_ring_core::id::Desk;
use peer_ring_core::wiring::{ControlIn, ShardIn};

use crate::flight::cursor::{Cursor, put_u64};
use crate::flight::{Digest, FlightError, input};

/// What stands in the place of a desk in the record that ends a recording. No node has as many
/// shards.
pub(super) const END: u8 = 254;
const CONTROL: u8 = 255;
const WHAT: &str = "an entry";

/// One turn of one actor.
#[derive(Debug)]
pub struct Entry {
    /// What it was told about time.
    pub now: Now,
    /// What it was given.
    pub step: Step,
    /// What came of it.
    pub outcome: Outcome,
}

/// What an actor was given.
#[derive(Debug)]
pub enum Step {
    /// An input of the control actor.
    Control(ControlIn),
    /// An input of the shard with this index; never a view.
    Shard(u8, ShardIn),
    /// The shard with this index was given the next of the views that control gave out.
    NextView(u8),
    /// The actor's deadline had come.
    Wake(Desk),
}

impl Step {
    /// Whose turn it was.
    #[must_use]
    pub fn desk(&self) -> Desk {
        match self {
            Self::Control(_) => Desk::Control,
            Self::Shard(index, _) | Self::NextView(index) => Desk::Shard(*index),
            Self::Wake(desk) => *desk,
        }
    }
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the actor asked for.
    pub digest: Digest,
    /// Whether it panicked, after it had asked for that.
    pub is_panicked: bool,
}

pub(super) fn put_desk(into: &mut Vec<u8>, desk: Desk) {
    into.push(match desk {
        Desk::Control => CONTROL,
        Desk::Shard(index) => {
            assert!(index < END, "a node has at most 254 shards");
            index
        }
    });
}

pub(super) fn put_now(into: &mut Vec<u8>, now: Now) {
    put_u64(into, now.tick.0);
    put_u64(into, now.wall.0);
}

pub(super) fn put_outcome(into: &mut Vec<u8>, outcome: Outcome) {
    into.push(outcome.is_panicked.into());
    into.extend_from_slice(&outcome.digest.count.to_le_bytes());
    put_u64(into, outcome.digest.hash);
}

/// Whose turn an entry is, and when: by what entries are put in order.
pub(super) fn peek(payload: &Bytes, shards: u8) -> Result<(Desk, Instant), FlightError> {
    let mut cursor = Cursor::new(WHAT, payload.clone());
    Ok((desk(&mut cursor, shards)?, Instant(cursor.u64("time")?)))
}

fn desk(cursor: &mut Cursor, shards: u8) -> Result<Desk, FlightError> {
    match cursor.u8("desk")? {
        CONTROL => Ok(Desk::Control),
        index if index < shards => Ok(Desk::Shard(index)),
        _ => cursor.wrong("desk"),
    }
}

impl Entry {
    pub(super) fn decode(payload: Bytes, shards: u8) -> Result<Self, FlightError> {
        let mut cursor = Cursor::new(WHAT, payload);
        let desk = desk(&mut cursor, shards)?;
        let tick = Instant(cursor.u64("time")?);
        let now = Now { tick, wall: Wall(cursor.u64("time")?) };
        let step = input::take(&mut cursor, desk)?;
        let is_panicked = cursor.flag("outcome")?;
        let digest = Digest { count: cursor.u32("outcome")?, hash: cursor.u64("outcome")? };
        cursor.end()?;
        Ok(Self { now, step, outcome: Outcome { digest, is_panicked } })
    }
}
