//! Errands: what nodes are about when they send a message, where that is of interest to faults.

use peer_ring_core::peer::{Body, Request, Response};

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
}

impl Errand {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Write, Self::Forward, Self::Repair, Self::Fill];

    /// What a message is sent for, if it is one of these.
    #[must_use]
    pub fn of(body: &Body) -> Option<Self> {
        match body {
            Body::Request { request, .. } => match request {
                Request::Execute(execute) if execute.stamp.is_some() => Some(Self::Write),
                Request::Apply { .. } => Some(Self::Write),
                Request::Forward { .. } => Some(Self::Forward),
                Request::Fetch { .. } => Some(Self::Repair),
                Request::Copy { .. } => Some(Self::Fill),
                Request::Execute(_) | Request::Cancel { .. } | Request::Probe => None,
            },
            Body::Response { response, .. } => match response {
                Response::Forwarded(_) => Some(Self::Forward),
                Response::Fetched { .. } => Some(Self::Repair),
                Response::Copied { .. } => Some(Self::Fill),
                Response::Applied => Some(Self::Write),
                Response::Executed { .. }
                | Response::Superseded { .. }
                | Response::Alive
                | Response::Refused(_) => None,
            },
            Body::Leaving => None,
        }
    }

    /// Whether it is a rare one.
    #[must_use]
    pub fn is_rare(self) -> bool {
        match self {
            Self::Write => false,
            Self::Forward | Self::Repair | Self::Fill => true,
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
        }
    }
}
