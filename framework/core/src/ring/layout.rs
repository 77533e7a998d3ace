//! A layout: for each partition the order in which members are preferred.

use xxhash_rust::xxh3::Xxh3;

use crate::id::{PartitionId, Seat};

/// Preference lists of one length, one for each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    replicas: u8,
    width: usize,
    lists: Vec<Seat>,
}

impl Layout {
    /// The layout in which every `width` of `lists` are a partition's, and the first `replicas` of
    /// those its owners.
    ///
    /// # Panics
    /// When `lists` cannot be divided so.
    #[must_use]
    pub fn new(replicas: u8, width: usize, lists: Vec<Seat>) -> Self {
        assert!(replicas > 0 && width > 0, "a partition needs an owner");
        assert_eq!(lists.len() % width, 0, "a whole number of lists");
        Self { replicas, width, lists }
    }

    /// How many owners a partition has, when the lists are so long.
    #[must_use]
    pub fn replicas(&self) -> u8 {
        self.replicas
    }

    /// The length of each list.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// All lists, one after another.
    #[must_use]
    pub fn lists(&self) -> &[Seat] {
        &self.lists
    }

    /// Owners first, then fallbacks.
    #[must_use]
    pub fn preference(&self, partition: PartitionId) -> &[Seat] {
        let start = usize::from(partition.0) * self.width;
        &self.lists[start..start + self.width]
    }

    /// The first `n` of a partition's list, or all of it when it is shorter.
    #[must_use]
    pub fn first(&self, partition: PartitionId, n: u8) -> &[Seat] {
        let list = self.preference(partition);
        &list[..list.len().min(usize::from(n))]
    }

    /// The owners of `partition`.
    #[must_use]
    pub fn owners(&self, partition: PartitionId) -> &[Seat] {
        self.first(partition, self.replicas)
    }

    /// A number that equals another layout's only if both say the same about every partition.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&[self.replicas]);
        hash.update(&(self.width as u64).to_le_bytes());
        for seat in &self.lists {
            hash.update(&seat.0.to_le_bytes());
        }
        hash.digest()
    }
}
