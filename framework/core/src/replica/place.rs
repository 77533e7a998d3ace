//! What a replica is under a ring: whose it is, whether it can be believed, and whether it leads.
//!
//! A node on whose seat the ring has another identity, or none, is **unnamed**: it keeps what it is
//! sent and counts for nothing, until a ring names it. An **owner** is **trusted** or **blank**.
//! It is trusted if it was named when the partition was laid out first, since there was nothing
//! before; if it was trusted, and has been an owner ever since; or if it was to become one, had
//! **joined**, and the ring has settled so. Any other must be filled. A **target** is to become an
//! owner, and answers and counts from the start, where the coordinator says; it must join. Who is
//! none of these and holds something all the same is a **stray**.
//!
//! A primary **leads** once it has what its predecessors acknowledged. It goes on leading under the
//! very next ring, since nobody can have led in between.

use std::sync::Arc;

use crate::id::{Epoch, NodeId, PartitionId, Seat};
use crate::peer::Refusal;
use crate::rare::{Mark, reached};
use crate::replica::Wants;
use crate::ring::Ring;

/// A replica's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// None: what it holds is others'.
    Outsider,
    /// It is on the seat of an owner or a target, and not known as the one who is there.
    Unnamed,
    /// It is an owner, and perhaps is to be it in another place.
    Owner { is_target: bool },
    /// It is to be an owner.
    Target,
}

/// Whether a replica runs the owner's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// Nobody has asked it to.
    No,
    /// It was asked to, and what its predecessors acknowledged is being copied.
    Wanted,
    /// It does.
    Leads,
}

/// The place of one replica in the ring that its node knows.
pub(super) struct Place {
    partition: PartitionId,
    seat: Seat,
    node: NodeId,
    has_records: bool,
    ring: Option<Arc<Ring>>,
    role: Role,
    is_trusted: bool,
    has_joined: bool,
    lead: Lead,
}

impl Place {
    /// That of the replica of `partition` at the node `node` on `seat`, before there is a ring;
    /// `has_records` when it has kept what it held under this identity.
    pub fn new(partition: PartitionId, seat: Seat, node: NodeId, has_records: bool) -> Self {
        Self {
            partition,
            seat,
            node,
            has_records,
            ring: None,
            role: Role::Outsider,
            is_trusted: false,
            has_joined: false,
            lead: Lead::No,
        }
    }

    /// Takes a newer ring. Whether the partition is laid out anew in it.
    pub fn set_ring(&mut self, ring: Arc<Ring>) -> bool {
        let since = ring.since(self.partition);
        let before = self.ring.replace(ring).map(|ring| (ring.epoch(), ring.since(self.partition)));
        if before.is_some_and(|(_, known)| known == since) {
            return false;
        }
        let was = self.role;
        self.role = self.role_now();
        let is_owner = matches!(self.role, Role::Owner { .. });
        // Nobody knew an earlier ring than this, and it names this very node.
        let is_first = since == Epoch::NONE.next();
        let stayed = match was {
            Role::Owner { .. } => self.is_trusted,
            Role::Target => self.has_joined,
            Role::Outsider | Role::Unnamed => before.is_none() && (self.has_records || is_first),
        };
        self.is_trusted = is_owner && (stayed || crate::planted!("trusted-at-once"));
        self.has_joined = false;
        let led_before =
            self.lead == Lead::Leads && before.is_some_and(|(known, _)| known.next() == since);
        let leads = is_first && before.is_none() || led_before;
        let stays = leads && self.is_trusted && self.may_lead();
        self.lead = if stays { Lead::Leads } else { Lead::No };
        true
    }

    fn role_now(&self) -> Role {
        let Some(ring) = &self.ring else {
            return Role::Outsider;
        };
        let owners = ring.owners(self.partition, ring.replicas());
        let targets = ring.targets(self.partition, ring.target_replicas());
        let is_target = targets.is_some_and(|targets| targets.contains(&self.seat));
        let named = ring.member(self.seat).is_some_and(|member| member.id == self.node);
        let is_named = named || crate::planted!("trusted-at-once");
        match owners.contains(&self.seat) {
            false if !is_target => Role::Outsider,
            _ if !is_named => Role::Unnamed,
            true => Role::Owner { is_target },
            false => Role::Target,
        }
    }

