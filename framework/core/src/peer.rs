//! What one node says to another.
//!
//! Requests and responses come in pairs, matched by [`RequestId`], and every message carries an
//! epoch of the sender's ring: what is about a partition, the one since which that is laid out as it
//! is, and all else the ring's own. A request is about one partition of the receiver, or about the receiver
//! itself; [`Request::partition`] says which, and so which actor takes it.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;

use crate::app::Plan;
use crate::chain;
use crate::failure::Failure;
use crate::id::{AppId, Epoch, NodeId, PartitionId, RequestId};
use crate::key::Key;
use crate::record::{Freshness, Record, Version};
use crate::ring::Ring;
use crate::standing::Standing;

/// One message from a node to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sender's ring; for what is about a partition, since when it is laid out as it is.
    pub epoch: Epoch,
    /// What it says.
    pub body: Body,
}

/// Which of the two streams between a pair of nodes a message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// What a client waits for.
    Foreground,
    /// What only the cluster waits for: data being moved.
    Background,
}

impl Message {
    /// The stream it takes: background work has its own, both ways.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match &self.body {
            Body::Request { id, .. } | Body::Response { id, .. } if id.is_background() => {
                Lane::Background
            }
            Body::Request { .. }
            | Body::Response { .. }
            | Body::Leaving
            | Body::Standing(_)
            | Body::Ring(_)
            | Body::Chain(_) => Lane::Foreground,
        }
    }

    /// What kind of message it is, in words for operators.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Request { request, .. } => match request {
                Request::Execute(_) => "a peer's execute request",
                Request::Apply { .. } => "a peer's apply request",
                Request::Fetch { .. } => "a peer's fetch request",
                Request::Copy { .. } => "a peer's copy request",
                Request::Offer { .. } => "a peer's offer",
                Request::Compare { .. } => "a peer's comparison",
                Request::Forward { .. } => "a peer's forward request",
                Request::Cancel { .. } => "a peer's cancel request",
                Request::Probe => "a peer's probe",
            },
            Body::Response { .. } => "a peer's response",
            Body::Leaving => "a peer's leave-taking",
            Body::Standing(_) => "a peer's standing",
            Body::Ring(_) => "a peer's ring",
            Body::Chain(_) => "a word about the next ring",
        }
    }
}

/// A request, its response, or a word that needs none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Something to be done.
    Request {
        /// Chosen by the sender, echoed in the response.
        id: RequestId,
        /// What is to be done.
        request: Request,
    },
    /// What came of a request.
    Response {
        /// The request's id.
        id: RequestId,
        /// What came of it.
        response: Response,
    },
    /// The sender is about to stop of its own accord.
    Leaving,
    /// What the sender says of itself.
    Standing(Box<Standing>),
    /// This ring has been decided.
    Ring(Arc<Ring>),
    /// About the decision which ring comes next.
    Chain(chain::Word),
}

/// What a node asks of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Run an app's command on this replica's records.
    Execute(Execute),
    /// Merge these records into this replica's.
    Apply {
        /// Where they belong.
        partition: PartitionId,
        /// Table keys and records.
        records: Vec<Entry>,
        /// Whether the sender writes as the partition's primary, and must be it.
        as_primary: bool,
    },
    /// Hand over the records under these table keys.
    Fetch {
        /// Where they belong.
        partition: PartitionId,
        /// Table keys.
        keys: Vec<Bytes>,
    },
    /// Hand over a page of the partition, unless the asking replica holds the same.
    Copy {
        /// Which partition.
        partition: PartitionId,
        /// The last table key of the page before; `None` for the first page.
        after: Option<Bytes>,
        /// The last table key of the page; `None` when it is to end with the partition.
        until: Option<Bytes>,
        /// What the asking replica holds from `after` to `until`, as [`crate::replica::digest`]
        /// has it; zero when that is nothing.
        digest: u64,
        /// The identity of the data that the asking replica starts without, and so whose blankness
        /// this proves; `None` from a peer that speaks a wire version in which it is not said.
        node: Option<NodeId>,
    },
    /// Say whether you hold the same, in this part of the partition, as the sender, who owns it no
    /// more.
    Compare {
        /// Which partition.
        partition: PartitionId,
        /// The table key after which the part begins; `None` for the first part.
        after: Option<Bytes>,
        /// The last table key of the part; `None` when it is to end with the partition.
        until: Option<Bytes>,
        /// What the sender holds there, as [`crate::replica::digest`] has it.
        digest: u64,
    },
    /// Say what you lack of what the sender holds, who owns the partition no more.
    Offer {
        /// Which partition.
        partition: PartitionId,
        /// Table keys, and how fresh the sender's records under them are.
        held: Vec<(Bytes, Freshness)>,
    },
    /// Coordinate a client's command for a key that you own.
    Forward {
        /// Whose command it is.
        app: AppId,
        /// Where its key lies.
        key: Key,
        /// How it runs.
        plan: Plan,
        /// The command, in the app's encoding.
        command: Bytes,
        /// How much of the client's deadline is left, in milliseconds.
        timeout_ms: u32,
    },
    /// Nobody waits for the command any more that was forwarded under this message's id.
    Cancel {
        /// Where its key lies.
        key: Key,
    },
    /// Say that you are there.
    Probe,
}

