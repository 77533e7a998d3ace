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

/// How many partitions a cluster has: 1 to 32,768, fixed when it is created.
///
/// Each is an equal slice of the positions, to a position. Most strategies of placement take a
/// power of two only, [`Strategy::Modulo`](crate::ring::Strategy::Modulo) takes any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions {
    count: u32,
}

impl Partitions {
    /// Most partitions a cluster can have.
    pub const MAX: u32 = 1 << 15;

    /// `count` partitions; `None` unless it is a power of two from 1 to [`Partitions::MAX`].
    #[must_use]
    pub fn new(count: u32) -> Option<Self> {
        Self::any(count).filter(|partitions| partitions.is_power_of_two())
    }

    /// `count` partitions; `None` unless it is from 1 to [`Partitions::MAX`].
    #[must_use]
    pub fn any(count: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&count).then_some(Self { count })
    }

    /// Whether there are 1, 2, 4, 8 and so on of them.
    #[must_use]
    pub fn is_power_of_two(self) -> bool {
        self.count.is_power_of_two()
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// The partition that holds `key`: its position, scaled down to their number. Of a power of
    /// two those are the top bits.
    #[must_use]
    pub fn of(self, key: Key) -> PartitionId {
        let scaled = (u128::from(key.0) * u128::from(self.count)) >> 64;
        PartitionId(u16::try_from(scaled).expect("less than 32,768"))
    }

    /// The first position of `partition`.
    ///
    /// # Panics
    /// When there is no such partition.
    #[must_use]
    pub fn start(self, partition: PartitionId) -> Key {
        self.after(2 * u32::from(partition.0))
    }

    /// The position in the middle of `partition`.
    ///
    /// # Panics
    /// When there is no such partition.
    #[must_use]
    pub fn middle(self, partition: PartitionId) -> Key {
        self.after(2 * u32::from(partition.0) + 1)
    }

    /// The first position after so many halves of partitions.
    fn after(self, halves: u32) -> Key {
        let position = (u128::from(halves) << 64).div_ceil(u128::from(2 * self.count));
        Key(u64::try_from(position).expect("the partition is one of these"))
    }

    /// All partitions in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = PartitionId> + ExactSizeIterator {
        let count = u16::try_from(self.count).expect("at most 32,768");
        (0..count).map(PartitionId)
    }
}

impl Default for Partitions {
    fn default() -> Self {
        Self { count: 256 }
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
        for count in [1, 2, 3, 7, 256, 1_000, Partitions::MAX - 1, Partitions::MAX] {
            let partitions = Partitions::any(count).unwrap();
            assert_eq!(partitions.iter().len(), count as usize);
            assert!(partitions.iter().all(|p| partitions.of(partitions.start(p)) == p));
            assert!(partitions.iter().all(|p| partitions.of(partitions.middle(p)) == p));
            let before = |p| Key::at(partitions.start(p).position() - 1);
            let mut later = partitions.iter().skip(1);
            assert!(later.all(|p| partitions.of(before(p)).0 + 1 == p.0));
        }
        assert_eq!(Partitions::new(3), None);
        assert_eq!(Partitions::new(0), None);
        assert_eq!(Partitions::new(1 << 16), None);
        assert_eq!(Partitions::any(0), None);
        assert_eq!(Partitions::any(Partitions::MAX + 1), None);
    }

    #[test]
    fn of_a_power_of_two_the_top_bits_of_a_position_are_the_partition() {
        let partitions = Partitions::new(256).unwrap();
        assert_eq!(partitions.of(Key::at(0xab12_3456_789a_bcde)), PartitionId(0xab));
        assert_eq!(partitions.start(PartitionId(0xab)), Key::at(0xab << 56));
        assert_eq!(partitions.middle(PartitionId(0xab)), Key::at(0xab80 << 48));
    }
}
