//! Where a listing of a whole namespace stands, as one number.
//!
//! Partitions are listed one after the other, each in the order of its slots (see
//! [`page`](crate::page)), so a partition and a slot say all. Zero is the beginning and, to
//! clients, also the end.

use peer_ring_core::id::PartitionId;
use peer_ring_core::key::Partitions;

use crate::page::SLOTS;

/// Where a listing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    partition: PartitionId,
    slot: u64,
}

impl Cursor {
    /// The beginning of the first partition.
    pub const START: Self = Self { partition: PartitionId(0), slot: 0 };

    /// Behind the last partition that any cluster can have: a listing from here has no keys.
    pub const NOWHERE: Self = Self { partition: PartitionId(u16::MAX), slot: 0 };

    /// Reads a number back that [`Cursor::number`] made; any number is some cursor.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        let partition = u16::try_from(number / SLOTS).expect("16 bits are left");
        Self { partition: PartitionId(partition), slot: number % SLOTS }
    }

    /// The partition in the upper 16 bits, the slot in the lower 48.
    #[must_use]
    pub fn number(self) -> u64 {
        u64::from(self.partition.0) * SLOTS + self.slot
    }

    /// Which partition it is in; `None` when there is no such one.
    #[must_use]
    pub fn partition(self, partitions: Partitions) -> Option<PartitionId> {
        (u32::from(self.partition.0) < partitions.count()).then_some(self.partition)
    }

    /// The slot at which it stands.
    #[must_use]
    pub fn slot(self) -> u64 {
        self.slot
    }

    /// Where a listing goes on after a page that ended before `next`, or with its partition.
    #[must_use]
    pub fn after(self, next: Option<u64>, partitions: Partitions) -> Option<Self> {
        if let Some(slot) = next {
            return Some(Self { slot, ..self });
        }
        let partition = PartitionId(self.partition.0.checked_add(1)?);
        let cursor = Self { partition, slot: 0 };
        cursor.partition(partitions).map(|_| cursor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_listing_ends_after_the_last_partition() {
        let two = Partitions::new(2).unwrap();
        let second = Cursor::START.after(None, two).unwrap();
        assert_eq!(second.number(), SLOTS);
        assert_eq!(Cursor::START.after(Some(7), two).unwrap().number(), 7);
        assert_eq!(second.after(None, two), None);
    }

    #[test]
    fn a_partition_that_does_not_exist_is_nowhere() {
        assert_eq!(Cursor::NOWHERE.partition(Partitions::new(Partitions::MAX).unwrap()), None);
        assert_eq!(Cursor::from_number(u64::MAX).after(None, Partitions::default()), None);
    }

    proptest! {
        #[test]
        fn a_cursor_is_its_number(number in any::<u64>()) {
            prop_assert_eq!(Cursor::from_number(number).number(), number);
        }
    }
}
