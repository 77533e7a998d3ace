//! What a replica store hears and says.

use std::sync::Arc;

use bytes::Bytes;

use crate::hlc::Stamp;
use crate::id::{AppId, Epoch, NodeId, RequestId, Seat};
use crate::peer::{Entry, Refusal, Request, Response};
use crate::record::Version;
use crate::ring::Ring;

/// Who asked, and is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The coordinator of this very node.
    Here,
    /// A peer.
    Peer(Seat),
}

/// What can happen to a replica store.
#[derive(Debug)]
pub enum In {
    /// The ring has changed.
    Ring(Arc<Ring>),
    /// A request about this partition.
    Request {
        /// Who asks.
        from: Origin,
        /// The request's id, for the answer.
        id: RequestId,
        /// The ring under which it was sent.
        epoch: Epoch,
        /// What is asked.
        request: Request,
    },
    /// The coordinator of this node runs a command here alone, to hand on what it writes.
    Lead {
        /// The request's id, for the answer.
        id: RequestId,
        /// Whose command it is.
        app: AppId,
        /// The command.
        command: Bytes,
        /// The version of what it writes, unless something newer is held.
        stamp: Version,
    },
    /// Records that a blank replica gets from a peer.
    Fill(Vec<Entry>),
    /// This replica now holds what was acknowledged before it started.
    Trusted,
}

/// What a replica store asks for.
#[derive(Debug)]
pub enum Out {
    /// The answer to a request.
    Answer {
        /// Who asked.
        to: Origin,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// The outcome of [`In::Lead`].
    Led {
        /// The request's id.
        id: RequestId,
        /// The app's reply and the records that the other replicas need.
        outcome: Result<Led, Refusal>,
    },
    /// A peer asked for pages of this partition, which only a blank replica does.
    PeerIsBlank {
        /// Which peer.
        peer: Seat,
        /// The identity of the data that it starts without, if it said that.
        node: Option<NodeId>,
    },
}

/// What a command did at the replica that led it.
#[derive(Debug)]
pub struct Led {
    /// The app's reply.
    pub reply: Bytes,
    /// What it wrote.
    pub records: Vec<Entry>,
    /// The latest stamp among them: the coordinator's clock must not fall behind it.
    pub latest: Stamp,
}
