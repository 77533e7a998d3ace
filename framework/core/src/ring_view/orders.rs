//! What operators order.

use std::sync::Arc;

use crate::actor::{Now, Outbox};
use crate::id::{CallerId, Epoch, NodeName, Seat};
use crate::ring::{Ring, RingError};
use crate::ring_view::{Out, RingView};
use crate::standing::Wants;
use crate::steward::{self, Change, Order, OrderRefused};

/// An operator who waits for what was proposed.
#[derive(Debug)]
pub(super) struct Waiting {
    caller: CallerId,
    /// The ring that was proposed; `None` when any first one will do.
    fingerprint: Option<u64>,
    /// Its epoch.
    epoch: Epoch,
}

impl RingView {
    pub(super) fn order(
        &mut self,
        now: Now,
        caller: CallerId,
        order: Order,
        out: &mut Outbox<Out>,
    ) {
        let result = match order {
            Order::Apply { epoch, change } => self.apply(now, epoch, &change).map(Arc::new),
            Order::Cancel => self.cancel(now).map(Arc::new),
            Order::Leave => {
                let result = self.leave(now, out);
                return out.push(Out::Answer { caller, result });
            }
            Order::Recover { lost } if self.ring().is_none() => self.found_without(now, &lost),
            Order::Recover { lost } => {
                let result = self.recover(now, &lost, out);
                return out.push(Out::Answer { caller, result });
            }
        };
        match result {
            Err(refused) => out.push(Out::Answer { caller, result: Err(refused) }),
            Ok(ring) => {
                let fingerprint = self.ring().map(|_| ring.fingerprint());
                let epoch = ring.epoch();
                self.waiting.push(Waiting { caller, fingerprint, epoch });
                self.proposer.give_up();
                self.propose(now, ring, out);
            }
        }
    }

    /// Answers those whose ring was decided, or cannot be any more.
    pub(super) fn answer_orders(&mut self, ring: &Ring, out: &mut Outbox<Out>) {
        let found = ring.epoch();
        for Waiting { caller, fingerprint, epoch } in std::mem::take(&mut self.waiting) {
            let result = if fingerprint.is_none_or(|it| it == ring.fingerprint()) {
                Ok(found)
            } else {
                Err(OrderRefused::Outdated { planned: Epoch(epoch.0 - 1), found })
            };
            out.push(Out::Answer { caller, result });
        }
    }

    /// Answers those whose ring too few voters wanted to hear of.
    pub(super) fn give_up_orders(&mut self, out: &mut Outbox<Out>) {
        for Waiting { caller, .. } in std::mem::take(&mut self.waiting) {
            out.push(Out::Answer { caller, result: Err(OrderRefused::NotDecided) });
        }
    }

    fn known_ring(&self) -> Result<&Arc<Ring>, OrderRefused> {
        self.ring().ok_or(OrderRefused::NoRing)
    }

    fn apply(
        &self,
        now: Now,
        planned: Option<Epoch>,
        change: &Change,
    ) -> Result<Ring, OrderRefused> {
        let ring = self.known_ring()?;
        let found = ring.epoch();
        if let Some(planned) = planned.filter(|planned| *planned != found) {
            return Err(OrderRefused::Outdated { planned, found });
        }
        let target = steward::ordered(ring, &self.known, &self.late(), change)?;
        if target.is_empty() && change.weights.is_empty() {
            return if ring.is_held() {
                Ok(ring.hold(now.wall, false))
            } else {
                Err(OrderRefused::Nothing)
            };
        }
        Ok(ring.begin(now.wall, target.members)?)
    }

    fn cancel(&self, now: Now) -> Result<Ring, OrderRefused> {
        let ring = self.known_ring()?;
        if ring.is_moving() { Ok(ring.cancel(now.wall)) } else { Err(OrderRefused::Idle) }
    }

    fn leave(&mut self, now: Now, out: &mut Outbox<Out>) -> Result<Epoch, OrderRefused> {
        let seat = self.seat;
        if let Some(ring) = self.ring() {
            let is_other_owner = |it: &crate::ring::Member| it.weight > 0 && it.seat() != seat;
            if !ring.members().iter().any(is_other_owner) {
                return Err(RingError::NoOwners.into());
            }
        }
        self.known.own_mut().wants = Wants::Leave;
        self.refresh(now, out);
        Ok(self.epoch())
    }

    fn recover(
        &mut self,
        now: Now,
        lost: &[NodeName],
        out: &mut Outbox<Out>,
    ) -> Result<Epoch, OrderRefused> {
        let ring = Arc::clone(self.known_ring()?);
        let mut seats: Vec<Seat> = Vec::new();
        for name in lost {
            let member = ring.member(name.seat());
            let member = member.ok_or_else(|| OrderRefused::NotAMember { name: name.clone() })?;
            let present = self.known.present(name.seat());
            if present.is_some_and(|it| it.member.vote == member.vote) {
                return Err(OrderRefused::NotLost { name: name.clone() });
            }
            seats.push(name.seat());
        }
        let voters = ring.voters();
        let left = voters.iter().filter(|seat| !seats.contains(seat)).count();
        if left * 2 > voters.len() {
            return Err(OrderRefused::NotNeeded);
        }
        let recovered = Arc::new(ring.recover(now.wall, &seats, self.seat));
        self.learn(now, &recovered, out);
        self.tell_everybody_ring(now, out);
        Ok(recovered.epoch())
    }
}
