//! What a shard asks for, performed: messages go to links, replies to those who wait.

use std::sync::{Arc, OnceLock};

use actix::Addr;
use ahash::AHashMap;
use bytes::Bytes;
use futures::channel::oneshot;
use peer_ring_core::actor::{Instant, Now, Outbox};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{CallerId, Seat};
use peer_ring_core::peer::{Body, Lane, Message};
use peer_ring_core::standing::Report;
use peer_ring_core::wiring::{ControlIn, Shard, ShardIn, ShardOut};

use crate::board::Board;
use crate::links::{ControlShell, Outbound};
use crate::replies::{self, Replies};
use crate::shell::{Inputs, Port, Shell};
use crate::stats::ShardStats;

/// A shard, running.
pub type ShardShell = Shell<Shard, ShardPort>;

/// What callers on this node want of a shard.
pub enum Call {
    /// A command is to run.
    Ask(Asked),
    /// Whoever asked does not wait any more.
    Abandon(CallerId),
}

/// A caller's command.
pub struct Asked {
    /// Who asks; unique on this node.
    pub caller: CallerId,
    /// What is asked.
    pub ask: Ask,
    /// Where the answer goes.
    pub reply: Reply,
}

/// Where an answer goes.
pub enum Reply {
    /// To one who waits for it alone.
    Once(oneshot::Sender<Answer>),
    /// To one who waits for many, under this tag.
    Tagged(u64, replies::Sender),
}

/// An app's reply, or why there is none.
pub type Answer = Result<Bytes, Failure>;

impl Reply {
    /// Sends the answer. Nobody may be there to take it.
    pub fn send(self, answer: Answer) {
        match self {
            Self::Once(sender) => drop(sender.send(answer)),
            Self::Tagged(tag, sender) => drop(sender.send(vec![(tag, answer)])),
        }
    }
}

/// Links and callers of one shard.
pub struct ShardPort {
    /// The newest link to each peer on each lane, with its number.
    links: AHashMap<(Seat, Lane), (u64, Outbound)>,
    callers: AHashMap<CallerId, (Instant, Reply)>,
    replies: Replies,
    stats: ShardStats,
    index: u8,
    board: Arc<Board>,
    control: Arc<OnceLock<Addr<ControlShell>>>,
}

impl ShardPort {
    /// The port of the shard of this index. It shows on `board` how far its replicas are, and tells
    /// the node's control actor, as soon as that is there.
    #[must_use]
    pub(crate) fn new(
        index: u8,
        board: Arc<Board>,
        control: Arc<OnceLock<Addr<ControlShell>>>,
    ) -> Self {
        Self {
            links: AHashMap::new(),
            callers: AHashMap::new(),
            replies: Replies::default(),
            stats: ShardStats::default(),
            index,
            board,
            control,
        }
    }

    /// Sends over this link from now on. What was sent over the one before it is lost.
    pub fn link(
        &mut self,
        seat: Seat,
        lane: Lane,
        number: u64,
        outbound: Outbound,
    ) -> Option<ShardIn> {
        let before = self.links.insert((seat, lane), (number, outbound));
        before.is_some().then_some(ShardIn::LinkLost { seat, lane })
    }

    /// Sends no more over the link of this number. The news of its end says nothing of what was
    /// sent over a newer one.
    pub fn unlink(&mut self, seat: Seat, lane: Lane, number: u64) -> Option<ShardIn> {
        let newest = self.links.get(&(seat, lane));
        newest.is_some_and(|(newest, _)| *newest == number).then(|| {
            self.links.remove(&(seat, lane));
            ShardIn::LinkLost { seat, lane }
        })
    }

    fn send(&mut self, to: Seat, message: Message, echo: &mut Outbox<ShardIn>) {
        let request = match &message.body {
            Body::Request { id, .. } => Some(*id),
            Body::Response { .. }
            | Body::Leaving
            | Body::Standing(_)
            | Body::Ring(_)
            | Body::Chain(_) => None,
        };
        let link = self.links.get(&(to, message.lane()));
        let is_sent = link.is_some_and(|(_, outbound)| outbound.send(message));
        if let Some(id) = request.filter(|_| !is_sent) {
            echo.push(ShardIn::Undelivered { to, id, may_have_arrived: false });
        }
    }
}

impl ShardPort {
    fn tell(&self, report: Report) {
        match &report {
            Report::Progress(progress) => self.board.show(self.index, *progress),
            Report::OtherRing(_) => {}
        }
        if let Some(control) = self.control.get() {
            control.do_send(Inputs(vec![ControlIn::Shard { index: self.index, report }]));
        }
    }
}

