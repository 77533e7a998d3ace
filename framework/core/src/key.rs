//! Where a key lies: a position on the ring, and the partition that holds it.
//!
//! A position is the xxh3-64 hash of the key's bytes, or of its *hash tag*: the text between the
//! first `{` and the next `}`, when there is any, as Redis Cluster has it. Keys that share a tag
//! share a partition.

use xxhash_rust::xxh3::xxh3_64;

use crate::id::PartitionId;

/// A key's position on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(xxh3_64(hash_tag(bytes).unwrap_or(bytes)))
    }

    /// The key at this very position: for commands about a partition instead of a key.
    #[must_use]
    pub fn at(position: u64) -> Self {
        Self(position)
    }

    /// Its position on the ring.
    #[must_use]
    pub fn position(self) -> u64 {
        self.0
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        Self::new(text.as_bytes())
    }
}

/// How many partitions a cluster has: a power of two from 1 to 32,768, fixed when it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions {
    bits: u32,
}

impl Partitions {
    /// Most partitions a cluster can have.
    pub const MAX: u32 = 1 << 15;

    /// `count` partitions; `None` unless it is a power of two from 1 to [`Partitions::MAX`].
    #[must_use]
    pub fn new(count: u32) -> Option<Self> {
        (count.is_power_of_two() && count <= Self::MAX).then(|| Self { bits: count.ilog2() })
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        1 << self.bits
    }

    /// The partition that holds `key`: the top bits of its position.
    #[must_use]
    pub fn of(self, key: Key) -> PartitionId {
        let top = key.0.checked_shr(64 - self.bits).unwrap_or(0);
        PartitionId(u16::try_from(top).expect("at most 15 bits are left"))
    }

    /// The first position of `partition`.
    #[must_use]
    pub fn start(self, partition: PartitionId) -> Key {
        Key(u64::from(partition.0).checked_shl(64 - self.bits).unwrap_or(0))
    }

    /// All partitions in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = PartitionId> + ExactSizeIterator {
        let count = u16::try_from(self.count()).expect("at most 32,768");
        (0..count).map(PartitionId)
    }
}

impl Default for Partitions {
    fn default() -> Self {
        Self { bits: 8 }
    }
}

fn hash_tag(bytes: &[u8]) -> Option<&[u8]> {
    let open = bytes.iter().position(|&b| b == b'{')?;
    let inside = &bytes[open + 1..];
    let close = inside.iter().position(|&b| b == b'}')?;
    (close > 0).then(|| &inside[..close])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_one_tag_share_a_position() {
        assert_eq!(Key::from("{user:7}:name"), Key::from("user:7"));
        assert_eq!(Key::from("a{b}c{d}"), Key::from("b"));
        assert_ne!(Key::from("{}a"), Key::from("{}b"));
        assert_ne!(Key::from("{a"), Key::from("a"));
    }

    #[test]
    fn positions_are_the_same_in_every_build() {
        assert_eq!(Key::from("").position(), 0x2d06_8005_38d3_94c2);
        assert_eq!(Key::from("hello").position(), xxh3_64(b"hello"));
    }

    #[test]
    fn every_partition_starts_inside_itself() {
        for count in [1, 2, 256, Partitions::MAX] {
            let partitions = Partitions::new(count).unwrap();
            assert_eq!(partitions.iter().len(), count as usize);
            assert!(partitions.iter().all(|p| partitions.of(partitions.start(p)) == p));
        }
        assert_eq!(Partitions::new(3), None);
        assert_eq!(Partitions::new(0), None);
        assert_eq!(Partitions::new(1 << 16), None);
    }
}
