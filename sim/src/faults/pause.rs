//! A node does nothing for a while: a suspended machine, a process stopped by a signal.
//!
//! Its clocks go on, its peers hear nothing, and what is sent to it waits. Then all of that comes
//! at once, and every deadline that has passed meanwhile is due.

use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node does nothing for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Which node.
    pub node: NodeIndex,
}

impl Pause {
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

impl Meddle for Pause {
    fn begin(&self, world: &mut World) -> Begun {
        world.pause(self.node);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.resume(self.node);
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
