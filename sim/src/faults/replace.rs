//! A node loses its memory and all that it kept on disk, and starts again as somebody else on its
//! seat.
//!
//! Where nodes keep nothing this is a [`crate::faults::Crash`]. The fault lasts as long as it is
//! away.

use std::fmt;

use crate::budget;
use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node starts again with nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// Which node.
    pub node: NodeIndex,
}

impl Replace {
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

impl Meddle for Replace {
    fn begin(&self, world: &mut World) -> Begun {
        if !budget::allows_wipe(world, self.node) {
            return Begun::OverBudget;
        }
        world.crash(self.node);
        world.wipe(self.node);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.start(self.node);
    }
}

impl fmt::Display for Replace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
