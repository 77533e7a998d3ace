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

//!
//! A write that replicas refuse because of the ring is sent again as it is, with the stamp that it
//! has: to those who have it already, that is no more than a message delivered twice. It may be
//! sent to other replicas then, and by a node that is none of them any more.

use smallvec::SmallVec;

use crate::actor::{Now, Outbox};
use crate::app::Undecodable;
use crate::coordinator::op::{Again, Answer, Op, Stage, Write};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Execute, Refusal, Request, Response};
use crate::quorum::{Need, Replicas, Tally, WriteState};
use crate::rare::{Mark, reached};
use crate::record::Version;

impl Coordinator {
    /// Sends the write to all replicas, with the stamp that it has or a new one.
    pub(super) fn send_write(
        &mut self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        stamp: Option<Version>,
        out: &mut Outbox<Out>,
    ) {
        let stamp = stamp.unwrap_or_else(|| self.stamp(now, op.partition));
        if op.quorums.are_two() {
            reached(Mark::JointWrite);
        }
        op.turned_away = Replicas::default();
        for seat in &op.replicas {
            let execute = Execute {
                partition: op.partition,
                app: op.app,
                command: op.command.clone(),
                stamp: Some(stamp),
                wants_seen: op.quorums.want_several(),
            };
            self.send(op.partition, *seat, id, Request::Execute(execute), out);
        }
        let is_of_this_layout = stamp.epoch == op.since;
        let witnesses = if is_of_this_layout { op.quorums.all() } else { op.quorums.of_owners() };
        op.stage = Stage::Write(Write {
            stamp,
            tally: match op.plan.need {
                Need::All => Tally::unanimous(op.quorums, witnesses),
                Need::Majority | Need::Exactly(_) => Tally::new(op.quorums),
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
        let seat = op.seat(index);
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

    /// Whether something was met that was stamped in a later layout than this node knows. No stamp
    /// of this node comes after it.
    fn is_behind(&self, op: &Op, newest: Version) -> bool {
        self.view.ring.as_ref().is_some_and(|ring| ring.since(op.partition) < newest.epoch)
    }

    pub(super) fn write_failed(&mut self, op: &mut Op, index: u8) -> Verdict {
        if let Stage::Write(write) = &mut op.stage {
            write.tally.fail(index);
        }
        self.judge_write(op)
    }

    fn judge_write(&mut self, op: &mut Op) -> Verdict {
        let Stage::Write(write) = &op.stage else {
            unreachable!("the stage was matched");
        };
        if !crate::planted!("not-past-newer") {
            self.clock.observe(write.newest.stamp);
        }
        match write.tally.write_state() {
            WriteState::Open => Verdict::Wait,
            WriteState::Superseded if self.is_behind(op, write.newest) => {
                reached(Mark::WriteOfLaterLayout);
                let failure = Failure::WrongEpoch { may_have_happened: false };
                Verdict::Park(Again::Write(write.stamp), failure)
            }
            // Somebody may have taken it in an earlier layout, and somebody may have seen it before
            // what is newer. Then it must not take effect again; but neither is it known to have.
            WriteState::Superseded if op.plan.need == Need::All && op.is_maybe_written => {
                Verdict::End(Err(op.not_met(true)))
            }
            WriteState::Superseded => Verdict::WriteAgain,
            WriteState::Done => match self.one_reply(op, &write.answers) {
                Ok(reply) => Verdict::End(Ok(reply)),
                // It is written, but nobody can say what the reply is.
                Err(Undecodable) => Verdict::End(Err(op.not_met(true))),
            },
            WriteState::OutOfReach => {
                let (tally, stamp) = (write.tally, write.stamp);
                let failure = op.not_met(tally.has_open());
                if tally.excusing(op.turned_away).write_state() != WriteState::OutOfReach {
                    op.is_maybe_written |= tally.has_open();
                    return Verdict::Park(Again::Write(stamp), failure);
                }
                reached(Mark::WriteOutOfReach);
                Verdict::End(Err(failure))
            }
        }
    }
}
