//! What a ring view is made of, hears and says.

use std::sync::Arc;

use thiserror::Error;

use crate::chain;
use crate::id::{CallerId, Epoch, Seat};
use crate::key::Partitions;
use crate::membership::Fact;
use crate::peer::Body;
use crate::ring::{Ring, RingError, Strategy};
use crate::standing::{Report, Standing};
use crate::steward::{Order, OrderRefused};
use crate::view::Health;

/// What the ring of a new cluster is made of, besides members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How partitions are placed.
    pub strategy: Strategy,
    /// How many partitions there are.
    pub partitions: Partitions,
    /// How many owners each partition has.
    pub replicas: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { strategy: Strategy::default(), partitions: Partitions::default(), replicas: 3 }
    }
}

/// What can happen to a ring view.
#[derive(Debug)]
pub enum In {
    /// Discovery has something to say.
    Fact(Fact),
    /// Peers come or go.
    Health(Arc<Health>),
    /// A link to a peer stands.
    Linked(Seat),
    /// A peer says where it stands.
    Standing(Box<Standing>),
    /// A peer says that this ring has been decided.
    Ring(Arc<Ring>),
    /// A peer's word about the next ring.
    Chain {
        /// Which peer.
        from: Seat,
        /// What it says.
        word: chain::Word,
    },
    /// What a shard of this node reports.
    Shard {
        /// Which shard.
        index: u8,
        /// What it says.
        report: Report,
    },
    /// An operator orders something.
    Order {
        /// Who is to be answered.
        caller: CallerId,
        /// What is ordered.
        order: Order,
    },
    /// All that was to be kept up to this number is.
    Kept(u64),
}

/// What a ring view asks for.
#[derive(Clone, Debug)]
pub enum Out {
    /// This is the ring from now on.
    Ring(Arc<Ring>),
    /// Say this to a peer; it may be lost.
    Say {
        /// Which peer.
        to: Seat,
        /// What to say.
        body: Body,
    },
    /// Keep this instead of what was kept before, and say [`In::Kept`].
    Keep {
        /// Greater than that of all before it.
        number: u64,
        /// What to keep.
        state: chain::State,
    },
    /// Answer an operator.
    Answer {
        /// Who ordered.
        caller: CallerId,
        /// The ring that came of it, or why none does.
        result: Result<Epoch, OrderRefused>,
    },
    /// This node is no member any more and holds nothing that others lack.
    Left,
    /// There can be no ring: the node must stop and say so.
    Impossible(NoRing),
}

/// What a ring view counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Attempts of this node to have a ring decided.
    pub proposed: u64,
    /// Rings that this node has learnt, each decided once.
    pub learnt: u64,
}

/// Why there can be no ring.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoRing {
    /// The cluster has another number of partitions than this node was told.
    #[error(
        "the cluster has {theirs} partitions, and this node was told {ours}: the number is chosen \
         when a cluster is founded, set ring.partitions to {theirs}"
    )]
    Partitions {
        /// How many this node was told.
        ours: u32,
        /// How many there are.
        theirs: u32,
    },
    /// The nodes that see each other make no ring.
    #[error(transparent)]
    Ring(#[from] RingError),
}
