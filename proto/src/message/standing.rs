//! What a node says of itself.

use peer_ring_core::id::{ClusterId, Epoch, Seat};
use peer_ring_core::standing::{Standing, Wants};

use crate::error::WireError;
use crate::wire;

impl From<Standing> for wire::Standing {
    fn from(standing: Standing) -> Self {
        let Standing { cluster, epoch, member, wants, wire, pending, strays, bytes, down } =
            standing;
        let wants = match wants {
            Wants::Stay => wire::Wants::Stay,
            Wants::Leave => wire::Wants::Leave,
        };
        Self {
            cluster: cluster.0,
            epoch: epoch.0,
            member: Some(member.into()),
            wants: wants.into(),
            wire,
            pending,
            strays,
            bytes,
            down: down.into_iter().map(|seat| seat.0).collect(),
        }
    }
}

impl TryFrom<wire::Standing> for Standing {
    type Error = WireError;

    fn try_from(standing: wire::Standing) -> Result<Self, WireError> {
        let wire::Standing { cluster, epoch, member, wants, wire, pending, strays, bytes, down } =
            standing;
        let member = member.ok_or(WireError::Missing { what: "who stands there" })?.try_into()?;
        let (cluster, epoch) = (ClusterId(cluster), Epoch(epoch));
        let down = down.into_iter().map(Seat).collect();
        let wants = to_wants(wants)?;
        Ok(Self { cluster, epoch, member, wants, wire, pending, strays, bytes, down })
    }
}

fn to_wants(value: i32) -> Result<Wants, WireError> {
    match wire::Wants::try_from(value) {
        Ok(wire::Wants::Stay) => Ok(Wants::Stay),
        Ok(wire::Wants::Leave) => Ok(Wants::Leave),
        Ok(wire::Wants::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "what a node wants", value })
        }
    }
}
