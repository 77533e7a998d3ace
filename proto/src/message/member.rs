//! Members of a ring.

use std::sync::Arc;

use peer_ring_core::id::{NodeId, NodeName};
use peer_ring_core::ring::{Member, Tenure};

use crate::error::WireError;
use crate::limits::check_member;
use crate::wire;

impl From<Member> for wire::Member {
    fn from(member: Member) -> Self {
        let Member { name, zone, weight, id, vote, address, tenure } = member;
        Self {
            name: name.as_str().to_owned(),
            zone: zone.map(|zone| zone.as_ref().to_owned()),
            weight,
            id: id.0,
            vote: vote.0,
            address: address.as_ref().to_owned(),
            tenure: wire::Tenure::from(tenure).into(),
        }
    }
}

impl TryFrom<wire::Member> for Member {
    type Error = WireError;

    fn try_from(member: wire::Member) -> Result<Self, WireError> {
        let wire::Member { name, zone, weight, id, vote, address, tenure } = member;
        let bad_name = |reason| WireError::BadName { what: "a member's name", reason };
        let member = Self {
            name: NodeName::new(&name).map_err(bad_name)?,
            zone: zone.map(Arc::from),
            weight,
            id: NodeId(id),
            vote: NodeId(vote),
            address: address.into(),
            tenure: to_tenure(tenure)?,
        };
        check_member(&member)?;
        Ok(member)
    }
}

impl From<Tenure> for wire::Tenure {
    fn from(tenure: Tenure) -> Self {
        match tenure {
            Tenure::Member => Self::Member,
            Tenure::Joining => Self::Joining,
            Tenure::Leaving => Self::Leaving,
        }
    }
}

fn to_tenure(value: i32) -> Result<Tenure, WireError> {
    match wire::Tenure::try_from(value) {
        Ok(wire::Tenure::Member) => Ok(Tenure::Member),
        Ok(wire::Tenure::Joining) => Ok(Tenure::Joining),
        Ok(wire::Tenure::Leaving) => Ok(Tenure::Leaving),
        Ok(wire::Tenure::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "a member's tenure", value })
        }
    }
}
