//! Errands: what nodes are about when they send a message, where that is of interest to faults.

use peer_ring_core::chain::Word;
use peer_ring_core::peer::{Body, Request, Response};
use peer_ring_core::ring::Ring;

/// What a message is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Errand {
    /// Something is written.
    Write,
    /// A node coordinates for one that owns nothing of it.
    Forward,
    /// Stale replicas are brought up to date.
    Repair,
    /// A blank replica is filled.
    Fill,
    /// Somebody wants to decide which ring comes next.
    Propose,
    /// The ring is to begin to move, or has.
    Move,
    /// Replicas are copied while the ring moves.
    Sync,
    /// The ring is to settle, or has.
    Settle,
    /// A replica that is others' now is compared with theirs.
    Drain,
}

impl Errand {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Write,
        Self::Forward,
        Self::Repair,
        Self::Fill,
        Self::Propose,
        Self::Move,
        Self::Sync,
        Self::Settle,
        Self::Drain,
    ];
    /// Those of a cluster whose members stay the same.
    pub const USUAL: [Self; 4] = [Self::Write, Self::Forward, Self::Repair, Self::Fill];

    /// What a message is sent for, if it is one of these, by a node whose ring moves or does not.
    #[must_use]
    pub fn of(body: &Body, is_moving: impl FnOnce() -> bool) -> Option<Self> {
        match body {
            Body::Request { id, request } => match request {
                Request::Execute(execute) if execute.stamp.is_some() => Some(Self::Write),
                Request::Apply { .. } if id.is_background() => Some(Self::Drain),
                Request::Apply { .. } => Some(Self::Write),
                Request::Forward { .. } => Some(Self::Forward),
                Request::Fetch { .. } => Some(Self::Repair),
                Request::Copy { .. } => Some(Self::of_copy(is_moving())),
                Request::Compare { .. } | Request::Offer { .. } => Some(Self::Drain),
                Request::Execute(_) | Request::Cancel { .. } | Request::Probe => None,
            },
            Body::Response { id, response } => match response {
                Response::Forwarded(_) => Some(Self::Forward),
                Response::Fetched { .. } => Some(Self::Repair),
                Response::Copied { .. } => Some(Self::of_copy(is_moving())),
                Response::Compared { .. } | Response::Lacking { .. } => Some(Self::Drain),
                Response::Applied if id.is_background() => Some(Self::Drain),
                Response::Applied => Some(Self::Write),
                Response::Executed { .. }
                | Response::Superseded { .. }
                | Response::Alive
                | Response::Refused(_) => None,
            },
            Body::Chain(Word::Prepare { .. } | Word::Promise { .. } | Word::Reject { .. }) => {
                Some(Self::Propose)
            }
            Body::Chain(Word::Accept { ring, .. }) | Body::Ring(ring) => Some(Self::of_ring(ring)),
            Body::Chain(Word::Accepted { .. }) => {
                Some(if is_moving() { Self::Settle } else { Self::Move })
            }
            Body::Leaving | Body::Standing(_) => None,
        }
    }

    fn of_copy(is_moving: bool) -> Self {
        if is_moving { Self::Sync } else { Self::Fill }
    }

    fn of_ring(ring: &Ring) -> Self {
        if ring.is_moving() { Self::Move } else { Self::Settle }
    }

    /// Whether it is a rare one.
    #[must_use]
    pub fn is_rare(self) -> bool {
        match self {
            Self::Write => false,
            Self::Forward
            | Self::Repair
            | Self::Fill
            | Self::Propose
            | Self::Move
            | Self::Sync
            | Self::Settle
            | Self::Drain => true,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Forward => "forward",
            Self::Repair => "repair",
            Self::Fill => "fill",
            Self::Propose => "propose",
            Self::Move => "move",
            Self::Sync => "sync",
            Self::Settle => "settle",
            Self::Drain => "drain",
        }
    }
}
