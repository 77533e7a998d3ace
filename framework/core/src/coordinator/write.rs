//! Writes: at all replicas at once, acknowledged when enough hold them.
//!
//! A replica that holds something newer than the write's stamp says so instead of writing, and
//! does not count. When too few are left that could, the coordinator moves its clock past what was
//! met and writes again before it acknowledges, so that no acknowledged write is invisible,
//! however far clocks are apart. [`Tally::write_state`] has the argument.
//!
//! The second time it leads (see the file `owner.rs`). A quorum has said by then what it held, so
//! what is newer than the second stamp was written while this command was under way, and may stand
//! after it. A replica that keeps what is newer therefore counts, and there is no third stamp,
//! however many write at once. These are the two phases of Lynch and Shvartsman, *Robust Emulation
//! of Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts* (1997), the first of which is
//! left out while nobody objects.

use smallvec::SmallVec;

use crate::actor::{Now, Outbox};
use crate::app::Undecodable;
use crate::coordinator::op::{Answer, Op, Stage, Write};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::id::RequestId;
use crate::peer::{Execute, Refusal, Request, Response};
use crate::quorum::{Need, Tally, WriteState};
use crate::rare::{Mark, reached};
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
        let stamp = self.stamp(now, op.partition);
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
        op.stage = Stage::Write(Write {
            tally: match op.plan.need {
                Need::All => Tally::unanimous(op.replicas()),
                Need::Majority | Need::Exactly(_) => Tally::new(op.replicas(), wanted),
            },
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
                if refusal == Refusal::Blank {
                    reached(Mark::WriteMetBlank);
                    op.is_maybe_written = true;
                }
                write.tally.fail(index);
            }
            Response::Applied
            | Response::Fetched { .. }
            | Response::Copied { .. }
            | Response::Compared { .. }
            | Response::Lacking { .. }
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
        if !crate::planted!("not-past-newer") {
            self.clock.observe(write.newest.stamp);
        }
        match write.tally.write_state() {
            WriteState::Open => Verdict::Wait,
            WriteState::Superseded => Verdict::WriteAgain,
            WriteState::Done => match self.one_reply(op, &write.answers) {
                Ok(reply) => Verdict::End(Ok(reply)),
                // It is written, but nobody can say what the reply is.
                Err(Undecodable) => Verdict::End(Err(op.not_met(true))),
            },
            WriteState::OutOfReach => {
                reached(Mark::WriteOutOfReach);
                Verdict::End(Err(op.not_met(write.tally.has_open())))
            }
        }
    }
}
