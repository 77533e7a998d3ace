//! One table that is to go, and how far its owners are.

use std::time::Duration;

use bytes::Bytes;

use crate::actor::Instant;
use crate::id::{Epoch, PartitionId, Seat};
use crate::ring::Ring;
use crate::transfer::{Asking, Kind, Transfer, Waits};

/// A table that is others'.
pub(super) struct Stray {
    partition: PartitionId,
    /// Since when the partition is laid out so.
    pub since: Epoch,
    owners: Vec<Owner>,
    /// Whether an owner knows a newer layout than this node.
    pub is_outdated: bool,
    pub records: u64,
    pub bytes: u64,
    pub waits: Option<Waits>,
}

/// An owner, who is to confirm page after page that it holds what is there.
struct Owner {
    seat: Seat,
    /// The last key that it has confirmed.
    after: Option<Bytes>,
    has_confirmed_all: bool,
    asking: Asking,
}

impl Stray {
    /// The table of `partition`, of which nothing is confirmed.
    pub fn new(partition: PartitionId, ring: &Ring) -> Self {
        let owner = |seat: &Seat| Owner {
            seat: *seat,
            after: None,
            has_confirmed_all: false,
            asking: Asking::new(),
        };
        Self {
            partition,
            since: ring.since(partition),
            owners: ring.owners(partition, ring.replicas()).iter().map(owner).collect(),
            is_outdated: false,
            records: 0,
            bytes: 0,
            waits: None,
        }
    }

    /// The next owner to be asked, and about the page after which key.
    pub fn next(&mut self, now: Instant) -> Option<(Seat, Option<Bytes>)> {
        let may_be_asked =
            |owner: &&mut Owner| !owner.has_confirmed_all && owner.asking.may_begin(now);
        let owner = self.owners.iter_mut().find(may_be_asked)?;
        owner.asking.begin(now);
        Some((owner.seat, owner.after.clone()))
    }

    /// Takes note that the owner on `seat` holds all up to `until`.
    pub fn confirm(&mut self, seat: Seat, until: Option<Bytes>) {
        self.waits = None;
        if let Some(owner) = self.owner(seat) {
            owner.asking.end();
            owner.asking.was_of_use();
            owner.has_confirmed_all = until.is_none();
            owner.after = until;
        }
    }

    /// Does not ask the owner on `seat` again for `at_least` so long, and longer when it has been
    /// of no use before. Until when.
    pub fn rest(&mut self, now: Instant, seat: Seat, at_least: Duration) -> Option<Instant> {
        self.owner(seat).map(|owner| owner.asking.rest(now, at_least))
    }

    /// Whether every owner holds everything.
    pub fn is_confirmed(&self) -> bool {
        self.owners.iter().all(|owner| owner.has_confirmed_all)
    }

    /// It, for an operator.
    pub fn describe(&self) -> Transfer {
        let wanted = self.owners.iter().filter(|owner| !owner.has_confirmed_all);
        Transfer {
            partition: self.partition,
            kind: Kind::Drain,
            peers: wanted.map(|owner| owner.seat).collect(),
            bytes: self.bytes,
            records: self.records,
            waits: self.waits,
        }
    }

    fn owner(&mut self, seat: Seat) -> Option<&mut Owner> {
        self.owners.iter_mut().find(|owner| owner.seat == seat)
    }
}
