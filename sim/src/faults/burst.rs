//! Many ask at once: clients that all retry, a page that everybody opens.
//!
//! They wait for as long as the fault lasts. What they ask is what was last read at any node, so
//! that nothing changes but the load.

use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// Most calls of one burst.
const CALLS_MAX: u32 = 100_000;

/// Many ask at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Whom.
    pub node: NodeIndex,
    /// How many.
    pub calls: u32,
}

impl Burst {
    /// Some tens or hundreds at any node.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        Self { node: draw_node(nodes, stream), calls: *stream.pick(&[30, 200, 500]) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let node = words.node()?;
        let calls = words.number("a number of calls")?;
        words.the("calls")?;
        if calls > CALLS_MAX {
            return Err(Wrong(format!("{calls} calls are more than {CALLS_MAX}")));
        }
        Ok(Self { node, calls })
    }
}

impl Meddle for Burst {
    fn begin(&self, world: &mut World) -> Begun {
        world.repeat_last_read(self.node, self.calls);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.send_nobodies_away(self.node);
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} calls", self.node, self.calls)
    }
}
