//! The `memory` engine: blocks of packed records, in the order of their keys.
//!
//! It is a B-tree of two levels, made for look-ups in a memory that is slow to reach. A key's block
//! is found by the lowest keys of the blocks, and the record in there by a hash; so a look-up
//! meets few keys that lie elsewhere, where a binary tree or a B-tree of pointers meets one at
//! each comparison.

mod block;
mod packed;

use std::ops::Bound;

use crate::record::RecordRef;
use crate::replica::memory::block::{Block, Tag};
use crate::replica::table::{Replaces, Table, TableStats, Visit};

/// A table in memory; what it holds is gone with the process.
pub struct MemoryTable {
    /// One at least.
    blocks: Vec<Block>,
    /// The lowest key that may lie in each block but the first, where all lower ones are.
    bounds: Vec<Box<[u8]>>,
    stats: TableStats,
}

impl MemoryTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        let blocks = vec![Block::default()];
        Self { blocks, bounds: Vec::new(), stats: TableStats::default() }
    }

    /// The index of the block in which `key` lies, if it is there.
    fn block_of(&self, key: &[u8]) -> usize {
        self.bounds.partition_point(|lowest| **lowest <= *key)
    }

    fn insert(&mut self, mut at: usize, tag: Tag, key: &[u8], record: RecordRef<'_>) {
        if self.blocks[at].is_full() {
            let (lowest, upper) = self.blocks[at].split_for(key);
            self.bounds.insert(at, lowest);
            self.blocks.insert(at + 1, upper);
            at = self.block_of(key);
        }
        self.blocks[at].insert(tag, key, record);
    }
}

impl Default for MemoryTable {
    fn default() -> Self {
        Self::new()
    }
}

impl Table for MemoryTable {
    fn get(&self, key: &[u8]) -> Option<RecordRef<'_>> {
        self.blocks[self.block_of(key)].get(Tag::of(key), key)
    }

    fn put_if(&mut self, key: &[u8], record: RecordRef<'_>, replaces: Replaces) -> bool {
        let (at, tag) = (self.block_of(key), Tag::of(key));
        if let Some(held) = self.blocks[at].get_mut(tag, key) {
            if !replaces(record, held.record()) {
                return false;
            }
            count(&mut self.stats, key, held.record(), -1);
            held.replace(key, record);
        } else {
            self.insert(at, tag, key, record);
        }
        count(&mut self.stats, key, record, 1);
        true
    }

    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) {
        let first = match from {
            Bound::Unbounded => 0,
            Bound::Included(key) | Bound::Excluded(key) => self.block_of(key),
        };
        for held in self.blocks[first..].iter().flat_map(|block| block.iter_from(from)) {
            if visit(held.key(), held.record()).is_break() {
                return;
            }
        }
    }

    fn clear(&mut self) {
        *self = Self::new();
    }

    fn stats(&self) -> TableStats {
        self.stats
    }
}

