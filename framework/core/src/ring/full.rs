//! Every member owns everything.
//!
//! The number of owners of a partition is the number of members with a weight, whatever the
//! blueprint says, and so at most as many as a command can address: a cluster of more is refused.
//! A gateway, of weight 0, holds nothing here either. Primaries are those of
//! [`rendezvous`](crate::ring::rendezvous), in proportion to weights; zones have nothing to spread.

use crate::quorum::REPLICAS_MAX;
use crate::ring::{Member, RingError};

/// How many owners each partition has: as many as there are `members` that may own.
pub(super) fn replicas(members: &[Member]) -> Result<u8, RingError> {
    let owning = members.iter().filter(|member| member.weight > 0).count();
    let replicas = u8::try_from(owning).ok().filter(|replicas| *replicas <= REPLICAS_MAX);
    replicas.ok_or(RingError::TooManyForFull { members: owning })
}
