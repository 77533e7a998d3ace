//! Steps: what a scene can tell a cluster to do, and what it can ask of it.

use std::num::NonZeroU8;
use std::time::Duration;

use crate::world::{Hop, NodeIndex};

/// One step of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The cluster begins.
    Nodes(Layout),
    /// The replicas and quorums of the requests from here on.
    Quorums(Quorums),
    /// A node is asked.
    Ask(Question),
    /// The answer to an earlier question is waited for.
    Answer(String),
    /// A node loses its memory.
    Crash(NodeIndex),
    /// A node that is down starts, with nothing in its memory.
    Start(NodeIndex),
    /// A node does nothing from here on.
    Pause(NodeIndex),
    /// A paused node goes on.
    Resume(NodeIndex),
    /// A node's wall clock is set forward, or back.
    Clock {
        /// Whose clock.
        node: NodeIndex,
        /// By how many milliseconds.
        by_ms: i64,
    },
    /// Something is wrong with these ways until they are healed.
    Harm(Vec<Hop>, Harm),
    /// Nothing is wrong with any way any more.
    Heal,
    /// Time passes.
    Wait(Duration),
    /// Time passes until every node is up, linked and filled.
    Settle,
    /// Something is looked at that no client sees.
    Show(Show),
}

/// A cluster's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How many nodes there are.
    pub nodes: u8,
    /// How many owners each partition has.
    pub replicas: u8,
}

/// Replicas and quorums; what is not said is left to the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quorums {
    /// How many replicas.
    pub n: Option<NonZeroU8>,
    /// How many of them must answer a read.
    pub r: Option<NonZeroU8>,
    /// How many of them must acknowledge a write.
    pub w: Option<NonZeroU8>,
}

impl Quorums {
    /// These, and where they say nothing, `others`.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self { n: self.n.or(others.n), r: self.r.or(others.r), w: self.w.or(others.w) }
    }
}

/// A question to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which node.
    pub node: NodeIndex,
    /// What is asked.
    pub request: Request,
    /// Replicas and quorums, where they differ from the scene's.
    pub quorums: Quorums,
    /// How long it may take.
    pub within: Duration,
    /// Under which name the answer is waited for later; when there is none, it is waited for here.
    pub label: Option<String>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The store is to write a value.
    Put {
        /// Its key.
        key: String,
        /// The value.
        value: String,
    },
    /// The store is to read a value.
    Get {
        /// Its key.
        key: String,
    },
    /// The store is to delete a value.
    Delete {
        /// Its key.
        key: String,
    },
    /// The tally is to add to a sum, which its primary does.
    Add {
        /// The sum's key.
        key: String,
        /// How much.
        by: u64,
    },
}

impl Request {
    /// Whether it writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Put { .. } | Self::Delete { .. } | Self::Add { .. } => true,
            Self::Get { .. } => false,
        }
    }
}

/// What is wrong with a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Nothing gets over it, and no link can be made.
    Cut,
    /// Every message is lost, while links stand and can be made.
    Loss,
    /// Everything is later by so much.
    Late(Duration),
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// What each owner holds of a value in the store.
    Value(String),
    /// What each owner holds of a sum in the tally.
    Sum(String),
    /// Whom a node thinks alive, suspect or down.
    Peers(NodeIndex),
    /// The owners of every partition.
    Ring,
    /// The owners of a key.
    Owners(String),
}
