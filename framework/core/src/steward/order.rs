//! What an operator may order, and what is shown to one.

use thiserror::Error;

use crate::actor::Wall;
use crate::id::{Epoch, NodeName};
use crate::ring::report::{Crowding, Load, Moves};
use crate::ring::{Reason, RingError};

/// What an operator orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Make the change that [`Plan`] describes, held or not, and let the ring change again.
    Apply {
        /// The ring for which it was planned; `None` for whichever it is.
        epoch: Option<Epoch>,
        /// What is changed besides what happens by itself.
        change: Change,
    },
    /// Give up the change that is under way, and change nothing more before an [`Order::Apply`].
    Cancel,
    /// Hand over what this node owns. It is ready to stop when it is no member any more.
    Leave,
    /// Go on without these voters, who are gone for good. What only they knew is lost.
    Recover {
        /// Their names.
        lost: Vec<NodeName>,
    },
}

/// What an operator changes besides what happens by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Members that go.
    pub remove: Vec<NodeName>,
    /// Members that get another weight.
    pub weights: Vec<(NodeName, u32)>,
}

/// Why an order is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderRefused {
    /// There is no ring yet.
    #[error("this node has no ring yet")]
    NoRing,
    /// The ring is not the one for which the change was planned.
    #[error("the ring is {found} by now, and the plan was for ring {planned}: plan again")]
    Outdated {
        /// The one for which it was planned.
        planned: Epoch,
        /// The one it is.
        found: Epoch,
    },
    /// A change is under way.
    #[error("a change is under way: wait until it has settled, or cancel it")]
    Busy,
    /// Nothing is to be changed.
    #[error("nothing is to be changed")]
    Nothing,
    /// Nothing is under way.
    #[error("no change is under way")]
    Idle,
    /// There is no such member.
    #[error("{name} is no member")]
    NotAMember {
        /// The name.
        name: NodeName,
    },
    /// A voter that is said to be lost is there.
    #[error("{name} is there: only who is gone for good can be left behind")]
    NotLost {
        /// Its name.
        name: NodeName,
    },
    /// The voters that are left suffice to decide as usual.
    #[error("enough voters are left: evict who is gone instead")]
    NotNeeded,
    /// Too few voters answered. It may be decided all the same, if they heard of it.
    #[error("too few voters answered: look at the ring before you try again")]
    NotDecided,
    /// The change makes no ring.
    #[error(transparent)]
    Ring(#[from] RingError),
}

/// A change, before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The ring that it starts from.
    pub epoch: Epoch,
    /// Nodes that come.
    pub join: Vec<NodeName>,
    /// Members that go: of their own wish, or down for too long, or removed.
    pub leave: Vec<NodeName>,
    /// What each member has before.
    pub before: Vec<Load>,
    /// What each member has afterwards.
    pub after: Vec<Load>,
    /// How much moves.
    pub moves: Moves,
    /// About how many bytes of records that are.
    pub bytes: u64,
    /// How many of them a node may take in a second.
    pub bytes_per_second: u64,
    /// Where zones are too few or too small afterwards.
    pub crowding: Crowding,
    /// Whether it is made without anybody's order, and why not.
    pub waits: Option<&'static str>,
}

impl Plan {
    /// Whether there is anything to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves == Moves::default() && self.join.is_empty() && self.leave.is_empty()
    }
}

/// One ring of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its number.
    pub epoch: Epoch,
    /// Why there was it.
    pub reason: Reason,
    /// When it was proposed, on its proposer's clock.
    pub decided_at: Wall,
    /// Who was in it that was not before.
    pub joined: Vec<NodeName>,
    /// Who was not in it any more.
    pub left: Vec<NodeName>,
    /// How much it moved.
    pub moves: Moves,
}
