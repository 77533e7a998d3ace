//! A number by which an answer finds its request, and what must be known of it at once.

use super::reading::Slot;

/// Tells to which part of which request an answer belongs, and what that part reads.
///
/// From the top: the request's number in 32 bits, which wrap around since there are never so many
/// at once; the slot of a key that is read in 8; two bits for the kind of read; the part in 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub u64);

/// What a command reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// No value: its answer is small.
    NoValue,
    /// The value of one key.
    Key(Slot),
    /// Keys of a partition.
    Keys,
}

/// Parts of one request at most.
pub(super) const PARTS_MAX: u32 = 1 << PART_BITS;

const PART_BITS: u32 = 22;
const KEY_BIT: u64 = 1 << PART_BITS;
const KEYS_BIT: u64 = 1 << (PART_BITS + 1);
const SLOT_SHIFT: u32 = PART_BITS + 2;
const SEQUENCE_SHIFT: u32 = SLOT_SHIFT + u8::BITS;
const SEQUENCE_MASK: u64 = u64::MAX >> SEQUENCE_SHIFT;

impl Tag {
    /// Part `part` of request number `sequence`.
    #[inline]
    pub(super) fn new(sequence: u64, part: u32, reads: Reads) -> Self {
        assert!(part < PARTS_MAX, "arguments are bounded at the door");
        let reads = match reads {
            Reads::NoValue => 0,
            Reads::Key(Slot(slot)) => KEY_BIT | u64::from(slot) << SLOT_SHIFT,
            Reads::Keys => KEYS_BIT,
        };
        Self(sequence << SEQUENCE_SHIFT | reads | u64::from(part))
    }

    /// The number of its request, counted from request number `first`.
    #[inline]
    pub(super) fn requests_after(self, first: u64) -> u64 {
        (self.0 >> SEQUENCE_SHIFT).wrapping_sub(first) & SEQUENCE_MASK
    }

    /// Which part of it.
    pub(super) fn part(self) -> u32 {
        u32::try_from(self.0 % u64::from(PARTS_MAX)).expect("less than PARTS_MAX")
    }

    /// What it reads.
    #[inline]
    pub(super) fn reads(self) -> Reads {
        if self.0 & KEY_BIT != 0 {
            let slot = self.0 >> SLOT_SHIFT & u64::from(u8::MAX);
            return Reads::Key(Slot(u8::try_from(slot).expect("eight bits")));
        }
        if self.0 & KEYS_BIT != 0 { Reads::Keys } else { Reads::NoValue }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_knows_its_request_and_part_even_when_the_count_wraps() {
        let first = (1 << 32) - 1;
        for reads in [Reads::NoValue, Reads::Keys, Reads::Key(Slot(0)), Reads::Key(Slot(255))] {
            let tag = Tag::new(first, PARTS_MAX - 1, reads);
            assert_eq!((tag.requests_after(first), tag.part()), (0, PARTS_MAX - 1));
            assert_eq!(tag.reads(), reads);
            assert_eq!(Tag::new(first + 1, 7, reads).requests_after(first), 1);
        }
    }
}
