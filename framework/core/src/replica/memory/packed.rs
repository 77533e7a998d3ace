//! A key and its record in one allocation.
//!
//! A head of 25 or 41 bytes, then the key, then the value. The longer head is only for records
//! with an expiry or a touch. Layout: flags, the key's length, epoch, stamp, node, and for the
//! longer one touched and expires, numbers in little-endian.

use crate::hlc::Stamp;
use crate::id::{Epoch, NodeId};
use crate::record::{Freshness, RecordRef, Version};

const IS_TOMBSTONE: u8 = 1;
const HAS_EXPIRY: u8 = 2;
const SHORT_HEAD_BYTES: usize = 25;
const LONG_HEAD_BYTES: usize = 41;

/// A key and its record, packed.
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Packs `record` under `key`.
    pub fn new(key: &[u8], record: RecordRef<'_>) -> Self {
        let mut packed = Self(vec![0; packed_bytes(key, record)].into_boxed_slice());
        packed.fill(key, record);
        packed
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        let head_bytes = self.head_bytes();
        &self.0[head_bytes..head_bytes + self.key_bytes()]
    }

    /// The record.
    pub fn record(&self) -> RecordRef<'_> {
        let number = |at: usize| {
            let bytes = self.0[at..at + 8].try_into().expect("eight bytes");
            u64::from_le_bytes(bytes)
        };
        let epoch = self.0[5..9].try_into().expect("four bytes");
        let epoch = Epoch(u32::from_le_bytes(epoch).into());
        let version = Version { epoch, stamp: Stamp(number(9)), node: NodeId(number(17)) };
        let (touched, expires) = match self.0[0] & HAS_EXPIRY {
            0 => (Stamp::ZERO, 0),
            _ => (Stamp(number(25)), number(33)),
        };
        let value_at = self.head_bytes() + self.key_bytes();
        let value = (self.0[0] & IS_TOMBSTONE == 0).then(|| &self.0[value_at..]);
        RecordRef { freshness: Freshness { version, touched, expires }, value }
    }

    /// Replaces the record, in place when the new one is as long.
    pub fn replace(&mut self, key: &[u8], record: RecordRef<'_>) {
        if self.0.len() == packed_bytes(key, record) {
            self.fill(key, record);
        } else {
            *self = Self::new(key, record);
        }
    }

    fn fill(&mut self, key: &[u8], record: RecordRef<'_>) {
        let Freshness { version, touched, expires } = record.freshness;
        let mut rest = &mut self.0[..];
        let mut write = |bytes: &[u8]| {
            let (place, after) = std::mem::take(&mut rest).split_at_mut(bytes.len());
            place.copy_from_slice(bytes);
            rest = after;
        };
        let tombstone = if record.value.is_none() { IS_TOMBSTONE } else { 0 };
        let key_bytes = u32::try_from(key.len()).expect("keys are bounded at the door");
        write(&[tombstone | if has_expiry(record) { HAS_EXPIRY } else { 0 }]);
        write(&key_bytes.to_le_bytes());
        write(&version.epoch.packed().to_le_bytes());
        write(&version.stamp.0.to_le_bytes());
        write(&version.node.0.to_le_bytes());
        if has_expiry(record) {
            write(&touched.0.to_le_bytes());
            write(&expires.to_le_bytes());
        }
        write(key);
        write(record.value.unwrap_or_default());
    }

    fn head_bytes(&self) -> usize {
        if self.0[0] & HAS_EXPIRY == 0 { SHORT_HEAD_BYTES } else { LONG_HEAD_BYTES }
    }

    fn key_bytes(&self) -> usize {
        let bytes = self.0[1..5].try_into().expect("four bytes");
        u32::from_le_bytes(bytes) as usize
    }
}

fn packed_bytes(key: &[u8], record: RecordRef<'_>) -> usize {
    let head_bytes = if has_expiry(record) { LONG_HEAD_BYTES } else { SHORT_HEAD_BYTES };
    head_bytes + key.len() + record.value.map_or(0, <[u8]>::len)
}

fn has_expiry(record: RecordRef<'_>) -> bool {
    record.freshness.touched != Stamp::ZERO || record.freshness.expires != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Given = (u32, [u64; 4], Option<Vec<u8>>);

    fn record((epoch, numbers, value): &Given) -> RecordRef<'_> {
        let [stamp, node, touched, expires] = *numbers;
        let epoch = Epoch((*epoch).into());
        let version = Version { epoch, stamp: Stamp(stamp), node: NodeId(node) };
        let freshness = Freshness { version, touched: Stamp(touched), expires };
        RecordRef { freshness, value: value.as_deref() }
    }

    proptest! {
        #[test]
        fn what_is_packed_and_replaced_is_read_back(
            key in any::<Vec<u8>>(), one in any::<Given>(), other in any::<Given>(),
        ) {
            let mut packed = Packed::new(&key, record(&one));
            prop_assert_eq!((packed.key(), packed.record()), (&key[..], record(&one)));
            packed.replace(&key, record(&other));
            prop_assert_eq!((packed.key(), packed.record()), (&key[..], record(&other)));
        }
    }

    #[test]
    fn a_record_as_long_as_the_one_before_takes_its_place() {
        let (before, after) = ((1, [1, 1, 0, 0], Some(vec![1])), (1, [2, 1, 0, 0], Some(vec![2])));
        let mut packed = Packed::new(b"key", record(&before));
        let place = packed.0.as_ptr();
        packed.replace(b"key", record(&after));
        assert_eq!((packed.0.as_ptr(), packed.record()), (place, record(&after)));
    }
}
