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
        /// Whether only the primary may, once it has what its predecessors acknowledged; else any
        /// owner may.
        as_primary: bool,
    },
    /// This node wants something of a peer that only the replica can put into words.
    Errand {
        /// Which peer.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// What it wants.
        errand: Errand,
    },
    /// Records that a peer handed over.
    Merge {
        /// The id of the request that they answer.
        id: RequestId,
        /// The records.
        records: Vec<Entry>,
    },
    /// This replica now holds what was acknowledged before it started.
    Trusted,
    /// This replica, which is to be an owner, now holds what the owners have acknowledged.
    Joined,
    /// This replica, the primary's, now holds what the primary before it has acknowledged.
    Leads,
    /// All owners hold what this replica does, who is none: it is to go.
    Drop,
}

/// A request to a peer about this replica's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A page, unless it is the same here: [`Request::Copy`].
    Copy {
        /// The key after which it begins.
        after: Option<Bytes>,
        /// The identity of this node's data, if this replica is blank.
        node: Option<NodeId>,
    },
    /// Whether a page is the same there: [`Request::Compare`].
    Compare {
        /// The key after which it begins.
        after: Option<Bytes>,
    },
    /// What of a page is missing there: [`Request::Offer`].
    Offer {
        /// The key after which it begins.
        after: Option<Bytes>,
        /// Its last key; `None` when it ends with the table.
        until: Option<Bytes>,
    },
    /// The records that are missing there: [`Request::Apply`].
    Give {
        /// Their keys.
        keys: Vec<Bytes>,
    },
}

/// What a replica must get from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// What it may have acknowledged before it started.
    pub fill: bool,
    /// What the owners have acknowledged, since it is to be one.
    pub join: bool,
    /// What the primary before it has acknowledged.
    pub lead: bool,
    /// Whether what it holds itself counts as an owner's.
    pub is_trusted: bool,
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
    /// A peer asked for pages of this partition because it is blank.
    PeerIsBlank {
        /// Which peer.
        peer: Seat,
        /// The identity of the data that it starts without.
        node: NodeId,
    },
    /// Send this to a peer: it is what [`In::Errand`] wants.
    Send {
        /// Which peer.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// What came of [`In::Merge`].
    Merged {
        /// The id of the request whose answer was merged.
        id: RequestId,
        /// How many of its records were new here.
        news: usize,
    },
    /// What it must get from others has changed, or the ring has.
    Wants(Wants),
    /// It holds something although it is not to, or does not any more.
    Stray(bool),
}

/// What a command did at the replica that led it.
#[derive(Debug)]
pub struct Led {
    /// The app's reply.
    pub reply: Bytes,
    /// What it wrote.
    pub records: Vec<Entry>,
    /// What it read and did not write, if it was led as the primary: the reply may say it, and the
    /// other replicas may not hold it.
    pub read: Vec<Entry>,
    /// The latest stamp among them: the coordinator's clock must not fall behind it.
    pub latest: Stamp,
}
