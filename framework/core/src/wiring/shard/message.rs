//! What a shard is made of, what it hears and says.

use bytes::Bytes;

use crate::app::Apps;
use crate::coordinator::{self, Ask};
use crate::failure::Failure;
use crate::id::{CallerId, NodeId, RequestId, Seat};
use crate::key::Partitions;
use crate::peer::{Lane, Message};
use crate::standing::Report;
use crate::transfer;
use crate::view::View;

/// What a shard is made of.
pub struct ShardSettings {
    /// The node's seat.
    pub seat: Seat,
    /// The identity of the node's data.
    pub node: NodeId,
    /// Which of the node's shards this is.
    pub index: u8,
    /// How many shards the node has.
    pub shards: u8,
    /// How many partitions the cluster has.
    pub partitions: Partitions,
    /// The coordinator's bounds.
    pub coordinator: coordinator::Settings,
    /// Whether its replicas hold again what they held under this identity.
    pub has_records: bool,
    /// The bounds within which data is moved.
    pub transfers: transfer::Settings,
    /// The apps that run here.
    pub apps: Apps,
}

/// What can happen to a shard.
#[derive(Debug)]
pub enum ShardIn {
    /// The ring or the peers' health has changed.
    View(View),
    /// A caller on this node asks.
    Ask {
        /// Who is to be answered.
        caller: CallerId,
        /// What is asked.
        ask: Ask,
    },
    /// A caller on this node does not wait any more.
    Abandon(CallerId),
    /// A peer's message for this shard.
    Peer {
        /// Which peer.
        from: Seat,
        /// What it says.
        message: Message,
    },
    /// A request to a peer will not be answered.
    Undelivered {
        /// Which peer.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// Whether it may have reached the peer all the same.
        may_have_arrived: bool,
    },
    /// A link to a peer broke: requests sent over it will not be answered.
    LinkLost {
        /// Which peer.
        seat: Seat,
        /// Which of the links to it.
        lane: Lane,
    },
}

/// What a shard asks for.
#[derive(Debug)]
pub enum ShardOut {
    /// Send a message to a peer.
    ///
    /// A request that does not get there must come back as [`ShardIn::Undelivered`]; a response
    /// may be lost.
    Send {
        /// Which peer.
        to: Seat,
        /// What to say.
        message: Message,
    },
    /// Tell this node's control actor, as [`crate::wiring::ControlIn::Shard`].
    Report(Report),
    /// Answer a caller.
    Reply {
        /// Which caller.
        caller: CallerId,
        /// The app's reply, or why there is none.
        result: Result<Bytes, Failure>,
    },
}
