//! What draining hears and says.

use std::sync::Arc;

use bytes::Bytes;

use crate::id::{PartitionId, RequestId, Seat};
use crate::peer::Response;
use crate::replica::Errand;
use crate::ring::Ring;

/// What can happen while tables are drained.
#[derive(Debug)]
pub enum In {
    /// The ring has changed.
    Ring(Arc<Ring>),
    /// Whether the replica of a partition holds something that is others'.
    Stray {
        /// Which partition.
        partition: PartitionId,
        /// Whether it does.
        is_stray: bool,
    },
    /// A peer knows this partition as it was laid out later than this node knows.
    Outdated(PartitionId),
    /// The page that an owner was asked to compare.
    Described {
        /// The request's id.
        id: RequestId,
        /// The page's last key; `None` when it ends with the table.
        until: Option<Bytes>,
    },
    /// What an owner was sent.
    Given {
        /// The request's id.
        id: RequestId,
        /// How many records.
        records: u64,
        /// Bytes of their keys and values.
        bytes: u64,
    },
    /// An owner's answer.
    Answer {
        /// Which owner.
        from: Seat,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// A request will not be answered.
    Undelivered {
        /// The request's id.
        id: RequestId,
    },
    /// The link to a peer broke: what was asked of it will not be answered.
    LinkLost(Seat),
    /// Whether so many commands are under way here that data only trickles.
    ForegroundBusy(bool),
}

/// What draining asks for.
#[derive(Debug)]
pub enum Out {
    /// Let the replica of this partition ask an owner.
    Ask {
        /// Which owner.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// Which partition.
        partition: PartitionId,
        /// What.
        errand: Errand,
    },
    /// Drop what the replica of this partition holds: all owners hold it.
    Drop(PartitionId),
}
