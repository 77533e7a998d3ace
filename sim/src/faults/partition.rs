//! Nothing gets through between two groups of nodes, either way.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, Letter, NodeIndex};

/// Nothing gets through between one group of nodes and the other.
///
/// Nodes of neither group can talk to all: they are the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The one group.
    pub one: BTreeSet<NodeIndex>,
    /// The other.
    pub other: BTreeSet<NodeIndex>,
}

impl Partition {
    /// Two halves, one node apart from the rest, or two groups with a bridge between them.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let mut all: Vec<_> = (0..nodes).map(NodeIndex).collect();
        stream.shuffle(&mut all);
        let bridge = usize::from(nodes > 2 && stream.below(4) == 0);
        let apart = match stream.below(2) {
            0 => 1,
            _ => all.len() / 2,
        };
        let (one, rest) = all.split_at(apart.max(1));
        let other = &rest[bridge.min(rest.len() - 1)..];
        Self { one: one.iter().copied().collect(), other: other.iter().copied().collect() }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let mut one = BTreeSet::new();
        while !words.is_next("|") {
            one.insert(words.node()?);
        }
        let mut other = BTreeSet::new();
        while words.peek().is_some() {
            other.insert(words.node()?);
        }
        if one.is_empty() || other.is_empty() || !one.is_disjoint(&other) {
            return Err(Wrong("a partition is between two groups of nodes".to_owned()));
        }
        Ok(Self { one, other })
    }
}

impl Meddle for Partition {
    fn touch(&self, letter: Letter, _: &mut Memory, passage: &mut Passage) {
        passage.is_lost |= self.cuts(letter.hop, Duration::ZERO);
    }

    fn cuts(&self, hop: Hop, _: Duration) -> bool {
        let Hop { from, to } = hop;
        self.one.contains(&from) && self.other.contains(&to)
            || self.other.contains(&from) && self.one.contains(&to)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |group: &BTreeSet<NodeIndex>| {
            let names: Vec<_> = group.iter().map(NodeIndex::to_string).collect();
            names.join(" ")
        };
        write!(f, "{} | {}", names(&self.one), names(&self.other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_talks_to_both_sides() {
        let group = |nodes: &[u8]| nodes.iter().copied().map(NodeIndex).collect();
        let partition = Partition { one: group(&[0, 1]), other: group(&[3, 4]) };
        let cuts = |from, to| {
            let hop = Hop { from: NodeIndex(from), to: NodeIndex(to) };
            partition.cuts(hop, Duration::ZERO)
        };
        assert!(cuts(0, 3) && cuts(4, 1));
        assert!(!cuts(0, 1) && !cuts(0, 2) && !cuts(2, 4));
    }

    #[test]
    fn a_drawn_partition_separates_somebody() {
        let mut stream = Stream::new(1, "test", &[]);
        for nodes in [2, 3, 5].repeat(30) {
            let Partition { one, other } = Partition::draw(nodes, &mut stream);
            assert!(!one.is_empty() && !other.is_empty() && one.is_disjoint(&other));
        }
    }
}
