//! Responses.

use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{Epoch, NodeId};
use peer_ring_core::peer::{Refusal, Response};
use peer_ring_core::record::Version;

use crate::error::WireError;
use crate::message::record::{from_entries, into_entries};
use crate::wire::{self, forwarded::Outcome, message::Body as WireBody};

impl From<Response> for WireBody {
    #[inline]
    fn from(response: Response) -> Self {
        match response {
            Response::Executed { reply, seen } => Self::Executed(wire::Executed { reply, seen }),
            Response::Superseded { by } => Self::Superseded(wire::Superseded {
                epoch: by.epoch.0,
                stamp: by.stamp.0,
                stamp_node: by.node.0,
            }),
            Response::Applied => Self::Applied(wire::Applied {}),
            Response::Fetched { records } => {
                Self::Fetched(wire::Fetched { records: into_entries(records) })
            }
            Response::Copied { records, upto, is_blank } => {
                Self::Copied(wire::Copied { records: into_entries(records), upto, is_blank })
            }
            Response::Compared { is_same } => Self::Compared(wire::Compared { is_same }),
            Response::Lacking { keys } => Self::Lacking(wire::Lacking { keys }),
            Response::Forwarded(outcome) => {
                let outcome = match outcome {
                    Ok(reply) => Outcome::Reply(reply),
                    Err(failure) => Outcome::Failure(failure.into()),
                };
                Self::Forwarded(wire::Forwarded { outcome: Some(outcome) })
            }
            Response::Alive => Self::Alive(wire::Alive {}),
            Response::Refused(refusal) => {
                Self::Refused(wire::Refused { refusal: wire::Refusal::from(refusal).into() })
            }
        }
    }
}

impl From<wire::Executed> for Response {
    #[inline]
    fn from(executed: wire::Executed) -> Self {
        Self::Executed { reply: executed.reply, seen: executed.seen }
    }
}

impl From<wire::Superseded> for Response {
    #[inline]
    fn from(superseded: wire::Superseded) -> Self {
        let epoch = Epoch(superseded.epoch);
        let (stamp, node) = (Stamp(superseded.stamp), NodeId(superseded.stamp_node));
        Self::Superseded { by: Version { epoch, stamp, node } }
    }
}

impl From<wire::Fetched> for Response {
    #[inline]
    fn from(fetched: wire::Fetched) -> Self {
        Self::Fetched { records: from_entries(fetched.records) }
    }
}

impl From<wire::Copied> for Response {
    #[inline]
    fn from(copied: wire::Copied) -> Self {
        let wire::Copied { records, upto, is_blank } = copied;
        Self::Copied { records: from_entries(records), upto, is_blank }
    }
}

impl TryFrom<wire::Forwarded> for Response {
    type Error = WireError;

    #[inline]
    fn try_from(forwarded: wire::Forwarded) -> Result<Self, WireError> {
        let missing = WireError::Missing { what: "a forwarded command's outcome" };
        Ok(Self::Forwarded(match forwarded.outcome.ok_or(missing)? {
            Outcome::Reply(reply) => Ok(reply),
            Outcome::Failure(failure) => Err(failure.try_into()?),
        }))
    }
}

impl TryFrom<wire::Refused> for Response {
    type Error = WireError;

    #[inline]
    fn try_from(refused: wire::Refused) -> Result<Self, WireError> {
        let wrong = WireError::NoSuchValue { what: "a refusal", value: refused.refusal };
        let refusal = match wire::Refusal::try_from(refused.refusal) {
            Ok(wire::Refusal::NotOwner) => Refusal::NotOwner,
            Ok(wire::Refusal::WrongEpoch) => Refusal::WrongEpoch,
            Ok(wire::Refusal::NotPrimary) => Refusal::NotPrimary,
            Ok(wire::Refusal::Blank) => Refusal::Blank,
            Ok(wire::Refusal::Overloaded) => Refusal::Overloaded,
            Ok(wire::Refusal::UnknownApp) => Refusal::UnknownApp,
            Ok(wire::Refusal::BadCommand) => Refusal::BadCommand,
            Ok(wire::Refusal::NotReady) => Refusal::NotReady,
            Ok(wire::Refusal::Behind) => Refusal::Behind,
            Ok(wire::Refusal::Unspecified) | Err(_) => return Err(wrong),
        };
        Ok(Self::Refused(refusal))
    }
}

impl From<Refusal> for wire::Refusal {
    #[inline]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotOwner => Self::NotOwner,
            Refusal::WrongEpoch => Self::WrongEpoch,
            Refusal::NotPrimary => Self::NotPrimary,
            Refusal::Blank => Self::Blank,
            Refusal::Overloaded => Self::Overloaded,
            Refusal::UnknownApp => Self::UnknownApp,
            Refusal::BadCommand => Self::BadCommand,
            Refusal::NotReady => Self::NotReady,
            Refusal::Behind => Self::Behind,
        }
    }
}
