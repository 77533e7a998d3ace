//! Both links between two nodes break at once, and are made again.
//!
//! What was on its way is lost. Each side learns it by itself, and takes what it was waiting for
//! as lost, while some of it may have been done.

use std::fmt;

use crate::faults::scope::draw_hop;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, World};

/// Links break, and are made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sever {
    /// Between which two nodes.
    pub between: Hop,
}

impl Sever {
    /// Any two nodes.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        Self { between: draw_hop(nodes, stream) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let from = words.node()?;
        words.the("<->")?;
        Ok(Self { between: Hop { from, to: words.node()? } })
    }
}

impl Meddle for Sever {
    fn begin(&self, world: &mut World) -> Begun {
        world.sever(self.between);
        Begun::Yes
    }
}

impl fmt::Display for Sever {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <-> {}", self.between.from, self.between.to)
    }
}