impl Port<Shard> for ShardPort {
    type Call = Call;
    type Report = ShardStats;

    const NAME: &'static str = "shard";

    fn perform(&mut self, now: Now, order: ShardOut, echo: &mut Outbox<ShardIn>) {
        match order {
            ShardOut::Send { to, message } => self.send(to, message, echo),
            ShardOut::Report(report) => self.tell(report),
            ShardOut::Reply { caller, result } => {
                let Some((asked_at, reply)) = self.callers.remove(&caller) else {
                    return;
                };
                match &result {
                    Ok(_) => self.stats.latency.add(now.tick.since(asked_at)),
                    Err(failure) => self.stats.fail(failure),
                }
                match reply {
                    Reply::Once(_) => reply.send(result),
                    Reply::Tagged(tag, sender) => self.replies.keep(sender, tag, result),
                }
            }
        }
    }

    fn admit(&mut self, now: Now, call: Call) -> ShardIn {
        match call {
            Call::Ask(Asked { caller, ask, reply }) => {
                self.callers.insert(caller, (now.tick, reply));
                ShardIn::Ask { caller, ask }
            }
            Call::Abandon(caller) => {
                self.callers.remove(&caller);
                ShardIn::Abandon(caller)
            }
        }
    }

    fn look(&mut self, _: &Shard) {
        self.replies.send();
    }

    fn report(&self, shard: &Shard) -> ShardStats {
        ShardStats {
            table: shard.stats(),
            moved: shard.transferred(),
            inflight: shard.coordinator().inflight(),
            counters: shard.coordinator().counters(),
            ..self.stats.clone()
        }
    }

    fn kind(input: &ShardIn) -> &'static str {
        match input {
            ShardIn::View(_) => "a new view",
            ShardIn::Ask { .. } => "a caller's command",
            ShardIn::Abandon(_) => "a caller that went away",
            ShardIn::Peer { message, .. } => message.kind(),
            ShardIn::Undelivered { .. } => "an undelivered request",
            ShardIn::LinkLost { .. } => "a lost link",
        }
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::app::Plan;
    use peer_ring_core::id::AppId;
    use peer_ring_core::key::Key;
    use peer_ring_proto::hello::{Goodbye, RefusalCode};
    use peer_ring_proto::{Frame, Limits, WireVersion};

    use super::*;

    const SEAT: Seat = Seat(2);

    fn outbound() -> (Outbound, crate::links::Frames) {
        let hello = Goodbye { code: RefusalCode::Other, text: String::new() };
        Outbound::new(Frame::Goodbye(hello), WireVersion::NEWEST, &Limits::default(), 1_000)
    }

    fn port() -> ShardPort {
        ShardPort::new(0, Arc::new(Board::new(1)), Arc::default())
    }

    #[test]
    fn the_late_end_of_a_replaced_link_loses_nothing_that_went_over_the_new_one() {
        let mut port = port();
        let ((old, _old), (new, _new)) = (outbound(), outbound());
        assert!(port.link(SEAT, Lane::Foreground, 1, old).is_none());
        let lost = port.link(SEAT, Lane::Foreground, 2, new);
        assert!(matches!(lost, Some(ShardIn::LinkLost { seat: SEAT, lane: Lane::Foreground })));
        assert!(port.unlink(SEAT, Lane::Foreground, 1).is_none());
        let lost = port.unlink(SEAT, Lane::Foreground, 2);
        assert!(matches!(lost, Some(ShardIn::LinkLost { seat: SEAT, lane: Lane::Foreground })));
    }

    #[test]
    fn nothing_is_kept_of_a_caller_that_went_away() {
        let mut port = port();
        let (sender, receiver) = oneshot::channel();
        let caller = CallerId(1);
        let plan = Plan::quorum(3, 2);
        let timeout = std::time::Duration::from_secs(1);
        let ask = Ask { app: AppId(1), key: Key::at(1), plan, command: Bytes::new(), timeout };
        let reply = Reply::Once(sender);
        port.admit(Now::default(), Call::Ask(Asked { caller, ask, reply }));
        drop(receiver);
        let input = port.admit(Now::default(), Call::Abandon(caller));
        assert!(matches!(input, ShardIn::Abandon(CallerId(1))));
        assert!(port.callers.is_empty());
    }
}
