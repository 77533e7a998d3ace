//! Messages are late: a congested link, a slow receiver.
//!
//! Those sent after a late one wait behind it, as they do on a connection that keeps order.

use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage, Scope};
use crate::random::{Chance, Stream};
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::world::Letter;

/// Messages are late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// Where.
    pub scope: Scope,
    /// How many.
    pub chance: Chance,
    /// By how much at most.
    pub most: Duration,
}

impl Delay {
    /// Some or all messages, by some milliseconds or about a second.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let chance = *stream.pick(&[2, 20, 100]);
        let most_ms = *stream.pick(&[5, 50, 300, 1_500]);
        Self {
            scope: Scope::draw(nodes, stream),
            chance: Chance::percent(chance),
            most: Duration::from_millis(most_ms),
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

impl Meddle for Delay {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        if self.scope.covers(letter.hop) && memory.stream.happens(self.chance.times(letter.rise)) {
            passage.late_by += memory.stream.span(&(Duration::ZERO..=self.most));
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} by {}", self.scope, self.chance, Span(self.most))
    }
}
