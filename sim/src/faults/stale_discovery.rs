//! Discovery tells a node nothing new: a watch that hangs, a cache that is not renewed.
//!
//! It goes on with what it was told before, and is told what has changed when this is over.

use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// Discovery tells a node nothing new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleDiscovery {
    /// Which node.
    pub node: NodeIndex,
}

impl StaleDiscovery {
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

impl Meddle for StaleDiscovery {
    fn begin(&self, world: &mut World) -> Begun {
        world.begin_stale(self.node);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.end_stale(self.node);
    }
}

impl fmt::Display for StaleDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
