//! Nodes stand in a circle, and each hears its two neighbours only.
//!
//! With five nodes each sees a majority, and no two of them see the same one: what Jepsen calls a
//! majorities ring.

use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, Letter, NodeIndex};

/// Nodes stand in a circle, and each hears its neighbours only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// The nodes, each beside the one before it and the one after it.
    pub nodes: Vec<NodeIndex>,
}

impl Circle {
    /// All nodes in any order.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let mut nodes: Vec<_> = (0..nodes).map(NodeIndex).collect();
        stream.shuffle(&mut nodes);
        Self { nodes }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        words.nodes(|_| false).map(|nodes| Self { nodes })
    }
}

impl Meddle for Circle {
    fn touch(&self, letter: Letter, _: &mut Memory, passage: &mut Passage) {
        passage.is_lost |= self.cuts(letter.hop, Duration::ZERO);
    }

    fn cuts(&self, hop: Hop, _: Duration) -> bool {
        let place = |node| self.nodes.iter().position(|at| *at == node);
        let (Some(from), Some(to)) = (place(hop.from), place(hop.to)) else {
            return false;
        };
        let apart = from.abs_diff(to);
        apart > 1 && apart < self.nodes.len() - 1
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.nodes.iter().map(NodeIndex::to_string).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_five_hears_two_others_and_no_two_hear_the_same() {
        let circle = Circle { nodes: (0..5).map(NodeIndex).collect() };
        let hears = |node: u8| {
            let hop = |from| Hop { from: NodeIndex(from), to: NodeIndex(node) };
            let others = (0..5).filter(|from| *from != node);
            others.filter(|from| !circle.cuts(hop(*from), Duration::ZERO)).collect::<Vec<_>>()
        };
        assert_eq!([hears(0), hears(1), hears(4)], [vec![1, 4], vec![0, 2], vec![0, 3]]);
    }
}
