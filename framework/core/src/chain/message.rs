//! What voters and proposers say to each other, and what a voter keeps.

use std::sync::Arc;

use crate::id::{Epoch, Seat};
use crate::ring::Ring;

/// The number of an attempt to decide: of two, the greater one wins.
///
/// No two attempts have the same, be they of one node before and after it forgot everything: the
/// lower half of a round is drawn afresh at every start of a proposer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Which attempt.
    pub round: u64,
    /// Whose; settles what would be a tie.
    pub seat: Seat,
}

impl Ballot {
    /// The first round that nobody's ballot has: whoever had promised the last ones of all could
    /// never promise anything again.
    const ROUND_LIMIT: u64 = 1 << 63;

    /// Whether a voter may promise it.
    #[must_use]
    pub fn is_credible(self) -> bool {
        self.round < Self::ROUND_LIMIT
    }

    /// That of the next attempt after this one, of the proposer on `seat` that drew `start` when
    /// it started.
    #[must_use]
    pub fn next(self, seat: Seat, start: u32) -> Self {
        let count = (self.round >> u32::BITS) + 1;
        Self { round: count << u32::BITS | u64::from(start), seat }
    }
}

/// What is said about the decision which ring comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Promise me not to accept anything for this epoch under a lesser ballot.
    Prepare {
        /// The epoch to be decided.
        epoch: Epoch,
        /// The proposer's ballot.
        ballot: Ballot,
    },
    /// I promise that.
    Promise {
        /// The epoch to be decided.
        epoch: Epoch,
        /// The ballot that was prepared.
        ballot: Ballot,
        /// What I accepted before, under the greatest ballot of those.
        accepted: Option<(Ballot, Arc<Ring>)>,
    },
    /// Accept this ring, which is of the epoch to be decided.
    Accept {
        /// The proposer's ballot.
        ballot: Ballot,
        /// The ring.
        ring: Arc<Ring>,
    },
    /// I have accepted it.
    Accepted {
        /// The epoch to be decided.
        epoch: Epoch,
        /// The ballot under which I did.
        ballot: Ballot,
    },
    /// I have promised a greater ballot to somebody else.
    Reject {
        /// The epoch to be decided.
        epoch: Epoch,
        /// The greatest ballot that I have promised.
        promised: Ballot,
    },
}

/// What a voter must not forget. A node that may restart keeps it before anything that follows from
/// it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The latest ring that was decided, as far as this node knows.
    pub ring: Option<Arc<Ring>>,
    /// The greatest ballot that it has promised for the next epoch.
    pub promised: Ballot,
    /// What it accepted for the next epoch.
    pub accepted: Option<(Ballot, Arc<Ring>)>,
}