fn count(stats: &mut TableStats, key: &[u8], record: RecordRef<'_>, by: i64) {
    let bytes = key.len() + record.value.map_or(0, <[u8]>::len);
    let bytes = i64::try_from(bytes).expect("records are bounded at the door");
    stats.bytes = stats.bytes.wrapping_add_signed(bytes * by);
    if record.value.is_none() {
        stats.tombstones = stats.tombstones.wrapping_add_signed(by);
        return;
    }
    stats.records = stats.records.wrapping_add_signed(by);
    if record.freshness.expires != 0 {
        stats.expiring = stats.expiring.wrapping_add_signed(by);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::ControlFlow;

    use proptest::prelude::*;

    use super::*;
    use crate::record::Freshness;

    fn live(value: &[u8]) -> RecordRef<'_> {
        RecordRef { freshness: Freshness::NONE, value: Some(value) }
    }

    /// The keys that a scan meets, `most` at the most.
    fn scanned(table: &MemoryTable, from: Bound<&[u8]>, most: usize) -> Vec<Vec<u8>> {
        let mut met = Vec::new();
        table.scan(from, &mut |key, _| {
            met.push(key.to_vec());
            if met.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        met
    }

    fn is_like_an_ordered_map(puts: Vec<(Vec<u8>, u8)>) {
        let (mut table, mut map) = (MemoryTable::new(), BTreeMap::new());
        for (key, value) in puts {
            assert_eq!(table.get(&key).is_some(), map.contains_key(&key));
            table.put(&key, live(&[value]));
            map.insert(key, value);
        }
        let all: Vec<_> = map.keys().cloned().collect();
        assert_eq!(scanned(&table, Bound::Unbounded, usize::MAX), all);
        for (at, (key, value)) in map.iter().enumerate() {
            assert_eq!(table.get(key), Some(live(&[*value])));
            let next = all.get(at + 1).cloned();
            assert_eq!(scanned(&table, Bound::Excluded(key), 1), Vec::from_iter(next));
            assert_eq!(scanned(&table, Bound::Included(key), 1).first(), Some(key));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn keys_in_any_order_are_found_again_and_in_order(
            puts in prop::collection::vec((prop::collection::vec(0..4u8, 0..6), any::<u8>()), 0..1500),
        ) {
            is_like_an_ordered_map(puts);
        }
    }

    #[test]
    fn keys_that_come_in_order_are_found_again_and_in_order() {
        let keys = 0..1_000_u32;
        is_like_an_ordered_map(keys.clone().map(|at| (at.to_be_bytes().to_vec(), 1)).collect());
        is_like_an_ordered_map(keys.rev().map(|at| (at.to_be_bytes().to_vec(), 1)).collect());
    }

    #[test]
    fn keys_that_come_in_order_leave_full_blocks_behind() {
        let mut table = MemoryTable::new();
        for at in 0..1_000_u32 {
            table.put(&at.to_be_bytes(), live(b""));
        }
        let (last, others) = table.blocks.split_last().unwrap();
        assert!(!last.is_full() && others.iter().all(Block::is_full));
    }

    #[test]
    fn the_count_follows_every_replacement() {
        let live = RecordRef { freshness: Freshness::NONE, value: Some(b"value") };
        let expiring = Freshness { expires: 9, ..Freshness::NONE };
        let mut table = MemoryTable::new();
        table.put(b"key", live);
        assert_eq!(table.stats(), TableStats { records: 1, bytes: 8, ..TableStats::default() });
        table.put(b"key", RecordRef { freshness: expiring, value: Some(b"v") });
        let stats = TableStats { records: 1, expiring: 1, bytes: 4, ..TableStats::default() };
        assert_eq!(table.stats(), stats);
        table.put(b"key", RecordRef { value: None, ..live });
        assert_eq!(table.stats(), TableStats { tombstones: 1, bytes: 3, ..TableStats::default() });
    }

    #[test]
    fn nothing_is_left_of_what_is_dropped() {
        let mut table = MemoryTable::new();
        for at in 0..1_000_u32 {
            table.put(&at.to_be_bytes(), live(b"value"));
        }
        table.clear();
        assert!(table.stats().is_empty() && table.get(&7_u32.to_be_bytes()).is_none());
        assert!(scanned(&table, Bound::Unbounded, 1).is_empty());
        assert!(table.put_if(&7_u32.to_be_bytes(), live(b"v"), |_, _| false));
    }

    #[test]
    fn a_record_that_may_not_replace_what_is_held_changes_nothing() {
        let mut table = MemoryTable::new();
        let is_longer: Replaces =
            |new, held| new.value.map(<[u8]>::len) > held.value.map(<[u8]>::len);
        assert!(table.put_if(b"key", live(b"ab"), is_longer));
        let stats = table.stats();
        assert!(!table.put_if(b"key", live(b"c"), is_longer));
        assert_eq!((table.get(b"key"), table.stats()), (Some(live(b"ab")), stats));
    }
}
