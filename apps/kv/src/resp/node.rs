//! What a session asks of the node beneath it: a port, so that sessions can be tested without one.

use peer_ring_core::actor::Wall;
use peer_ring_core::key::Partitions;

use super::gauge::Gauge;
use crate::app::{Action, Command};

/// The node, as a session sees it.
pub(super) trait Node {
    /// Asks the store; the reply comes under `tag`.
    fn ask(&mut self, tag: Tag, command: &Command);

    /// The node's wall clock.
    fn wall(&self) -> Wall;

    /// The cluster's partitions; `None` while there is no ring.
    fn partitions(&self) -> Option<Partitions>;
}

/// Tells to which part of which request a reply belongs, and whether that part reads values.
///
/// Requests are counted in 40 bits, which wrap around: there are never so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub u64);

impl Tag {
    const LOW_BITS: u32 = 24;
    /// Parts of one request at most.
    const PARTS_MAX: u64 = 1 << (Self::LOW_BITS - 1);

    /// Part `part` of request number `sequence`.
    #[inline]
    pub(super) fn new(sequence: u64, part: u32, reads_values: bool) -> Self {
        let (part, reads_values) = (u64::from(part), u64::from(reads_values));
        assert!(part < Self::PARTS_MAX, "arguments are bounded at the door");
        Self(sequence << Self::LOW_BITS | reads_values << (Self::LOW_BITS - 1) | part)
    }

    /// The number of its request, counted from request number `first`.
    pub(super) fn requests_after(self, first: u64) -> u64 {
        let mask = u64::MAX >> Self::LOW_BITS;
        (self.0 >> Self::LOW_BITS).wrapping_sub(first) & mask
    }

    /// Which part of it.
    #[expect(clippy::cast_possible_truncation, reason = "less than PARTS_MAX")]
    pub(super) fn part(self) -> u32 {
        (self.0 % Self::PARTS_MAX) as u32
    }

    /// Whether the reply may be as large as values are.
    pub(super) fn reads_values(self) -> bool {
        self.0 & Self::PARTS_MAX != 0
    }
}

/// Asks on behalf of one request.
pub(super) struct Asker<'a> {
    pub node: &'a mut dyn Node,
    /// All of a session's commands in turn: its namespace is not copied for each.
    pub command: &'a mut Command,
    pub gauge: &'a mut Gauge,
    pub output_bytes: usize,
    pub sequence: u64,
}

impl Asker<'_> {
    /// Asks for one part of the request.
    pub(super) fn ask(&mut self, part: u32, action: Action) {
        let reads_values = matches!(action, Action::Get { .. } | Action::Keys { .. });
        self.command.action = action;
        self.node.ask(Tag::new(self.sequence, part, reads_values), self.command);
        self.command.action = NOTHING;
        self.gauge.asked(reads_values);
    }

    /// Whether there is room for one part more, beyond the first.
    pub(super) fn has_room(&self) -> bool {
        self.gauge.has_room(self.output_bytes)
    }
}

/// Stands in a session's command between two askings, and keeps no memory alive.
pub(super) const NOTHING: Action = Action::Count { at: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_knows_its_request_and_part_even_when_the_count_wraps() {
        let first = (1 << 40) - 1;
        for reads_values in [true, false] {
            let tag = Tag::new(first, 7, reads_values);
            assert_eq!((tag.requests_after(first), tag.part()), (0, 7));
            assert_eq!(tag.reads_values(), reads_values);
            assert_eq!(Tag::new(first + 1, 7, reads_values).requests_after(first), 1);
        }
    }
}
