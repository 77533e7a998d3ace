//! Discovery tells nobody anything: its source is down.
//!
//! All go on with what they were told before; who starts meanwhile is told nothing at all until it
//! is over.

use std::fmt;

use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::World;

/// Discovery tells nobody anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryOutage;

impl DiscoveryOutage {
    /// There is but one.
    #[must_use]
    pub fn draw(_nodes: u8, _: &mut Stream) -> Self {
        Self
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        words.the("everywhere").map(|()| Self)
    }
}

impl Meddle for DiscoveryOutage {
    fn begin(&self, world: &mut World) -> Begun {
        world.begin_outage();
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.end_outage();
    }
}

impl fmt::Display for DiscoveryOutage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("everywhere")
    }
}
