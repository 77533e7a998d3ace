//! What a node tells those who run it: whether it is ready, whether all is replicated, and whether
//! it may be stopped now.
//!
//! Each answer is a pure function of what the node sees at the moment, and each "no" says why.

use std::collections::BTreeMap;

use peer_ring_core::id::{NodeId, NodeName, PartitionId, Seat};
use peer_ring_core::ring::{Member, Ring};
use peer_ring_core::standing::{Progress, Standing};
use peer_ring_core::view::{PeerState, View};
use thiserror::Error;

/// Why a node cannot do its part, or not all that was asked about is so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotYet {
    /// It has no ring.
    #[error("this node has no ring yet")]
    NoRing,
    /// It is stopping.
    #[error("this node is stopping")]
    Stopping,
    /// The ring does not name it, as it is now.
    #[error("this node is not a member of ring {epoch} yet")]
    NotAMember {
        /// The ring's number.
        epoch: u64,
    },
    /// Its shards have not all taken the ring in.
    #[error("this node is taking ring {epoch} in")]
    Behind {
        /// The ring's number.
        epoch: u64,
    },
    /// It misses data.
    #[error("{replicas} replicas are being filled from their peers")]
    Pending {
        /// How many of its replicas do.
        replicas: u32,
    },
    /// Partitions are on their way.
    #[error("ring {epoch} is moving")]
    Moving {
        /// The ring's number.
        epoch: u64,
    },
    /// A member cannot be reached.
    #[error("{name} is {}", .state.as_str())]
    Away {
        /// Its name.
        name: NodeName,
        /// How it is seen.
        state: PeerState,
    },
    /// A member has not said how it stands under this ring, as the node that this ring names.
    #[error("{name} has not taken ring {epoch} in")]
    PeerBehind {
        /// Its name.
        name: NodeName,
        /// The ring's number.
        epoch: u64,
    },
    /// A member misses data.
    #[error("{replicas} replicas of {name} are being filled from their peers")]
    PeerPending {
        /// Its name.
        name: NodeName,
        /// How many of its replicas do.
        replicas: u32,
    },
    /// A partition would be left with too few owners.
    #[error(
        "partition {partition} would be left with {left} of its {owners} owners{}",
        if *.owners < 3 { ": let the node leave instead" } else { "" }
    )]
    MinorityLeft {
        /// Which one.
        partition: PartitionId,
        /// How many owners would be there.
        left: usize,
        /// How many it has.
        owners: usize,
    },
}

/// What a node sees at one moment.
pub(crate) struct Sight<'a> {
    /// Where it sits.
    pub here: Seat,
    /// The identity of its data.
    pub id: NodeId,
    /// The ring and its peers' health.
    pub view: &'a View,
    /// How far its own replicas are under that ring, when all its shards have said so.
    pub progress: Option<Progress>,
}

impl Sight<'_> {
    /// Whether the node can do its part.
    pub fn ready(&self) -> Result<(), NotYet> {
        let ring = self.ring()?;
        let epoch = ring.epoch().0;
        if ring.member(self.here).is_none_or(|member| member.id != self.id) {
            return Err(NotYet::NotAMember { epoch });
        }
        match self.progress {
            None => Err(NotYet::Behind { epoch }),
            Some(Progress { pending: 0, .. }) => Ok(()),
            Some(Progress { pending, .. }) => Err(NotYet::Pending { replicas: pending }),
        }
    }

    /// Whether every member has all that it is to have, and nothing is on its way.
    pub fn replicated(&self, standings: &[Standing]) -> Result<(), NotYet> {
        self.ready()?;
        let ring = self.settled()?;
        let standings = by_seat(standings);
        self.others(ring).try_for_each(|member| self.is_whole(ring, member, &standings))
    }

    /// Whether every partition keeps a majority of its owners without this node, all of them
    /// whole. A node that is no member holds nothing up.
    pub fn safe_to_stop(&self, standings: &[Standing]) -> Result<(), NotYet> {
        let ring = self.ring()?;
        if ring.member(self.here).is_none() {
            return Ok(());
        }
        let ring = self.settled()?;
        let standings = by_seat(standings);
        let mut whole = Vec::new();
        for member in self.others(ring) {
            match self.is_whole(ring, member, &standings) {
                Ok(()) => whole.push(member.seat()),
                // Whoever is away counts for nothing, and holds nothing up.
                Err(NotYet::Away { .. }) => {}
                Err(why) => return Err(why),
            }
        }
        for partition in ring.owned_by(self.here) {
            let owners = ring.owners(partition, ring.replicas());
            let left = owners.iter().filter(|owner| whole.contains(owner)).count();
            if left <= owners.len() / 2 {
                return Err(NotYet::MinorityLeft { partition, left, owners: owners.len() });
            }
        }
        Ok(())
    }

    fn ring(&self) -> Result<&Ring, NotYet> {
        self.view.ring.as_deref().ok_or(NotYet::NoRing)
    }

    fn settled(&self) -> Result<&Ring, NotYet> {
        let ring = self.ring()?;
        if ring.is_moving() { Err(NotYet::Moving { epoch: ring.epoch().0 }) } else { Ok(ring) }
    }

    fn others<'a>(&self, ring: &'a Ring) -> impl Iterator<Item = &'a Member> {
        let here = self.here;
        ring.members().iter().filter(move |member| member.seat() != here)
    }

    /// Whether this member, as the ring names it, is there and has all that it is to have.
    fn is_whole(
        &self,
        ring: &Ring,
        member: &Member,
        standings: &BTreeMap<Seat, &Standing>,
    ) -> Result<(), NotYet> {
        let (name, epoch) = (member.name.clone(), ring.epoch());
        match self.view.health.state(member.seat()) {
            PeerState::Alive => {}
            state => return Err(NotYet::Away { name, state }),
        }
        match standings.get(&member.seat()) {
            Some(standing) if standing.epoch == epoch && standing.member.id == member.id => {
                match standing.pending {
                    0 => Ok(()),
                    replicas => Err(NotYet::PeerPending { name, replicas }),
                }
            }
            Some(_) | None => Err(NotYet::PeerBehind { name, epoch: epoch.0 }),
        }
    }
}

fn by_seat(standings: &[Standing]) -> BTreeMap<Seat, &Standing> {
    standings.iter().map(|standing| (standing.member.seat(), standing)).collect()
}

#[cfg(test)]
#[path = "readiness/tests.rs"]
mod tests;
