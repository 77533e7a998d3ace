//! A node is told to hand over what it has, and goes when it has done so.
//!
//! It starts again when the fault is over, if it has gone by then, unless it left for good.

use std::fmt;

use crate::budget;
use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A node hands over what it has, and goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Which node.
    pub node: NodeIndex,
    /// Whether it never comes back.
    pub is_for_good: bool,
}

impl Leave {
    /// Any node, as often for good as not.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        Self { node: draw_node(nodes, stream), is_for_good: stream.below(2) == 0 }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let node = words.node()?;
        let is_for_good = words.is_next("for");
        if is_for_good {
            words.the("good")?;
        }
        Ok(Self { node, is_for_good })
    }
}

impl Meddle for Leave {
    fn begin(&self, world: &mut World) -> Begun {
        if !budget::allows_leave(world, self.node) {
            return Begun::OverBudget;
        }
        world.leave(self.node);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        if !self.is_for_good {
            world.start(self.node);
        }
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let for_good = if self.is_for_good { " for good" } else { "" };
        write!(f, "{}{for_good}", self.node)
    }
}
