//! Messages are lost, each with the same chance, and nobody is told.
//!
//! A TCP connection does not lose single messages. A process that drops some when its queues are
//! full does, and for the protocol above it comes to the same.

use std::fmt;

use crate::faults::{Meddle, Memory, Passage, Scope};
use crate::random::{Chance, Stream};
use crate::schedule::words::{Words, Wrong};
use crate::world::Letter;

/// Messages are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// Where.
    pub scope: Scope,
    /// How many.
    pub chance: Chance,
}

impl Drop {
    /// A loss of one in a hundred to one in two.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let chance = *stream.pick(&[1, 5, 20, 50]);
        Self { scope: Scope::draw(nodes, stream), chance: Chance::percent(chance) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        Ok(Self { scope: Scope::read(words)?, chance: words.chance()? })
    }
}

impl Meddle for Drop {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        passage.is_lost |=
            self.scope.covers(letter.hop) && memory.stream.happens(self.chance.times(letter.rise));
    }
}

impl fmt::Display for Drop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.scope, self.chance)
    }
}
