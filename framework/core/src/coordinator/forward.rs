//! Forwarding: a command for a key that this node does not own goes to an owner, once.
//!
//! Another owner is tried only while it is certain that nothing has happened yet: when the request
//! never left this node, or when the owner refused it.

use crate::actor::{Now, Outbox};
use crate::app::Kind;
use crate::coordinator::op::{Forward, Op, Stage};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Refusal, Request, Response};
use crate::quorum::Replicas;

impl Coordinator {
    /// # Errors
    /// When there is nobody to forward to.
    pub(super) fn begin_forward(
        &mut self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        out: &mut Outbox<Out>,
    ) -> Result<(), Failure> {
        self.counters.forwarded += 1;
        self.forward_to_next(now, id, op, Replicas::default(), out)
    }

    fn forward_to_next(
        &self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        mut tried: Replicas,
        out: &mut Outbox<Out>,
    ) -> Result<(), Failure> {
        let partition = op.partition.0;
        let next = match op.plan.kind {
            Kind::Owner if tried.contains(0) => return Err(Failure::PrimaryDown { partition }),
            Kind::Owner => Some(0),
            Kind::Read | Kind::Write => {
                let order = self.by_speed(&op.owners);
                order.into_iter().find(|&index| !tried.contains(index))
            }
        };
        let Some(to) = next else {
            return Err(Failure::OwnersDown { partition });
        };
        tried.insert(to);
        let left = op.deadline.since(now.tick).as_millis();
        let request = Request::Forward {
            app: op.app,
            key: op.key,
            plan: op.plan,
            command: op.command.clone(),
            timeout_ms: u32::try_from(left).unwrap_or(u32::MAX),
        };
        out.push(Out::Send { to: op.owners[usize::from(to)], id, request });
        op.stage = Stage::Forward(Forward { to, tried });
        Ok(())
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
            Response::Forwarded(result) => Verdict::End(result),
            Response::Refused(Refusal::WrongEpoch | Refusal::NotOwner) => {
                Verdict::End(Err(Failure::WrongEpoch { may_have_happened: false }))
            }
            Response::Refused(_) => self.forward_failed(now, op, index, id, false, out),
            Response::Executed { .. }
            | Response::Superseded { .. }
            | Response::Applied
            | Response::Fetched { .. }
            | Response::Copied { .. }
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
            return Verdict::End(Err(op.not_met(true)));
        }
        match self.forward_to_next(now, id, op, tried, out) {
            Ok(()) => Verdict::Wait,
            Err(failure) => Verdict::End(Err(failure)),
        }
    }
}
