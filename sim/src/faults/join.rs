//! A node starts that was not there before, or has left, and wants to be a member.
//!
//! It stays: the fault is over at once.

use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node starts that was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Which node.
    pub node: NodeIndex,
}

impl Join {
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

impl Meddle for Join {
    fn begin(&self, world: &mut World) -> Begun {
        world.start(self.node);
        Begun::Yes
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
