//! A wall clock is set to another time, and set right again later.

use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// A wall clock is set to another time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Whose.
    pub node: NodeIndex,
    /// How far it is set forward, in milliseconds; back if negative.
    pub by_ms: i64,
}

impl Jump {
    /// Milliseconds, seconds or a minute, either way.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let most = *stream.pick(&[10, 3_000, 60_000]);
        let by = stream.within(1..=most).cast_signed();
        let by_ms = if stream.below(2) == 0 { by } else { -by };
        Self { node: draw_node(nodes, stream), by_ms }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let node = words.node()?;
        words.the("by")?;
        let by_ms = words.number("a number of milliseconds")?;
        words.the("ms")?;
        Ok(Self { node, by_ms })
    }
}

impl Meddle for Jump {
    fn begin(&self, world: &mut World) -> Begun {
        world.jump_clock(self.node, self.by_ms);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.jump_clock(self.node, -self.by_ms);
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {:+} ms", self.node, self.by_ms)
    }
}
