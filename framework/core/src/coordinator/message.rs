//! What a coordinator hears and says.

use std::time::Duration;

use bytes::Bytes;

use crate::app::Plan;
use crate::failure::Failure;
use crate::id::{AppId, CallerId, PartitionId, RequestId, Seat};
use crate::key::Key;
use crate::peer::{Refusal, Request, Response};
use crate::record::Version;
use crate::replica;
use crate::view::View;

/// A client's command.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whose command it is.
    pub app: AppId,
    /// Where its key lies.
    pub key: Key,
    /// How it runs.
    pub plan: Plan,
    /// The command, in the app's encoding.
    pub command: Bytes,
    /// How long the caller waits.
    pub timeout: Duration,
}

/// What can happen to a coordinator.
#[derive(Debug)]
pub enum In {
    /// The ring or the peers' health has changed.
    View(View),
    /// A caller on this node asks.
    Ask {
        /// Who is to be answered.
        caller: CallerId,
        /// What is asked.
        ask: Ask,
    },
    /// A peer forwards a client's command.
    Forwarded {
        /// Which peer.
        from: Seat,
        /// The peer's id for it.
        id: RequestId,
        /// What is asked.
        ask: Ask,
    },
    /// A caller, or the peer on its behalf, does not wait any more.
    Abandon(Abandon),
    /// A replica, perhaps this node's own, has answered.
    Answer {
        /// Whose replica.
        from: Seat,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// This node's replica has led a command.
    Led {
        /// The request's id.
        id: RequestId,
        /// What came of it.
        outcome: Result<replica::Led, Refusal>,
    },
    /// A request will not be answered.
    Undelivered {
        /// Whom it was for.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// Whether it may have reached the peer all the same.
        may_have_arrived: bool,
    },
    /// The link to a peer broke: what was sent over it will not be answered.
    LinkLost(Seat),
}

/// Who does not wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandon {
    /// A caller on this node.
    Caller(CallerId),
    /// The peer that forwarded a command under this id.
    Peer(Seat, RequestId),
}

/// What a coordinator asks for.
#[derive(Debug)]
pub enum Out {
    /// Give this to this node's own replica of the partition.
    Local {
        /// The request's id, for the answer.
        id: RequestId,
        /// Whose replica.
        partition: PartitionId,
        /// The request.
        request: Request,
    },
    /// Let this node's own replica run a command whose records the others are to get.
    Lead {
        /// The request's id, for the answer.
        id: RequestId,
        /// Whose replica.
        partition: PartitionId,
        /// Whose command it is.
        app: AppId,
        /// The command.
        command: Bytes,
        /// The version of what it writes.
        stamp: Version,
        /// Whether it leads as the partition's primary, and must be it; else any owner may.
        as_primary: bool,
    },
    /// Send a request to a peer.
    Send {
        /// Which peer.
        to: Seat,
        /// The request's id, for the answer.
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// Answer a peer that forwarded a command.
    Respond {
        /// Which peer.
        to: Seat,
        /// The peer's id for it.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// Answer a caller.
    Reply {
        /// Which caller.
        caller: CallerId,
        /// The app's reply, or why there is none.
        result: Result<Bytes, Failure>,
    },
}
