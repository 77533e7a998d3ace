//! A run of packed records in the order of their keys, with a tag beside each.
//!
//! A tag is 16 bits of its key's hash. Tags lie together, so a search passes over all of them in a
//! line or two of memory, and then touches the one record that it looks for: hardly ever another,
//! however much the keys look alike.

use std::ops::Bound;

use xxhash_rust::xxh3::xxh3_64;

use crate::record::RecordRef;
use crate::replica::memory::packed::Packed;

/// Most records of a block.
pub const BLOCK_RECORDS_MAX: usize = 64;

/// A run of records.
#[derive(Default)]
pub struct Block {
    tags: Vec<Tag>,
    /// In the order of their keys; each under the tag at its index.
    records: Vec<Packed>,
}

/// Sixteen bits of a key's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u16);

impl Tag {
    /// The tag of this key.
    pub fn of(key: &[u8]) -> Self {
        let [low, high, ..] = xxh3_64(key).to_le_bytes();
        Self(u16::from_le_bytes([low, high]))
    }
}

impl Block {
    /// The record under `key`.
    pub fn get(&self, tag: Tag, key: &[u8]) -> Option<RecordRef<'_>> {
        Some(self.records[self.find(tag, key)?].record())
    }

    /// The record under `key`, to be replaced.
    pub fn get_mut(&mut self, tag: Tag, key: &[u8]) -> Option<&mut Packed> {
        let at = self.find(tag, key)?;
        Some(&mut self.records[at])
    }

    /// Adds a record under a key that is not there.
    pub fn insert(&mut self, tag: Tag, key: &[u8], record: RecordRef<'_>) {
        let at = self.records.partition_point(|held| held.key() < key);
        self.tags.insert(at, tag);
        self.records.insert(at, Packed::new(key, record));
    }

    /// Whether it holds as many records as a block may.
    pub fn is_full(&self) -> bool {
        self.records.len() == BLOCK_RECORDS_MAX
    }

    /// Makes room for `key` in a full block: takes the upper half of it off, or nothing when `key`
    /// comes after all, since keys that come in order should leave full blocks behind. Returns
    /// what was taken, and the lowest key that is to lie there from now on.
    pub fn split_for(&mut self, key: &[u8]) -> (Box<[u8]>, Self) {
        let is_after_all = self.records.last().is_some_and(|last| last.key() < key);
        let at = if is_after_all { self.records.len() } else { self.records.len() / 2 };
        let upper = Self { tags: self.tags.split_off(at), records: self.records.split_off(at) };
        let lowest = upper.records.first().map_or(key, Packed::key).into();
        (lowest, upper)
    }

    /// The records with keys after `from`, in order.
    pub fn iter_from(&self, from: Bound<&[u8]>) -> impl Iterator<Item = &Packed> {
        let at = match from {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.records.partition_point(|held| held.key() < key),
            Bound::Excluded(key) => self.records.partition_point(|held| held.key() <= key),
        };
        self.records[at..].iter()
    }

    fn find(&self, tag: Tag, key: &[u8]) -> Option<usize> {
        let tags = self.tags.iter().enumerate();
        let mut alike = tags.filter(|(_, held)| **held == tag).map(|(at, _)| at);
        alike.find(|at| self.records[*at].key() == key)
    }
}
