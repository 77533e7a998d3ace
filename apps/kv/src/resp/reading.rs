//! Which keys one connection is reading: a write of them must wait until they have been read.
//!
//! A quorum read takes its time, and where it asks one more replica it may meet a write that was
//! sent after it. The client wrote `GET k` before `SET k`, so it must not see that. (The other way
//! round there is nothing to wait for: what coordinates both has taken the write first.)

use xxhash_rust::xxh3::xxh3_64;

/// Keys that are read, by slot: two keys of one slot are taken for one, which costs a wait at
/// worst.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    counts: [u32; 256],
}

/// A key's place among those that are read: 8 bits of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub u8);

impl Slot {
    /// The slot of a key.
    #[inline]
    pub(super) fn of(key: &[u8]) -> Self {
        Self(xxh3_64(key).to_le_bytes()[0])
    }
}

impl Reading {
    /// Nothing is read.
    pub(super) fn new() -> Self {
        Self { counts: [0; 256] }
    }

    /// A read of a key in `slot` begins.
    #[inline]
    pub(super) fn begin(&mut self, slot: Slot) {
        self.counts[usize::from(slot.0)] += 1;
    }

    /// A read of a key in `slot` has ended.
    #[inline]
    pub(super) fn end(&mut self, slot: Slot) {
        self.counts[usize::from(slot.0)] -= 1;
    }

    /// Whether `key` may be among those that are read.
    #[inline]
    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.counts[usize::from(Slot::of(key).0)] > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_until_every_read_of_it_has_ended() {
        let mut reading = Reading::new();
        let slot = Slot::of(b"k");
        reading.begin(slot);
        reading.begin(slot);
        reading.end(slot);
        assert!(reading.has(b"k") && !reading.has(b"other"));
        reading.end(slot);
        assert!(!reading.has(b"k"));
    }
}
