//! Forwarding: a command for a key that this node does not own goes to an owner, once.
//!
//! It goes to the same owner as the one before it for the same partition, unless that one does not
//! answer. Another owner is tried only while it is certain that nothing has happened yet: when the
//! request never left this node, or when the owner refused it. A command that only reads may be
//! tried again in any case. When no owner is left it is parked, and begins anew.

use crate::actor::{Now, Outbox};
use crate::app::Kind;
use crate::coordinator::op::{Again, Forward, Op, Stage, is_about_the_ring};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Refusal, Request, Response};
use crate::quorum::Replicas;
use crate::rare::{Mark, reached};
use crate::view::PeerState;

impl Coordinator {
    /// Hands a command on, and keeps it until it is answered.
    pub(super) fn begin_forward(&mut self, now: Now, mut op: Box<Op>, out: &mut Outbox<Out>) {
        let tried = Replicas::default();
        let Some(to) = self.next_owner(&op, tried) else {
            reached(Mark::ForwardNobody);
            let failure = nobody_left(&op);
            return self.park(now, op, Again::Start, failure, out);
        };
        let id = self.next_id();
        self.counters.forwarded += 1;
        forward(now, id, &mut op, to, tried, out);
        self.keep(id, op);
    }

    /// The owner to try next, after those in `tried`.
    fn next_owner(&self, op: &Op, tried: Replicas) -> Option<u8> {
        match op.plan.kind {
            // A link may stand to a primary that does not answer. To ask it would leave open
            // whether the command has run, for as long as the caller waits and afterwards.
            Kind::Owner => {
                let is_down = self.view.health.state(op.seat(op.primary)) == PeerState::Down;
                (!tried.contains(op.primary) && !is_down).then_some(op.primary)
            }
            Kind::Read | Kind::Write => {
                let count = op.quorums.of_owners().count();
                let first = self.first_choice(count);
                let turns = (0..count).map(|turn| (first + turn) % count);
                let untried = turns.filter(|index| !tried.contains(*index));
                untried.min_by_key(|index| self.view.health.state(op.seat(*index)))
            }
        }
    }

    /// Where in every preference list of `count` owners this node begins.
    ///
    /// All that it forwards for one partition goes to one owner, while that one is alive: what is
    /// asked after what meets it there, in order. The partitions spread it over the cluster, and
    /// the forwarding nodes over the owners of a partition.
    fn first_choice(&self, count: u8) -> u8 {
        u8::try_from(self.seat.0 % u64::from(count)).expect("less than a number of 8 bits")
    }

    pub(super) fn forward_answer(
        &mut self,
        now: Now,
        op: &mut Op,
        index: u8,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) -> Verdict {
        match response {
            Response::Forwarded(_) if !op.waits_for(index) => Verdict::Wait,
            Response::Forwarded(result) => Verdict::End(result),
            Response::Refused(_) => self.forward_failed(now, op, index, id, false, out),
            Response::Executed { .. }
            | Response::Superseded { .. }
            | Response::Applied
            | Response::Fetched { .. }
            | Response::Copied { .. }
            | Response::Compared { .. }
            | Response::Lacking { .. }
            | Response::Alive => Verdict::Wait,
        }
    }

    pub(super) fn forward_failed(
        &mut self,
        now: Now,
        op: &mut Op,
        index: u8,
        id: RequestId,
        may_have_arrived: bool,
        out: &mut Outbox<Out>,
    ) -> Verdict {
        let Stage::Forward(Forward { to, tried }) = op.stage else {
            unreachable!("the stage was matched");
        };
        if to != index {
            return Verdict::Wait;
        }
        if may_have_arrived && op.plan.writes() {
            reached(Mark::ForwardLost);
            return Verdict::End(Err(op.not_met(true)));
        }
        if self.is_outdated(op) {
            return Verdict::Park(Again::Start, nobody_left(op));
        }
        let Some(to) = self.next_owner(op, tried) else {
            reached(Mark::ForwardNobody);
            let failure = nobody_left(op);
            return match op.refusal {
                Some(refusal) if refusal != Refusal::Blank && !is_about_the_ring(refusal) => {
                    Verdict::End(Err(failure))
                }
                Some(_) | None => Verdict::Park(Again::Start, failure),
            };
        };
        reached(Mark::ForwardElsewhere);
        forward(now, id, op, to, tried, out);
        Verdict::Wait
    }
}

fn forward(
    now: Now,
    id: RequestId,
    op: &mut Op,
    to: u8,
    mut tried: Replicas,
    out: &mut Outbox<Out>,
) {
    tried.insert(to);
    let left = op.deadline.since(now.tick).as_millis();
    let request = Request::Forward {
        app: op.app,
        key: op.key,
        plan: op.plan,
        command: op.command.clone(),
        timeout_ms: u32::try_from(left).unwrap_or(u32::MAX),
    };
    out.push(Out::Send { to: op.seat(to), id, request });
    op.stage = Stage::Forward(Forward { to, tried });
}

/// Why nobody did it: the last refusal tells more than that others could not be reached.
fn nobody_left(op: &Op) -> Failure {
    let partition = op.partition.0;
    match (op.refusal, op.plan.kind) {
        (Some(refusal), _) => op.refused(refusal),
        (None, Kind::Owner) => Failure::PrimaryDown { partition },
        (None, Kind::Read | Kind::Write) => Failure::OwnersDown { partition },
    }
}
