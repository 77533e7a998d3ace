//! Parking: what fails because the ring is changing is tried again until the client's deadline.
//!
//! A replica that knows another ring than this node refuses, and so does one that does not lead, or
//! own, what it is asked to. A refused node learns the newer ring a message later, so a command that
//! failed for that alone waits for it, or, where it is the replica that is behind, for a moment. So
//! does a command of the owner whose primary is down: another one will be named. What fails because
//! replicas are down fails at once: no ring brings them back.
//!
//! One attempt asks under one layout only. An answer given under another would be counted with
//! answers that prove nothing together: a replica that has been relieved, and does not know it yet,
//! and one that has just been put in its place may both miss what was acknowledged in between. So a
//! read that may have to ask others begins anew as soon as the partition is laid out anew. A write
//! has asked all when it begins, and waits for what they say.

use std::time::Duration;

use crate::actor::{Now, Outbox};
use crate::app::Kind;
use crate::coordinator::begin::lay_out;
use crate::coordinator::op::{Again, Op, Parked, Stage};
use crate::coordinator::{Coordinator, Out};
use crate::failure::Failure;
use crate::id::{RequestId, Seat};
use crate::rare::{Mark, reached};
use crate::ring::Ring;
use crate::view::View;

/// How long a command is parked the first time, and at most.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);

impl Coordinator {
    /// Takes note of another ring, or of who is there.
    pub(super) fn see(&mut self, now: Now, view: View, out: &mut Outbox<Out>) {
        let before = std::mem::replace(&mut self.view, view);
        let Some(ring) = self.view.ring.clone() else {
            return;
        };
        if before.ring.as_ref().is_some_and(|before| before.epoch() == ring.epoch()) {
            return;
        }
        let mut ids: Vec<_> = self.ops.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(op) = self.remove(id) {
                self.meet_ring(now, id, op, before.ring.as_deref(), &ring, out);
            }
        }
    }

    fn meet_ring(
        &mut self,
        now: Now,
        id: RequestId,
        mut op: Box<Op>,
        before: Option<&Ring>,
        ring: &Ring,
        out: &mut Outbox<Out>,
    ) {
        op.is_interrupted |= !is_primary_throughout(self.seat, &op, before, ring);
        match op.stage {
            Stage::Parked(_) => {
                op.pause = Duration::ZERO;
                self.unpark(now, op, out);
            }
            Stage::Read(_) | Stage::Repair(_) if self.is_outdated(&op) => {
                reached(Mark::ReadBegunAnew);
                self.retry(now, op, Again::Start, out);
            }
            Stage::Read(_)
            | Stage::Repair(_)
            | Stage::Write(_)
            | Stage::Lead
            | Stage::Replicate(_)
            | Stage::Forward(_) => self.keep(id, op),
        }
    }

    /// Lets a command wait whose last attempt failed so; or tries it again at once, when the ring
    /// that made it fail is not this node's any more.
    pub(super) fn park(
        &mut self,
        now: Now,
        mut op: Box<Op>,
        again: Again,
        failure: Failure,
        out: &mut Outbox<Out>,
    ) {
        if self.is_outdated(&op) {
            return self.retry(now, op, again, out);
        }
        if op.was_parked {
            reached(Mark::ParkedAgain);
        } else {
            reached(Mark::Parked);
            self.counters.parked += 1;
        }
        op.was_parked = true;
        let id = self.next_id();
        op.pause = (op.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
        let at = now.tick + op.pause;
        op.stage = Stage::Parked(Parked { again, failure, at });
        self.keep(id, op);
    }

    /// Tries a parked command again.
    pub(super) fn unpark(&mut self, now: Now, mut op: Box<Op>, out: &mut Outbox<Out>) {
        match std::mem::replace(&mut op.stage, Stage::Lead) {
            Stage::Parked(parked) => self.retry(now, op, parked.again, out),
            _ => unreachable!("only what is parked is tried again"),
        }
    }

    /// Tries a command again, under another id: answers to what was asked before are not heard.
    pub(super) fn retry(&mut self, now: Now, mut op: Box<Op>, again: Again, out: &mut Outbox<Out>) {
        let ring = self.view.ring.clone().expect("what was begun was begun under a ring");
        if let Again::Start = again {
            return self.begin(now, op, &ring, out);
        }
        if let Err(failure) = lay_out(&mut op, &ring) {
            return self.end(&op, Err(failure), out);
        }
        let id = self.next_id();
        match again {
            Again::Start => unreachable!("handled before"),
            Again::Write(stamp) => {
                reached(Mark::RetriedWrite);
                self.send_write(now, id, &mut op, Some(stamp), out);
            }
            Again::Replicate { records, reply } => {
                let is_primary = op.seat(op.primary) == self.seat && !op.is_interrupted;
                if op.plan.kind == Kind::Owner && !is_primary {
                    reached(Mark::DeposedUnderWay);
                    let failure = Failure::WrongEpoch { may_have_happened: true };
                    return self.end(&op, Err(failure), out);
                }
                reached(Mark::RetriedWrite);
                self.replicate_again(&mut op, id, records, reply, out);
            }
        }
        self.keep(id, op);
    }

    /// Leads a write that met something newer; or, where this node may not, sends it to all again
    /// with a later stamp.
    pub(super) fn lead_write(&mut self, now: Now, mut op: Box<Op>, out: &mut Outbox<Out>) {
        if let Err(failure) = self.lay_out_anew(&mut op) {
            return self.end(&op, Err(failure), out);
        }
        if !op.owners().contains(&self.seat) {
            return self.write_again(now, op, out);
        }
        let id = self.next_id();
        self.begin_lead(now, id, &mut op, out);
        self.keep(id, op);
    }

    /// Sends a write to all with a new stamp.
    pub(super) fn write_again(&mut self, now: Now, mut op: Box<Op>, out: &mut Outbox<Out>) {
        if let Err(failure) = self.lay_out_anew(&mut op) {
            return self.end(&op, Err(failure), out);
        }
        let id = self.next_id();
        self.send_write(now, id, &mut op, None, out);
        self.keep(id, op);
    }

    fn lay_out_anew(&self, op: &mut Op) -> Result<(), Failure> {
        match &self.view.ring {
            Some(ring) if self.is_outdated(op) => lay_out(op, ring),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether `seat` runs the commands of the owner under both rings and all between them.
fn is_primary_throughout(seat: Seat, op: &Op, before: Option<&Ring>, ring: &Ring) -> bool {
    let Some(before) = before else {
        return false;
    };
    let since = ring.since(op.partition);
    if before.since(op.partition) == since {
        return true;
    }
    let is_primary =
        |ring: &Ring| ring.primary(op.partition, op.plan.n.min(ring.replicas())) == seat;
    // Else it was laid out more than once, and nobody has said how in between.
    since == before.epoch().next() && is_primary(before) && is_primary(ring)
}
