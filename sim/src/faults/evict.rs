//! A node loses its memory and stays away for so long that the others go on without it.
//!
//! Whether they do is up to them: it is a [`crate::faults::Crash`] that lasts longer than they wait,
//! and that the cluster can bear as one member less.

use std::fmt;

use crate::budget;
use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node stays away for so long that it is evicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evict {
    /// Which node.
    pub node: NodeIndex,
}

impl Evict {
    /// Any node.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        Self { node: draw_node(nodes, stream) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        Ok(Self { node: words.node()? })
    }
}

impl Meddle for Evict {
    fn begin(&self, world: &mut World) -> Begun {
        if !budget::allows_eviction(world, self.node) {
            return Begun::OverBudget;
        }
        world.crash(self.node);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.start(self.node);
    }
}

impl fmt::Display for Evict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
