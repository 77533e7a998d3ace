//! The records of one partition, as an app's handler sees them during one command.
//!
//! What a handler writes is gathered first and kept only when the whole command may stand, so a
//! command that met something newer leaves no trace.

use std::ops::{Bound, ControlFlow};

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::actor::Wall;
use crate::app::{decode, encode, seen};
use crate::hlc::Stamp;
use crate::id::{AppId, Epoch};
use crate::peer::Entry;
use crate::rare::{Mark, reached};
use crate::record::{Freshness, Record, RecordRef, Version};
use crate::replica::Table;

/// What a command is allowed to do to records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Read only.
    Read,
    /// Write at this version, unless the replica holds something newer.
    Write(Version),
    /// Write at this version or past what is held: where one replica's records go to the others.
    Lead(Version),
}

/// What a command did, kept apart until it is known that it may stand.
#[derive(Debug, Default)]
pub struct Effects {
    /// What it read, if that was asked for; see [`seen`].
    pub seen: BytesMut,
    /// What it wrote: one record for each key, in the order of the keys.
    pub writes: Vec<Entry>,
    /// The newest version it met that forbids its writes.
    pub superseded: Option<Version>,
    /// The latest stamp it met.
    pub latest: Stamp,
    /// Whether it tried to write although it may only read.
    pub has_overstepped: bool,
    scratch: Vec<u8>,
}

impl Effects {
    /// Forgets everything and keeps the room.
    pub fn clear(&mut self) {
        self.seen.clear();
        self.writes.clear();
        self.superseded = None;
        self.latest = Stamp::ZERO;
        self.has_overstepped = false;
    }
}

/// The records of one app in one partition, lent to a handler for one command.
pub struct Records<'a> {
    pub(crate) table: &'a dyn Table,
    pub(crate) effects: &'a mut Effects,
    pub(crate) app: AppId,
    pub(crate) grant: Grant,
    pub(crate) wants_seen: bool,
    pub(crate) wall: Wall,
    pub(crate) epoch: Epoch,
}

