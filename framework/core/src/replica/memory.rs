//! The `memory` engine: a B-tree of packed records.
//!
//! A record is one allocation: a head of 17 or 33 bytes, then the value. The longer head is only
//! for records with an expiry or a touch. Layout: flags, stamp, node, and for the longer one
//! touched and expires, numbers in little-endian.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::hlc::Stamp;
use crate::id::NodeId;
use crate::record::{Freshness, RecordRef, Version};
use crate::replica::table::{Table, TableStats, Visit};

const IS_TOMBSTONE: u8 = 1;
const HAS_EXPIRY: u8 = 2;
const SHORT_HEAD_BYTES: usize = 17;
const LONG_HEAD_BYTES: usize = 33;

/// A table in memory; what it holds is gone with the process.
#[derive(Default)]
pub struct MemoryTable {
    records: BTreeMap<Box<[u8]>, Box<[u8]>>,
    stats: TableStats,
}

impl MemoryTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Table for MemoryTable {
    fn get(&self, key: &[u8]) -> Option<RecordRef<'_>> {
        self.records.get(key).map(|packed| unpack(packed))
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) {
        let packed = pack(record);
        count(&mut self.stats, key, record, 1);
        if let Some(held) = self.records.get_mut(key) {
            count(&mut self.stats, key, unpack(held), -1);
            *held = packed;
        } else {
            self.records.insert(key.into(), packed);
        }
    }

    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) {
        for (key, packed) in self.records.range::<[u8], _>((from, Bound::Unbounded)) {
            if visit(key, unpack(packed)).is_break() {
                return;
            }
        }
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

fn pack(record: RecordRef<'_>) -> Box<[u8]> {
    let Freshness { version, touched, expires } = record.freshness;
    let value = record.value.unwrap_or_default();
    let has_expiry = touched != Stamp::ZERO || expires != 0;
    let head_bytes = if has_expiry { LONG_HEAD_BYTES } else { SHORT_HEAD_BYTES };
    let mut packed = Vec::with_capacity(head_bytes + value.len());
    let tombstone = if record.value.is_none() { IS_TOMBSTONE } else { 0 };
    packed.push(tombstone | if has_expiry { HAS_EXPIRY } else { 0 });
    packed.extend_from_slice(&version.stamp.0.to_le_bytes());
    packed.extend_from_slice(&version.node.0.to_le_bytes());
    if has_expiry {
        packed.extend_from_slice(&touched.0.to_le_bytes());
        packed.extend_from_slice(&expires.to_le_bytes());
    }
    packed.extend_from_slice(value);
    packed.into_boxed_slice()
}

fn unpack(packed: &[u8]) -> RecordRef<'_> {
    let number = |at: usize| {
        let bytes = packed[at..at + 8].try_into().expect("eight bytes");
        u64::from_le_bytes(bytes)
    };
    let version = Version { stamp: Stamp(number(1)), node: NodeId(number(9)) };
    let (touched, expires, head_bytes) = if packed[0] & HAS_EXPIRY == 0 {
        (Stamp::ZERO, 0, SHORT_HEAD_BYTES)
    } else {
        (Stamp(number(17)), number(25), LONG_HEAD_BYTES)
    };
    let value = (packed[0] & IS_TOMBSTONE == 0).then(|| &packed[head_bytes..]);
    RecordRef { freshness: Freshness { version, touched, expires }, value }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_is_got(numbers in any::<[u64; 4]>(), value in any::<Option<Vec<u8>>>()) {
            let [stamp, node, touched, expires] = numbers;
            let version = Version { stamp: Stamp(stamp), node: NodeId(node) };
            let freshness = Freshness { version, touched: Stamp(touched), expires };
            let record = RecordRef { freshness, value: value.as_deref() };
            let mut table = MemoryTable::new();
            table.put(b"k", record);
            prop_assert_eq!(table.get(b"k"), Some(record));
            prop_assert_eq!(table.get(b"l"), None);
        }
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
    fn a_scan_goes_in_order_and_stops_when_told() {
        let mut table = MemoryTable::new();
        for key in [b"b", b"a", b"c"] {
            table.put(key, RecordRef { freshness: Freshness::NONE, value: Some(b"") });
        }
        let mut met = Vec::new();
        table.scan(Bound::Excluded(b"a"), &mut |key, _| {
            met.push(key.to_vec());
            ControlFlow::Continue(())
        });
        assert_eq!(met, [b"b", b"c"]);
    }
}
