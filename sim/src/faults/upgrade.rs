//! A node is started again with another version of the wire: one step of a rolling upgrade, or of
//! its undoing.
//!
//! It loses its memory as in a [`crate::faults::Crash`], and under the same budget.

use std::fmt;

use peer_ring_proto::WireVersion;
use peer_ring_proto::hello::Protocols;

use crate::budget;
use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node is started again with another version of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// Which node.
    pub node: NodeIndex,
    /// The newest version that it speaks from then on.
    pub newest: WireVersion,
}

impl Upgrade {
    /// Any node, up or down.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        Self { node: draw_node(nodes, stream), newest: *stream.pick(&WireVersion::ALL) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let node = words.node()?;
        words.the("to")?;
        words.the("wire")?;
        Ok(Self { node, newest: words.wire()? })
    }
}

impl Meddle for Upgrade {
    fn begin(&self, world: &mut World) -> Begun {
        if !budget::allows_crash(world, self.node) {
            return Begun::OverBudget;
        }
        world.crash(self.node);
        world.set_wire(self.node, Protocols::OURS.at_most(self.newest.number()));
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.start(self.node);
    }
}

impl fmt::Display for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to wire {}", self.node, self.newest)
    }
}
