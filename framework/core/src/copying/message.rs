//! What copying hears and says.

use std::sync::Arc;

use crate::id::{NodeId, PartitionId, RequestId, Seat};
use crate::peer::{Entry, Response};
use crate::replica::{Errand, Wants};
use crate::ring::Ring;
use crate::transfer::Kind;

/// What can happen while replicas get data from others.
#[derive(Debug)]
pub enum In {
    /// The ring has changed.
    Ring(Arc<Ring>),
    /// What a replica must get from others under this ring.
    Wants {
        /// Which partition's.
        partition: PartitionId,
        /// What.
        wants: Wants,
    },
    /// An owner's answer to a page request.
    Answer {
        /// Which owner.
        from: Seat,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// What [`Out::Merge`] asked for is done.
    Merged {
        /// The id of the request whose answer was merged.
        id: RequestId,
        /// How many of its records were new.
        news: usize,
    },
    /// A page request will not be answered.
    Undelivered {
        /// The request's id.
        id: RequestId,
    },
    /// The link to a peer broke: pages asked of it will not come.
    LinkLost(Seat),
    /// A peer asked for pages of a partition because it is blank there.
    PeerIsBlank {
        /// Which peer.
        peer: Seat,
        /// The identity of the data that it starts without.
        node: NodeId,
        /// Which partition.
        partition: PartitionId,
    },
    /// Whether so many commands are under way here that data only trickles.
    ForegroundBusy(bool),
}

/// What copying asks for.
#[derive(Debug)]
pub enum Out {
    /// Let the replica of this partition ask an owner for a page.
    Ask {
        /// Which owner.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// Which partition.
        partition: PartitionId,
        /// Which page.
        errand: Errand,
    },
    /// Merge these records into the replica of this partition, and say [`In::Merged`].
    Merge {
        /// Which partition.
        partition: PartitionId,
        /// The id of the request that they answer.
        id: RequestId,
        /// The records.
        records: Vec<Entry>,
    },
    /// The replica of this partition has what this kind of copying is for.
    Done(PartitionId, Kind),
}
