//! Where a fault of the network is felt.

use std::fmt;

use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, NodeIndex};

/// Some of the ways between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Everywhere,
    /// All that start at this node.
    From(NodeIndex),
    /// All that end at this node.
    To(NodeIndex),
    /// Both ways between these two nodes.
    Between(NodeIndex, NodeIndex),
    /// This way alone.
    Over(Hop),
}

impl Scope {
    /// Whether `hop` is among them.
    #[must_use]
    pub fn covers(self, hop: Hop) -> bool {
        match self {
            Self::Everywhere => true,
            Self::From(node) => hop.from == node,
            Self::To(node) => hop.to == node,
            Self::Between(one, other) => {
                let there = Hop { from: one, to: other };
                hop == there || hop == there.back()
            }
            Self::Over(way) => hop == way,
        }
    }

    /// The scope that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        if words.is_next("everywhere") {
            return Ok(Self::Everywhere);
        }
        if words.is_next("*") {
            words.the("->")?;
            return Ok(Self::To(words.node()?));
        }
        let from = words.node()?;
        if words.is_next("<->") {
            return Ok(Self::Between(from, words.node()?));
        }
        words.the("->")?;
        if words.is_next("*") {
            return Ok(Self::From(from));
        }
        Ok(Self::Over(Hop { from, to: words.node()? }))
    }

    /// Any scope in a cluster of `nodes` nodes, of which there are at least two.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let hop = draw_hop(nodes, stream);
        match stream.below(5) {
            0 => Self::Everywhere,
            1 => Self::From(hop.from),
            2 => Self::To(hop.to),
            3 => Self::Between(hop.from, hop.to),
            _ => Self::Over(hop),
        }
    }
}

/// Any node of a cluster.
pub(super) fn draw_node(nodes: u8, stream: &mut Stream) -> NodeIndex {
    let node = stream.below(nodes.into());
    NodeIndex(u8::try_from(node).expect("below a u8"))
}

/// Any way between two nodes of a cluster.
pub(super) fn draw_hop(nodes: u8, stream: &mut Stream) -> Hop {
    let from = draw_node(nodes, stream);
    let others: Vec<_> = (0..nodes).map(NodeIndex).filter(|node| *node != from).collect();
    Hop { from, to: *stream.pick(&others) }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => write!(f, "everywhere"),
            Self::From(node) => write!(f, "{node} -> *"),
            Self::To(node) => write!(f, "* -> {node}"),
            Self::Between(one, other) => write!(f, "{one} <-> {other}"),
            Self::Over(hop) => hop.fmt(f),
        }
    }
}