/// An app's command, as a replica is asked to run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execute {
    /// The partition whose records it runs on.
    pub partition: PartitionId,
    /// Whose command it is.
    pub app: AppId,
    /// The command, in the app's encoding.
    pub command: Bytes,
    /// The version of everything it writes; `None` when it only reads.
    pub stamp: Option<Version>,
    /// Whether the answer must list what was read, to be compared with others.
    pub wants_seen: bool,
}

/// A table key and its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key in the partition's table: the app's id, then the app's own key.
    pub key: Bytes,
    /// The record under it.
    pub record: Record,
}

/// What came of a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Execute`]: it ran.
    Executed {
        /// The app's reply, in the app's encoding.
        reply: Bytes,
        /// What it read, encoded by [`crate::app::seen`]; empty unless asked for.
        seen: Bytes,
    },
    /// To [`Request::Execute`]: nothing was written, for this replica holds something newer.
    Superseded {
        /// The newest version it met.
        by: Version,
    },
    /// To [`Request::Apply`]: this replica now holds these records or newer ones.
    Applied,
    /// To [`Request::Fetch`]: the first of the records asked for, as many as one answer may have,
    /// without those it does not hold.
    Fetched {
        /// Table keys and records.
        records: Vec<Entry>,
    },
    /// To [`Request::Copy`].
    Copied {
        /// Table keys and records, in order; none when both hold the same.
        records: Vec<Entry>,
        /// The table key up to which the page goes; `None` when it ends with the partition.
        upto: Option<Bytes>,
        /// Whether the answering replica is blank itself, so that its records prove nothing.
        is_blank: bool,
    },
    /// To [`Request::Compare`].
    Compared {
        /// Whether this replica holds just what the sender does.
        is_same: bool,
    },
    /// To [`Request::Offer`].
    Lacking {
        /// The table keys under which this replica holds nothing, or something older.
        keys: Vec<Bytes>,
    },
    /// To [`Request::Forward`]: the app's reply or why there is none.
    Forwarded(Result<Bytes, Failure>),
    /// To [`Request::Probe`].
    Alive,
    /// To any request: it was not done, and nothing happened.
    Refused(Refusal),
}

/// Why a replica does not do what a peer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The partition is not this node's at its epoch.
    NotOwner,
    /// The partition was laid out anew since the sender's epoch: it must learn the new ring.
    WrongEpoch,
    /// This replica does not know the sender's ring yet. What it was asked to do it may do all the
    /// same, if the network delivers the request twice.
    Behind,
    /// The sender writes as primary and is not.
    NotPrimary,
    /// This replica started without its data and does not have it back yet. What it was asked to
    /// write it has kept, but it counts for nothing.
    Blank,
    /// As many requests are in flight as this node admits.
    Overloaded,
    /// No such app runs here.
    UnknownApp,
    /// The app cannot read the command, or it writes although its plan only reads, or at a stamp
    /// that is not credible.
    BadCommand,
    /// This node has no ring yet.
    NotReady,
}

impl Refusal {
    /// Why what is asked by who has a partition laid out since `theirs` is not done by who has it
    /// so since `ours`; `None` when it may be.
    #[must_use]
    pub fn between(theirs: Epoch, ours: Epoch) -> Option<Self> {
        match theirs.cmp(&ours) {
            Ordering::Less => Some(Self::WrongEpoch),
            Ordering::Equal => None,
            Ordering::Greater => Some(Self::Behind),
        }
    }
}

impl Request {
    /// The partition this is about; `None` when it is about the node.
    #[must_use]
    pub fn partition(&self, partition_of: impl Fn(Key) -> PartitionId) -> Option<PartitionId> {
        match self {
            Self::Execute(execute) => Some(execute.partition),
            Self::Apply { partition, .. }
            | Self::Fetch { partition, .. }
            | Self::Copy { partition, .. }
            | Self::Compare { partition, .. }
            | Self::Offer { partition, .. } => Some(*partition),
            Self::Forward { key, .. } | Self::Cancel { key } => Some(partition_of(*key)),
            Self::Probe => None,
        }
    }

    /// Whether whoever gets it may write.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Execute(execute) => execute.stamp.is_some(),
            Self::Forward { plan, .. } => plan.writes(),
            Self::Apply { .. } => true,
            Self::Fetch { .. }
            | Self::Copy { .. }
            | Self::Compare { .. }
            | Self::Offer { .. }
            | Self::Cancel { .. }
            | Self::Probe => false,
        }
    }
}
