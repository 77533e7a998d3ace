//! Nothing gets through in one direction, half of the time: a loose plug.

use std::fmt;
use std::time::Duration;

use crate::faults::scope::draw_hop;
use crate::faults::{Meddle, Memory, Passage};
use crate::random::Stream;
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::world::{Hop, Letter};

/// Nothing gets through in one direction, half of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flap {
    /// In which.
    pub hop: Hop,
    /// How long it takes to be lost and to come back; half of that it is lost.
    pub every: Duration,
}

impl Flap {
    /// Any direction, ten times a second up to once in two seconds.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let every_ms = *stream.pick(&[100, 500, 2_000]);
        Self { hop: draw_hop(nodes, stream), every: Duration::from_millis(every_ms) }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let hop = words.hop()?;
        words.the("every")?;
        match words.span()? {
            Duration::ZERO => Err(Wrong("a flapping link needs some time".to_owned())),
            every => Ok(Self { hop, every }),
        }
    }
}

impl Meddle for Flap {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        passage.is_lost |= self.cuts(letter.hop, letter.at.since(memory.began));
    }

    fn cuts(&self, hop: Hop, age: Duration) -> bool {
        self.hop == hop && age.as_nanos() % self.every.as_nanos() < self.every.as_nanos() / 2
    }
}

impl fmt::Display for Flap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} every {}", self.hop, Span(self.every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::NodeIndex;

    #[test]
    fn a_link_is_lost_for_one_half_and_there_for_the_other() {
        let hop = Hop { from: NodeIndex(0), to: NodeIndex(1) };
        let flap = Flap { hop, every: Duration::from_millis(100) };
        let cuts = |ms| flap.cuts(hop, Duration::from_millis(ms));
        assert!(cuts(0) && cuts(49) && !cuts(50) && !cuts(99) && cuts(100));
        assert!(!flap.cuts(hop.back(), Duration::ZERO));
    }
}