impl Records<'_> {
    /// The live value under `key`.
    pub fn get(&mut self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        let wall = self.wall;
        self.find(key.as_ref()).and_then(|record| record.live(wall))
    }

    /// The live value under `key`, decoded; `None` too when it is not a `T`.
    pub fn get_as<T: DeserializeOwned>(&mut self, key: impl AsRef<[u8]>) -> Option<T> {
        self.get(key).and_then(|value| decode(value).ok())
    }

    /// The record under `key`, be it live, expired or a tombstone.
    pub fn record(&mut self, key: impl AsRef<[u8]>) -> Option<RecordRef<'_>> {
        self.find(key.as_ref())
    }

    /// Writes `value` under `key`, for ever.
    pub fn put(&mut self, key: impl AsRef<[u8]>, value: impl Into<Bytes>) {
        self.write(key.as_ref(), Some(value.into()), None);
    }

    /// Writes `value` under `key` until `expires`, or for ever when that is `None`.
    pub fn put_until(
        &mut self,
        key: impl AsRef<[u8]>,
        value: impl Into<Bytes>,
        expires: Option<Wall>,
    ) {
        self.write(key.as_ref(), Some(value.into()), expires);
    }

    /// Writes `value`, encoded, under `key`.
    pub fn put_as<T: Serialize>(&mut self, key: impl AsRef<[u8]>, value: &T) {
        self.write(key.as_ref(), Some(encode(value)), None);
    }

    /// Deletes what is under `key`. Whether there was a live value.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> bool {
        let was_live = self.get(key.as_ref()).is_some();
        self.write(key.as_ref(), None, None);
        was_live
    }

    /// Changes when the value under `key` expires, if it is still `version`: a later write is left
    /// as it is.
    ///
    /// `value` is that version's value, for a replica that does not hold it yet.
    pub fn touch(
        &mut self,
        key: impl AsRef<[u8]>,
        version: Version,
        value: impl Into<Bytes>,
        expires: Option<Wall>,
    ) {
        let held = self.find(key.as_ref()).map_or(Freshness::NONE, |record| record.freshness);
        let is_touched_since = |stamp| held.version == version && held.touched > stamp;
        let touched = match self.grant {
            Grant::Read => return self.overstep(),
            Grant::Write(_) | Grant::Lead(_) if held.version > version => return,
            Grant::Write(by) if is_touched_since(by.stamp) => {
                return self.meet(Version { stamp: held.touched, ..by });
            }
            Grant::Lead(by) if is_touched_since(by.stamp) => held.touched.next(),
            Grant::Write(by) | Grant::Lead(by) => by.stamp,
        };
        let freshness = Freshness { version, touched, expires: expiry(expires) };
        let record = Record { freshness, value: Some(value.into()) };
        self.gather(Entry { key: table_key(self.app, key.as_ref()), record }, touched);
    }

    /// Visits the app's live records with keys after `after`, in order, until told to stop.
    ///
    /// What this command itself has written is not among them, and what is visited does not count
    /// as read: replicas that differ in it are not repaired.
    pub fn scan(
        &self,
        after: Bound<&[u8]>,
        mut visit: impl FnMut(&[u8], RecordRef<'_>) -> ControlFlow<()>,
    ) {
        let prefix = self.app.0.to_be_bytes();
        let start = match after {
            Bound::Unbounded => Bound::Included(prefix.to_vec()),
            Bound::Included(key) => Bound::Included(table_key(self.app, key).to_vec()),
            Bound::Excluded(key) => Bound::Excluded(table_key(self.app, key).to_vec()),
        };
        let wall = self.wall;
        self.table.scan(start.as_ref().map(Vec::as_slice), &mut |key, record| match key
            .strip_prefix(&prefix)
        {
            Some(key) if record.live(wall).is_some() => visit(key, record),
            Some(_) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        });
    }

    /// The version of what this command writes, or of the latest that it has written so far.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        match self.grant {
            Grant::Read => None,
            Grant::Write(by) => Some(by),
            Grant::Lead(by) => Some(Version { stamp: by.stamp.max(self.effects.latest), ..by }),
        }
    }

    /// The wall clock of this replica: for what is not replicated, such as a remaining life time.
    #[must_use]
    pub fn wall(&self) -> Wall {
        self.wall
    }

    /// The ring epoch under which this command runs.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn find(&mut self, key: &[u8]) -> Option<RecordRef<'_>> {
        let scratch = &mut self.effects.scratch;
        scratch.clear();
        scratch.extend_from_slice(&self.app.0.to_be_bytes());
        scratch.extend_from_slice(key);
        let writes = &self.effects.writes;
        if let Ok(at) = writes.binary_search_by(|entry| entry.key[..].cmp(scratch)) {
            return Some(writes[at].record.view());
        }
        let held = self.table.get(&self.effects.scratch);
        let held = held.filter(|it| it.value.is_some() || !crate::planted!("tombstone-is-nothing"));
        if self.wants_seen {
            let freshness = held.map_or(Freshness::NONE, |record| record.freshness);
            seen::note(&mut self.effects.seen, &self.effects.scratch, freshness);
        }
        held
    }

    fn write(&mut self, key: &[u8], value: Option<Bytes>, expires: Option<Wall>) {
        let key = table_key(self.app, key);
        let held = self.table.get(&key).map_or(Version::NONE, |r| r.freshness.version);
        let version = match self.grant {
            Grant::Read => return self.overstep(),
            Grant::Write(by) if is_newer(held, by) => return self.meet(held),
            Grant::Lead(by) if (held.epoch, held.stamp) >= (by.epoch, by.stamp) => {
                reached(Mark::LeadPastHeld);
                Version { epoch: held.epoch, stamp: held.stamp.next(), ..by }
            }
            Grant::Write(by) | Grant::Lead(by) => by,
        };
        let freshness = Freshness { version, touched: Stamp::ZERO, expires: expiry(expires) };
        self.gather(Entry { key, record: Record { freshness, value } }, version.stamp);
    }

    fn gather(&mut self, entry: Entry, stamp: Stamp) {
        self.effects.latest = self.effects.latest.max(stamp);
        let writes = &mut self.effects.writes;
        match writes.binary_search_by(|written| written.key.cmp(&entry.key)) {
            Ok(at) => writes[at] = entry,
            Err(at) => writes.insert(at, entry),
        }
    }

    fn overstep(&mut self) {
        self.effects.has_overstepped = true;
    }

    fn meet(&mut self, newer: Version) {
        let known = self.effects.superseded.unwrap_or_default();
        self.effects.superseded = Some(known.max(newer));
        self.effects.latest = self.effects.latest.max(newer.stamp);
    }
}

/// The key in a partition's table of an app's own key.
#[must_use]
pub fn table_key(app: AppId, key: &[u8]) -> Bytes {
    let mut whole = BytesMut::with_capacity(4 + key.len());
    whole.put_u32(app.0);
    whole.put_slice(key);
    whole.freeze()
}

/// The number that stands for an expiry in a record, where zero means never.
fn expiry(expires: Option<Wall>) -> u64 {
    expires.map_or(0, |wall| wall.0.max(1))
}

fn is_newer(held: Version, stamp: Version) -> bool {
    if crate::planted!("m02") {
        (held.epoch, held.stamp) > (stamp.epoch, stamp.stamp)
    } else {
        held > stamp
    }
}

#[cfg(test)]
mod tests;
