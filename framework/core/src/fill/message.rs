//! What filling hears and says.

use std::sync::Arc;

use crate::id::{NodeId, PartitionId, RequestId, Seat};
use crate::peer::{Entry, Request, Response};
use crate::ring::Ring;

/// What can happen while replicas are being filled.
#[derive(Debug)]
pub enum In {
    /// The ring has changed.
    Ring(Arc<Ring>),
    /// An owner's answer to a page request.
    Answer {
        /// Which owner.
        from: Seat,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// A page request will not be answered.
    Undelivered {
        /// The request's id.
        id: RequestId,
    },
    /// The link to a peer broke: pages asked of it will not come.
    LinkLost(Seat),
    /// A peer asked for pages of a partition, and so is blank there.
    PeerIsBlank {
        /// Which peer.
        peer: Seat,
        /// The identity of the data that it starts without, if it said that.
        node: Option<NodeId>,
        /// Which partition.
        partition: PartitionId,
    },
}

/// What filling asks for.
#[derive(Debug)]
pub enum Out {
    /// Ask an owner for a page.
    Send {
        /// Which owner.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// Merge these records into the replica of this partition.
    Merge(PartitionId, Vec<Entry>),
    /// The replica of this partition may be trusted again.
    Trusted(PartitionId),
}
