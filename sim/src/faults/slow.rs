//! A link has little room: messages wait for those before them, and a full queue refuses more.
//!
//! The ways that it is felt on share the room, as those through one uplink do.

use std::fmt;
use std::time::Duration;

use crate::faults::{Meddle, Memory, Passage, Scope};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::Letter;

/// The longest that one message takes, or that a queue makes one wait: beyond it senders give up.
const MOST: Duration = Duration::from_secs(2);

/// A link has little room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slow {
    /// Where.
    pub scope: Scope,
    /// How many bytes get through in a second.
    pub bytes_per_second: u64,
    /// How many bytes may wait.
    pub queue_bytes: u64,
}

impl Slow {
    /// Room for some ten to some thousand messages a second, and a queue of at most two seconds.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let scope = Scope::draw(nodes, stream);
        let bytes_per_second = *stream.pick(&[2_000, 20_000, 200_000]);
        let queue_bytes = bytes_per_second * *stream.pick(&[20, 200, 2_000]) / 1_000;
        Self { scope, bytes_per_second, queue_bytes }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let scope = Scope::read(words)?;
        let bytes_per_second = words.number("a number of bytes a second")?;
        if bytes_per_second == 0 {
            return Err(Wrong("a link that lets nothing through is cut".to_owned()));
        }
        words.the("B/s")?;
        words.the("queue")?;
        let queue_bytes = words.number("a number of bytes")?;
        words.the("B")?;
        Ok(Self { scope, bytes_per_second, queue_bytes })
    }

    fn takes(&self, bytes: u64) -> Duration {
        let takes = Duration::from_micros(bytes.saturating_mul(1_000_000) / self.bytes_per_second);
        takes.min(MOST)
    }
}

impl Meddle for Slow {
    fn touch(&self, letter: Letter, memory: &mut Memory, passage: &mut Passage) {
        if !self.scope.covers(letter.hop) {
            return;
        }
        let wait = memory.busy_until.since(letter.at);
        if wait > self.takes(self.queue_bytes) {
            passage.is_refused = true;
            return;
        }
        let late_by = wait + self.takes(letter.bytes);
        memory.busy_until = letter.at + late_by;
        passage.late_by += late_by;
    }
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} B/s queue {} B", self.scope, self.bytes_per_second, self.queue_bytes)
    }
}
