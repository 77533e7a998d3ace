//! Requests.

use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{AppId, Epoch, NodeId, PartitionId};
use peer_ring_core::key::Key;
use peer_ring_core::peer::{Execute, Request};
use peer_ring_core::record::Version;

use crate::error::{WireError, in_range};
use crate::message::record::{from_entries, from_held, into_entries, into_held};
use crate::wire::{self, message::Body as WireBody};

impl From<Request> for WireBody {
    #[inline]
    fn from(request: Request) -> Self {
        match request {
            Request::Execute(execute) => Self::Execute(execute.into()),
            Request::Apply { partition, records, as_primary } => Self::Apply(wire::Apply {
                partition: partition.0.into(),
                records: into_entries(records),
                as_primary,
            }),
            Request::Fetch { partition, keys } => {
                Self::Fetch(wire::Fetch { partition: partition.0.into(), keys })
            }
            Request::Copy { partition, after, until, digest, node } => Self::Copy(wire::Copy {
                partition: partition.0.into(),
                after,
                until,
                digest,
                node: node.map_or(0, |node| node.0),
            }),
            Request::Compare { partition, after, until, digest } => {
                let partition = partition.0.into();
                Self::Compare(wire::Compare { partition, after, until, digest })
            }
            Request::Offer { partition, held } => Self::Offer(wire::Offer {
                partition: partition.0.into(),
                held: held.into_iter().map(into_held).collect(),
            }),
            Request::Forward { app, key, plan, command, timeout_ms } => {
                Self::Forward(wire::Forward {
                    app: app.0,
                    key: key.position(),
                    plan: Some(plan.into()),
                    command,
                    timeout_ms,
                })
            }
            Request::Cancel { key } => Self::Cancel(wire::Cancel { key: key.position() }),
            Request::Probe => Self::Probe(wire::Probe {}),
        }
    }
}

impl From<Execute> for wire::Execute {
    #[inline]
    fn from(execute: Execute) -> Self {
        Self {
            partition: execute.partition.0.into(),
            app: execute.app.0,
            command: execute.command,
            stamp: execute.stamp.map(|version| version.stamp.0),
            stamp_node: execute.stamp.map_or(0, |version| version.node.0),
            stamp_epoch: execute.stamp.map_or(0, |version| version.epoch.0),
            wants_seen: execute.wants_seen,
        }
    }
}

impl TryFrom<wire::Execute> for Execute {
    type Error = WireError;

    #[inline]
    fn try_from(execute: wire::Execute) -> Result<Self, WireError> {
        let (epoch, node) = (Epoch(execute.stamp_epoch), NodeId(execute.stamp_node));
        Ok(Self {
            partition: partition(execute.partition)?,
            app: AppId(execute.app),
            command: execute.command,
            stamp: execute.stamp.map(|stamp| Version { epoch, stamp: Stamp(stamp), node }),
            wants_seen: execute.wants_seen,
        })
    }
}

impl TryFrom<wire::Apply> for Request {
    type Error = WireError;

    #[inline]
    fn try_from(apply: wire::Apply) -> Result<Self, WireError> {
        Ok(Self::Apply {
            partition: partition(apply.partition)?,
            records: from_entries(apply.records),
            as_primary: apply.as_primary,
        })
    }
}

impl TryFrom<wire::Fetch> for Request {
    type Error = WireError;

    #[inline]
    fn try_from(fetch: wire::Fetch) -> Result<Self, WireError> {
        Ok(Self::Fetch { partition: partition(fetch.partition)?, keys: fetch.keys })
    }
}

impl TryFrom<wire::Copy> for Request {
    type Error = WireError;

    #[inline]
    fn try_from(copy: wire::Copy) -> Result<Self, WireError> {
        Ok(Self::Copy {
            partition: partition(copy.partition)?,
            after: copy.after,
            until: copy.until,
            digest: copy.digest,
            // Zero is nobody's identity, and what an absent field reads as.
            node: Some(NodeId(copy.node)).filter(|node| node.0 != 0),
        })
    }
}

impl TryFrom<wire::Compare> for Request {
    type Error = WireError;

    #[inline]
    fn try_from(compare: wire::Compare) -> Result<Self, WireError> {
        let wire::Compare { partition: number, after, until, digest } = compare;
        Ok(Self::Compare { partition: partition(number)?, after, until, digest })
    }
}

impl TryFrom<wire::Offer> for Request {
    type Error = WireError;

    #[inline]
    fn try_from(offer: wire::Offer) -> Result<Self, WireError> {
        let held = offer.held.into_iter().map(from_held).collect();
        Ok(Self::Offer { partition: partition(offer.partition)?, held })
    }
}

impl TryFrom<wire::Forward> for Request {
    type Error = WireError;

    #[inline]
    fn try_from(forward: wire::Forward) -> Result<Self, WireError> {
        let plan = forward.plan.ok_or(WireError::Missing { what: "a forwarded command's plan" })?;
        Ok(Self::Forward {
            app: AppId(forward.app),
            key: Key::at(forward.key),
            plan: plan.try_into()?,
            command: forward.command,
            timeout_ms: forward.timeout_ms,
        })
    }
}

impl From<wire::Cancel> for Request {
    #[inline]
    fn from(cancel: wire::Cancel) -> Self {
        Self::Cancel { key: Key::at(cancel.key) }
    }
}

fn partition(number: u32) -> Result<PartitionId, WireError> {
    in_range("a partition", number, 0, u16::MAX.into()).map(PartitionId)
}
