//! Messages overtake each other.
//!
//! Within one connection they do not. But a peer may be linked by two connections while one is
//! being replaced, and a node's threads take turns as they please.

use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage, Scope};
use crate::random::{Chance, Stream};
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::world::Letter;

/// Messages overtake each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reorder {
    /// Where.
    pub scope: Scope,
    /// How many of them are held up without holding up those behind.
    pub chance: Chance,
    /// For how long at most.
    pub most: Duration,
}

impl Reorder {
    /// Some or many messages, by a fraction of a millisecond up to half a second.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let chance = *stream.pick(&[5, 30, 80]);
        let most_us = *stream.pick(&[500, 5_000, 50_000, 500_000]);
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
        words.the("by")?;
        Ok(Self { scope, chance, most: words.span()? })
    }
}

impl Meddle for Reorder {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        if self.scope.covers(letter.hop) && memory.stream.happens(self.chance.times(letter.rise)) {
            passage.may_overtake = true;
            passage.late_by += memory.stream.span(&(Duration::ZERO..=self.most));
        }
    }
}

impl fmt::Display for Reorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} by {}", self.scope, self.chance, Span(self.most))
    }
}
