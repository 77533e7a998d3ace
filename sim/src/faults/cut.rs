//! Nothing gets through in one direction: a firewall, a route that fell out of a table.
//!
//! The sender is told nothing and goes on sending; what comes the other way arrives.

use std::fmt;
use std::time::Duration;

use crate::faults::scope::draw_hop;
use crate::faults::{Meddle, Memory, Passage};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, Letter};

/// Nothing gets through in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// In which.
    pub hop: Hop,
}

impl Cut {
    /// Any direction between any two nodes.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        Self { hop: draw_hop(nodes, stream) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        Ok(Self { hop: words.hop()? })
    }
}

impl Meddle for Cut {
    fn touch(&self, letter: Letter, _: &mut Memory, passage: &mut Passage) {
        passage.is_lost |= self.cuts(letter.hop, Duration::ZERO);
    }

    fn cuts(&self, hop: Hop, _: Duration) -> bool {
        self.hop == hop
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hop.fmt(f)
    }
}