    /// Whether what is sent under the layout since `epoch` may be done here.
    pub fn check(&self, epoch: Epoch) -> Result<(), Refusal> {
        let Some(ring) = &self.ring else {
            return Err(Refusal::NotReady);
        };
        match Refusal::between(epoch, ring.since(self.partition)) {
            Some(Refusal::WrongEpoch) if crate::planted!("m10") => return Ok(()),
            Some(refusal) => {
                if refusal == Refusal::WrongEpoch {
                    reached(Mark::SealedRefusal);
                }
                return Err(refusal);
            }
            None => {}
        }
        if self.role == Role::Outsider { Err(Refusal::NotOwner) } else { Ok(()) }
    }

    /// Whether `seat` may write as the primary, of however many owners it is.
    pub fn is_primary(&self, seat: Seat) -> bool {
        self.ring.as_ref().is_some_and(|ring| ring.is_a_primary(self.partition, seat))
    }

    /// Whether this node is the primary among all owners, and so the one that may lead. One that is
    /// only the first of fewer, because it is deposed and nobody else is among them, must not: what
    /// others lead meanwhile it does not know when it is no longer deposed.
    fn may_lead(&self) -> bool {
        let is_primary =
            |ring: &Arc<Ring>| ring.primary(self.partition, ring.replicas()) == self.seat;
        self.ring.as_ref().is_some_and(is_primary)
    }

    /// Since when the partition is laid out as it is.
    pub fn since(&self) -> Epoch {
        self.ring.as_ref().map_or(Epoch::NONE, |ring| ring.since(self.partition))
    }

    /// Whether what this replica holds, or keeps, counts. An outsider is not asked.
    pub fn counts(&self) -> bool {
        match self.role {
            Role::Outsider | Role::Target => true,
            Role::Owner { .. } => self.is_trusted,
            Role::Unnamed => false,
        }
    }

    /// Whether it holds what its partition's owners acknowledged.
    pub fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// Whether it is neither an owner nor to be one.
    pub fn is_outsider(&self) -> bool {
        self.ring.is_some() && self.role == Role::Outsider
    }

    /// Whether it is an owner and is not to be it any more.
    pub fn goes(&self) -> bool {
        let is_moving = self
            .ring
            .as_ref()
            .is_some_and(|ring| ring.targets(self.partition, ring.target_replicas()).is_some());
        is_moving && self.role == Role::Owner { is_target: false }
    }

    /// Whether it is to have under this ring what it does not have yet.
    pub fn is_pending(&self) -> bool {
        let Wants { fill, join, .. } = self.wants();
        self.ring.is_none() || self.role == Role::Unnamed || fill || join
    }

    /// What it must get from others.
    pub fn wants(&self) -> Wants {
        let (is_owner, is_target) = match self.role {
            Role::Outsider | Role::Unnamed => (false, false),
            Role::Owner { is_target } => (true, is_target),
            Role::Target => (false, true),
        };
        Wants {
            fill: is_owner && !self.is_trusted,
            join: is_target && !self.has_joined,
            lead: self.lead == Lead::Wanted,
            is_trusted: self.is_trusted,
        }
    }

    /// Takes note that it has been filled.
    pub fn set_trusted(&mut self) {
        self.is_trusted = matches!(self.role, Role::Owner { .. });
    }

    /// Takes note that it has joined.
    pub fn set_joined(&mut self) {
        self.has_joined = true;
    }

    /// Takes note that it has what its predecessors acknowledged.
    pub fn set_leads(&mut self) {
        if self.lead == Lead::Wanted {
            self.lead = Lead::Leads;
        }
    }

    /// Whether it may run a command whose records the others are to get. As the primary it must
    /// lead: one that could, and does not yet, begins to want it, and `begins` is called.
    pub fn check_lead(
        &mut self,
        as_primary: bool,
        begins: impl FnOnce(Wants),
    ) -> Result<(), Refusal> {
        self.check(self.since())?;
        if as_primary && !self.may_lead() {
            return Err(Refusal::NotPrimary);
        }
        if !self.counts() {
            return Err(Refusal::Blank);
        }
        if !as_primary {
            return Ok(());
        }
        match self.lead {
            Lead::Leads => return Ok(()),
            Lead::Wanted => {}
            Lead::No => {
                self.lead = Lead::Wanted;
                begins(self.wants());
            }
        }
        Err(Refusal::NotReady)
    }
}
