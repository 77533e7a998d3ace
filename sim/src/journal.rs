//! The journal of a run: what clients asked, and what came of it.
//!
//! It is all that most checkers see, as it is all that clients see. A call has a definite outcome
//! or none: who was not answered, or was told that the write may have happened, does not know, and
//! the write may take effect at any time after it was asked for, or never.

use peer_ring_core::actor::Wall;
use peer_ring_core::failure::Failure;

use crate::time::Moment;
use crate::world::NodeIndex;

/// What the clients of a run asked, in the order in which they asked.
#[derive(Clone, Debug)]
pub struct Journal<C, R>(Vec<Entry<C, R>>);

/// One call of one client.
#[derive(Clone, Debug)]
pub struct Entry<C, R> {
    /// The number of the call.
    pub id: u32,
    /// Which client.
    pub client: u32,
    /// Which node it asked.
    pub node: NodeIndex,
    /// What it asked.
    pub call: C,
    /// What the node's wall clock showed then.
    pub wall: Wall,
    /// When it asked.
    pub invoked: Moment,
    /// What came of it.
    pub outcome: Outcome<R>,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub enum Outcome<R> {
    /// Nobody knows: there is no answer yet, or there will never be one.
    Unknown,
    /// It was done.
    Done {
        /// When the client was answered.
        returned: Moment,
        /// The earliest time that any wall clock showed while the call was under way.
        earliest_wall: Wall,
        /// The latest time that any wall clock had shown by then.
        latest_wall: Wall,
        /// The answer.
        reply: R,
    },
    /// It was not done, and will not be.
    Failed {
        /// When the client was told.
        returned: Moment,
        /// Why; `None` when there was nobody to be asked.
        failure: Option<Failure>,
    },
}

impl<C, R> Default for Journal<C, R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C, R> Journal<C, R> {
    /// Adds a call, and gives it its place.
    pub fn begin(&mut self, entry: Entry<C, R>) -> usize {
        self.0.push(entry);
        self.0.len() - 1
    }

    /// Says what came of a call, unless that was said before.
    pub fn end(&mut self, place: usize, outcome: Outcome<R>) {
        let entry = &mut self.0[place];
        match entry.outcome {
            Outcome::Unknown => entry.outcome = outcome,
            Outcome::Done { .. } | Outcome::Failed { .. } => {}
        }
    }

    /// The call at this place.
    #[must_use]
    pub fn get(&self, place: usize) -> &Entry<C, R> {
        &self.0[place]
    }

    /// All calls, in the order in which they were made.
    #[must_use]
    pub fn entries(&self) -> &[Entry<C, R>] {
        &self.0
    }

    /// The calls that were done, with their replies.
    pub fn done(&self) -> impl Iterator<Item = (&Entry<C, R>, &R)> {
        self.0.iter().filter_map(|entry| Some((entry, entry.reply()?)))
    }
}

impl<C, R> Entry<C, R> {
    /// The reply, if it was done.
    #[must_use]
    pub fn reply(&self) -> Option<&R> {
        match &self.outcome {
            Outcome::Done { reply, .. } => Some(reply),
            Outcome::Unknown | Outcome::Failed { .. } => None,
        }
    }

    /// When the client was told what came of it, if it ever was.
    #[must_use]
    pub fn returned(&self) -> Option<Moment> {
        match &self.outcome {
            Outcome::Done { returned, .. } | Outcome::Failed { returned, .. } => Some(*returned),
            Outcome::Unknown => None,
        }
    }

    /// Whether it may have taken effect, or may still do so.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self.outcome {
            Outcome::Unknown | Outcome::Done { .. } => true,
            Outcome::Failed { .. } => false,
        }
    }
}
