//! Nodes are cut off one by one, and let in again one by one in another order.
//!
//! FoundationDB's testers found that this finds more than its parts: each step makes another
//! minority.

use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage};
use crate::random::Stream;
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, Letter, NodeIndex};

/// Nodes are cut off one by one, and let in again in another order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swizzle {
    /// The order in which they are cut off.
    pub off: Vec<NodeIndex>,
    /// The order in which they are let in again.
    pub on: Vec<NodeIndex>,
    /// The time between two steps.
    pub every: Duration,
}

impl Swizzle {
    /// Some or all nodes, in any order.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let mut off: Vec<_> = (0..nodes).map(NodeIndex).collect();
        stream.shuffle(&mut off);
        off.truncate(1 + stream.index(off.len()));
        let mut on = off.clone();
        stream.shuffle(&mut on);
        let every_ms = *stream.pick(&[20, 200, 500]);
        Self { off, on, every: Duration::from_millis(every_ms) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let off = words.nodes(|word| word == "then")?;
        words.the("then")?;
        let on = words.nodes(|word| word == "every")?;
        words.the("every")?;
        let every = words.span()?;
        if off.len() != on.len() || !off.iter().all(|node| on.contains(node)) {
            return Err(Wrong("the same nodes must be cut off and let in again".to_owned()));
        }
        Ok(Self { off, on, every })
    }

    fn is_off(&self, node: NodeIndex, age: Duration) -> bool {
        let place = |nodes: &[NodeIndex]| nodes.iter().position(|at| *at == node);
        let steps = |count: usize| self.every * u32::try_from(count).expect("at most a hundred");
        let (Some(off), Some(on)) = (place(&self.off), place(&self.on)) else {
            return false;
        };
        age >= steps(off) && age < steps(self.off.len() + on)
    }
}

impl Meddle for Swizzle {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        passage.is_lost |= self.cuts(letter.hop, letter.at.since(memory.began));
    }

    fn cuts(&self, hop: Hop, age: Duration) -> bool {
        self.is_off(hop.from, age) || self.is_off(hop.to, age)
    }
}

impl fmt::Display for Swizzle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |nodes: &[NodeIndex]| {
            let names: Vec<_> = nodes.iter().map(NodeIndex::to_string).collect();
            names.join(" ")
        };
        write!(f, "{} then {} every {}", names(&self.off), names(&self.on), Span(self.every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_go_and_come_back_one_by_one() {
        let nodes = |nodes: &[u8]| nodes.iter().copied().map(NodeIndex).collect::<Vec<_>>();
        let (off, on) = (nodes(&[0, 1, 2]), nodes(&[2, 0, 1]));
        let swizzle = Swizzle { off, on, every: Duration::from_millis(10) };
        let off_at = |ms| {
            let is_off = |node: &u8| swizzle.is_off(NodeIndex(*node), Duration::from_millis(ms));
            (0..4).filter(is_off).collect::<Vec<_>>()
        };
        assert_eq!([off_at(0), off_at(10), off_at(20)], [vec![0], vec![0, 1], vec![0, 1, 2]]);
        assert_eq!([off_at(30), off_at(40), off_at(50)], [vec![0, 1], vec![1], vec![]]);
    }
}
