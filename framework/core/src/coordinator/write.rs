//! Writes: at all replicas at once, acknowledged when enough hold them.
//!
//! A replica that holds something newer than the write's stamp says so instead of writing. Unless
//! the newer write is known to be concurrent, the coordinator moves its clock past it and writes
//! again before it acknowledges, so that no acknowledged write is invisible, however far clocks
//! are apart. [`Tally::write_state`] has the arithmetic.

use smallvec::SmallVec;

use crate::actor::{Now, Outbox};
use crate::coordinator::op::{Answer, Op, Stage, Write};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Execute, Refusal, Request, Response};
use crate::quorum::{Tally, WriteState};
use crate::record::Version;

impl Coordinator {
    /// Sends the write with a new stamp to all replicas.
    pub(super) fn send_write(
        &mut self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        out: &mut Outbox<Out>,
    ) {
        let stamp = self.stamp(now);
        let wanted = op.wanted();
        for seat in &op.owners {
            let execute = Execute {
                partition: op.partition,
                app: op.app,
                command: op.command.clone(),
                stamp: Some(stamp),
                wants_seen: wanted > 1,
            };
            self.send(op.partition, *seat, id, Request::Execute(execute), out);
        }
        let replicas = u8::try_from(op.owners.len()).expect("at most 16 owners");
        op.stage = Stage::Write(Write {
            tally: Tally::new(replicas, wanted),
            answers: SmallVec::new(),
            newest: Version::NONE,
            sent_at: now.tick,
        });
    }

    pub(super) fn write_answer(
        &mut self,
        now: Now,
        op: &mut Op,
        index: u8,
        response: Response,
    ) -> Verdict {
        let seat = op.owners[usize::from(index)];
        let Stage::Write(write) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        let waited = now.tick.since(write.sent_at);
        match response {
            Response::Executed { reply, seen } => {
                op.is_maybe_written = true;
                if write.tally.agree(index) {
                    write.answers.push(Answer { replica: index, reply, seen });
                }
            }
            Response::Superseded { by } => {
                write.tally.supersede(index);
                write.newest = write.newest.max(by);
            }
            Response::Refused(refusal) => {
                op.is_maybe_written |= refusal == Refusal::Blank;
                write.tally.fail(index);
            }
            Response::Applied
            | Response::Fetched { .. }
            | Response::Copied { .. }
            | Response::Forwarded(_)
            | Response::Alive => {}
        }
        self.sample(seat, waited);
        self.judge_write(op)
    }

    pub(super) fn write_failed(&mut self, op: &mut Op, index: u8) -> Verdict {
        if let Stage::Write(write) = &mut op.stage {
            write.tally.fail(index);
        }
        self.judge_write(op)
    }

    fn judge_write(&mut self, op: &Op) -> Verdict {
        let Stage::Write(write) = &op.stage else {
            unreachable!("the stage was matched");
        };
        self.clock.observe(write.newest.stamp);
        match write.tally.write_state() {
            WriteState::Open => Verdict::Wait,
            WriteState::Superseded => Verdict::WriteAgain,
            WriteState::Done => match self.one_reply(op, &write.answers) {
                Ok(reply) => Verdict::End(Ok(reply)),
                Err(_) => Verdict::End(Err(Failure::BadCommand)),
            },
            WriteState::OutOfReach => {
                let owners = u8::try_from(op.owners.len()).expect("at most 16 owners");
                let is_open = (0..owners).any(|index| write.tally.is_open(index));
                Verdict::End(Err(op.not_met(is_open)))
            }
        }
    }
}
