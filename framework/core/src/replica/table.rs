//! What a partition's records lie in: a synchronous, ordered table.

use std::ops::{Bound, ControlFlow};

use crate::record::RecordRef;

/// Called with each key and record of a scan; says whether to go on.
pub type Visit<'a> = dyn FnMut(&[u8], RecordRef<'_>) -> ControlFlow<()> + 'a;

/// Whether the first record takes the place of the second.
pub type Replaces = fn(RecordRef<'_>, RecordRef<'_>) -> bool;

/// An ordered map from table keys to records, of one partition.
pub trait Table: Send {
    /// The record under `key`.
    fn get(&self, key: &[u8]) -> Option<RecordRef<'_>>;

    /// Replaces the record under `key`.
    fn put(&mut self, key: &[u8], record: RecordRef<'_>) {
        self.put_if(key, record, |_, _| true);
    }

    /// Replaces the record under `key` if there is none, or if `replaces` says so of the new one
    /// and the one that is held. Whether it did.
    fn put_if(&mut self, key: &[u8], record: RecordRef<'_>, replaces: Replaces) -> bool;

    /// Visits records in the order of their keys.
    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>);

    /// Drops all that it holds.
    fn clear(&mut self);

    /// What it holds.
    fn stats(&self) -> TableStats;
}

/// How much a table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Records with a value, expired ones included until they are swept.
    pub records: u64,
    /// Records that only say that there is no value.
    pub tombstones: u64,
    /// Records with a value that will expire.
    pub expiring: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

impl TableStats {
    /// Whether there is nothing, not even a tombstone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0 && self.tombstones == 0
    }

    /// Adds another table's.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.tombstones += other.tombstones;
        self.expiring += other.expiring;
        self.bytes += other.bytes;
    }
}
