//! Probes are lost in one direction, and nothing else is: the storm of suspicions that a queue
//! before a busy thread makes.

use std::fmt;

use crate::faults::scope::draw_hop;
use crate::faults::{Meddle, Memory, Passage};
use crate::random::{Chance, Stream};
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, Letter};

/// Probes are lost in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeLoss {
    /// In which.
    pub hop: Hop,
    /// How many of them, and of the answers to others.
    pub chance: Chance,
}

impl ProbeLoss {
    /// Some or all of them, between any two nodes.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let chance = Chance::percent(*stream.pick(&[50, 90, 100]));
        Self { hop: draw_hop(nodes, stream), chance }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        Ok(Self { hop: words.hop()?, chance: words.chance()? })
    }
}

impl Meddle for ProbeLoss {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        if letter.is_probe && letter.hop == self.hop {
            passage.is_lost |= memory.stream.happens(self.chance);
        }
    }
}

impl fmt::Display for ProbeLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hop, self.chance)
    }
}
