//! Messages are changed on their way: bits are flipped, or the end is cut off.
//!
//! A network has checksums of its own, and memory and proxies in between have none. Where the wire
//! has them (from version 2 on), whoever receives such a frame sees it, believes nothing in it and
//! drops the link; what was on its way with it is lost too. In version 1 nobody can tell a changed
//! message from another one, so there a fault of this kind does no worse than that.

use std::fmt;

use bytes::Bytes;

use crate::faults::{Meddle, Memory, Passage, Scope};
use crate::random::{Chance, Stream};
use crate::schedule::words::{Words, Wrong};
use crate::world::Letter;

/// Most bytes in a row whose bits are flipped.
const BURST_BYTES_MAX: u64 = 4;

/// Messages are changed on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Where.
    pub scope: Scope,
    /// How many.
    pub chance: Chance,
    /// How.
    pub how: How,
}

/// How a message is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Some bits of one byte, or of a few in a row, are flipped.
    Flip,
    /// Its end is cut off.
    Truncate,
}

/// What befalls one message: always a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// How it is changed.
    pub how: How,
    /// What decides where: any number.
    pub place: u64,
}

impl Corrupt {
    /// One message in a thousand to one in twenty.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let ppm = *stream.pick(&[1_000, 10_000, 50_000]);
        Self {
            scope: Scope::draw(nodes, stream),
            chance: Chance::ppm(ppm),
            how: *stream.pick(&How::ALL),
        }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let (scope, chance) = (Scope::read(words)?, words.chance()?);
        let name = words.word("flip or truncate")?;
        let how = How::ALL.into_iter().find(|how| how.as_str() == name);
        let how = how.ok_or_else(|| Wrong(format!("'{name}' is not flip or truncate")))?;
        Ok(Self { scope, chance, how })
    }
}

impl How {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Flip, Self::Truncate];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flip => "flip",
            Self::Truncate => "truncate",
        }
    }
}

impl Damage {
    /// What is left of some bytes, of which there is at least one.
    #[must_use]
    pub fn apply(self, bytes: &[u8]) -> Bytes {
        let mut stream = Stream::new(self.place, "damage", &[]);
        let at = stream.index(bytes.len());
        match self.how {
            How::Truncate => Bytes::copy_from_slice(&bytes[..at]),
            How::Flip => {
                let mut bytes = bytes.to_vec();
                let burst = usize::try_from(stream.within(1..=BURST_BYTES_MAX)).expect("a few");
                for byte in bytes[at..].iter_mut().take(burst) {
                    *byte ^= u8::try_from(stream.within(1..=255)).expect("a byte");
                }
                bytes.into()
            }
        }
    }
}

impl Meddle for Corrupt {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        if self.scope.covers(letter.hop) && memory.stream.happens(self.chance.times(letter.rise)) {
            passage.damage = Some(Damage { how: self.how, place: memory.stream.draw() });
        }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.scope, self.chance, self.how.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_never_as_it_was() {
        for place in 0..2_000 {
            for how in How::ALL {
                let bytes = vec![7; 1 + place % 40];
                let damage = Damage { how, place: place as u64 };
                let damaged = damage.apply(&bytes);
                assert_ne!(damaged, bytes, "{damage:?}");
                assert_eq!(damaged, damage.apply(&bytes), "it is the same each time");
            }
        }
    }
}
