//! The beginning of a command, and of each attempt at one: who its replicas are, and whether this
//! node coordinates it.

use std::time::Duration;

use smallvec::SmallVec;

use crate::actor::{Now, Outbox};
use crate::app::Kind;
use crate::coordinator::op::{Client, Op, Stage};
use crate::coordinator::{Ask, Coordinator, Out};
use crate::failure::Failure;
use crate::id::Epoch;
use crate::peer::{Refusal, Response};
use crate::quorum::{Quorums, Replicas};
use crate::ring::Ring;

impl Coordinator {
    pub(super) fn start(
        &mut self,
        now: Now,
        client: Client,
        ask: Ask,
        ring: &Ring,
        out: &mut Outbox<Out>,
    ) {
        let op = Box::new(Op {
            client,
            app: ask.app,
            key: ask.key,
            partition: ring.partition(ask.key),
            plan: ask.plan,
            command: ask.command,
            deadline: now.tick + ask.timeout,
            replicas: SmallVec::new(),
            quorums: Quorums::default(),
            since: Epoch::NONE,
            primary: 0,
            is_maybe_written: false,
            is_interrupted: false,
            refusal: None,
            turned_away: Replicas::default(),
            was_parked: false,
            pause: Duration::ZERO,
            stage: Stage::Lead,
        });
        self.begin(now, op, ring, out);
    }

    /// Begins an attempt, the first or another.
    pub(super) fn begin(&mut self, now: Now, mut op: Box<Op>, ring: &Ring, out: &mut Outbox<Out>) {
        if let Err(failure) = lay_out(&mut op, ring) {
            return self.end(&op, Err(failure), out);
        }
        op.refusal = None;
        op.turned_away = Replicas::default();
        let is_here = match op.plan.kind {
            Kind::Read | Kind::Write => op.owners().contains(&self.seat),
            Kind::Owner => op.seat(op.primary) == self.seat,
        };
        if is_here {
            let id = self.next_id();
            match op.plan.kind {
                Kind::Read => self.begin_read(now, id, &mut op, out),
                Kind::Write => self.send_write(now, id, &mut op, None, out),
                Kind::Owner => self.begin_lead(now, id, &mut op, out),
            }
            self.keep(id, op);
        } else if op.is_maybe_written && matches!(op.client, Client::Peer(..)) {
            // Whoever forwarded it must not take it elsewhere as if nothing had happened.
            let failure = Failure::WrongEpoch { may_have_happened: true };
            self.end(&op, Err(failure), out);
        } else if let Client::Peer(to, id) = op.client {
            self.clients.remove(&op.client);
            let response = Response::Refused(Refusal::NotOwner);
            out.push(Out::Respond { to, id, response });
        } else {
            self.begin_forward(now, op, out);
        }
    }

    /// Whether the partition of `op` is not laid out any more as it was when its attempt began.
    pub(super) fn is_outdated(&self, op: &Op) -> bool {
        self.view.ring.as_ref().is_some_and(|ring| ring.since(op.partition) != op.since)
    }
}

/// Says who the replicas of a command are, and how many of them must answer.
///
/// # Errors
/// When there are not so many.
pub(super) fn lay_out(op: &mut Op, ring: &Ring) -> Result<(), Failure> {
    let owners = ring.owners(op.partition, op.plan.n.min(ring.replicas()));
    op.replicas.clear();
    op.replicas.extend_from_slice(owners);
    op.since = ring.since(op.partition);
    let count = u8::try_from(owners.len()).expect("at most 16 owners");
    op.quorums = Quorums::among(count, op.plan.need);
    if let Some(targets) = ring.targets(op.partition, op.plan.n.min(ring.target_replicas())) {
        let mut members = Replicas::default();
        for target in targets {
            let index = op.index_of(*target).unwrap_or_else(|| {
                op.replicas.push(*target);
                u8::try_from(op.replicas.len() - 1).expect("at most 32 replicas")
            });
            members.insert(index);
        }
        op.quorums = Quorums::joint(count, members, op.plan.need);
    }
    if !op.quorums.are_possible() {
        return Err(op.not_met(false));
    }
    let primary = ring.primary(op.partition, count);
    op.primary = op.index_of(primary).expect("a primary is an owner");
    Ok(())
}
