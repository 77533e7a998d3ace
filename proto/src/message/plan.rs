//! How a forwarded command runs.

use std::num::NonZeroU8;

use peer_ring_core::app::{Kind, Plan, Reconcile};
use peer_ring_core::quorum::{Need, REPLICAS_MAX};

use crate::error::{WireError, in_range};
use crate::wire;

impl From<Plan> for wire::Plan {
    fn from(plan: Plan) -> Self {
        let kind = match plan.kind {
            Kind::Read => wire::Kind::Read,
            Kind::Write => wire::Kind::Write,
            Kind::Owner => wire::Kind::Owner,
        };
        let (need, need_count) = match plan.need {
            Need::Majority => (wire::Need::Majority, 0),
            Need::All => (wire::Need::All, 0),
            Need::Exactly(count) => (wire::Need::Exactly, count.get()),
        };
        let reconcile = match plan.reconcile {
            Reconcile::Freshest => wire::Reconcile::Freshest,
            Reconcile::App => wire::Reconcile::App,
        };
        Self {
            kind: kind.into(),
            n: plan.n.into(),
            need: need.into(),
            need_count: need_count.into(),
            reconcile: reconcile.into(),
        }
    }
}

impl TryFrom<wire::Plan> for Plan {
    type Error = WireError;

    fn try_from(plan: wire::Plan) -> Result<Self, WireError> {
        Ok(Self {
            kind: kind(plan.kind)?,
            n: in_range("a plan's n", plan.n, 1, REPLICAS_MAX.into())?,
            need: need(plan.need, plan.need_count)?,
            reconcile: reconcile(plan.reconcile)?,
        })
    }
}

fn kind(value: i32) -> Result<Kind, WireError> {
    match wire::Kind::try_from(value) {
        Ok(wire::Kind::Read) => Ok(Kind::Read),
        Ok(wire::Kind::Write) => Ok(Kind::Write),
        Ok(wire::Kind::Owner) => Ok(Kind::Owner),
        Ok(wire::Kind::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "a plan's kind", value })
        }
    }
}

fn need(value: i32, count: u32) -> Result<Need, WireError> {
    match wire::Need::try_from(value) {
        Ok(wire::Need::Majority) => Ok(Need::Majority),
        Ok(wire::Need::All) => Ok(Need::All),
        Ok(wire::Need::Exactly) => {
            let max = u64::from(u8::MAX);
            let count: u8 = in_range("a plan's need", count, 1, max)?;
            NonZeroU8::new(count).map(Need::Exactly).ok_or(WireError::OutOfRange {
                what: "a plan's need",
                value: 0,
                min: 1,
                max,
            })
        }
        Ok(wire::Need::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "a plan's need", value })
        }
    }
}

fn reconcile(value: i32) -> Result<Reconcile, WireError> {
    match wire::Reconcile::try_from(value) {
        Ok(wire::Reconcile::Freshest) => Ok(Reconcile::Freshest),
        Ok(wire::Reconcile::App) => Ok(Reconcile::App),
        Ok(wire::Reconcile::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "a plan's reconcile", value })
        }
    }
}
