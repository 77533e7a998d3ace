//! A clock runs too fast or too slow, and so do all deadlines of its node.

use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A clock runs too fast or too slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Whose.
    pub node: NodeIndex,
    /// By how many parts per million it is fast; slow if negative.
    pub ppm: i32,
}

impl Drift {
    /// What quartz does, or ten times as fast or slow as it should ever be.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let ppm = *stream.pick(&[200, 5_000, 100_000]);
        let ppm = if stream.below(2) == 0 { ppm } else { -ppm };
        Self { node: draw_node(nodes, stream), ppm }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let node = words.node()?;
        words.the("by")?;
        let ppm = words.number("a number of parts per million")?;
        words.the("ppm")?;
        Ok(Self { node, ppm })
    }
}

impl Meddle for Drift {
    fn begin(&self, world: &mut World) -> Begun {
        world.set_drift(self.node, self.ppm);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.set_drift(self.node, 0);
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {:+} ppm", self.node, self.ppm)
    }
}
