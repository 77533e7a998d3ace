//! A node loses its memory, stays away for a while, and starts again with none.
//!
//! It comes back on its seat with a new identity. The fault lasts as long as it is away. Whether
//! the cluster can bear it is for [`crate::budget`] to say.

use std::fmt;

use crate::budget;
use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node loses its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Which node.
    pub node: NodeIndex,
}

impl Crash {
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

impl Meddle for Crash {
    fn begin(&self, world: &mut World) -> Begun {
        if !budget::allows_crash(world, self.node) {
            return Begun::OverBudget;
        }
        world.crash(self.node);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.start(self.node);
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
