//! Messages arrive twice, the second time after a while.
//!
//! No transport in use does this by itself. A sender that tries again does, and the actors must
//! bear it. The exception is a forwarded command: it is sent once or, after a definite refusal, to
//! another node; arriving twice it would be two commands.

use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage, Scope};
use crate::random::{Chance, Stream};
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::world::Letter;

/// Messages arrive twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Where.
    pub scope: Scope,
    /// How many.
    pub chance: Chance,
    /// How long after the first at most.
    pub most: Duration,
}

impl Duplicate {
    /// Some or most messages, at once or up to a second later.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let chance = *stream.pick(&[5, 30, 90]);
        let most_us = *stream.pick(&[200, 5_000, 100_000, 1_000_000]);
        Self {
            scope: Scope::draw(nodes, stream),
            chance: Chance::percent(chance),
            most: Duration::from_micros(most_us),
        }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let (scope, chance) = (Scope::read(words)?, words.chance()?);
        words.the("within")?;
        Ok(Self { scope, chance, most: words.span()? })
    }
}

impl Meddle for Duplicate {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        let is_hit =
            self.scope.covers(letter.hop) && memory.stream.happens(self.chance.times(letter.rise));
        if is_hit && letter.is_repeatable {
            passage.again_after = Some(memory.stream.span(&(Duration::ZERO..=self.most)));
        }
    }
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} within {}", self.scope, self.chance, Span(self.most))
    }
}
