//! One client's session: takes requests, asks the store, and says the replies in order.
//!
//! It does no I/O: requests and answers are handed to it, what it asks goes to a [`Node`], and
//! what it says is appended to its output. Requests are begun in the order they came, many at
//! once, and their commands are answered in any order; each request has a place in a queue, and
//! the replies at the front of the queue are said as soon as they are known. A request of several
//! steps holds those behind it back until it has nothing more to ask, and a write waits until
//! earlier reads of its key are answered: so a pipeline is answered as if one by one.

mod own;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use peer_ring_core::actor::Wall;

use super::Front;
use super::clients::Client;
use super::command::{Keys, Name, UNKNOWN_AT};
use super::job::{Job, Plan};
use super::node::{Asking, Node};
use super::refusal::Refusal;
use super::reply::{Protocol, Writer};
use super::request::Request;
use super::says::{Answer, fail};
use super::tag::Tag;
use super::understand::{Obstacle, Terms, understand};
use crate::fronts::metrics::{Class, Outcome, Tally};

/// A client's session.
pub(super) struct Session<N> {
    front: Arc<Front>,
    client: Arc<Client>,
    asking: Asking<N>,
    protocol: Protocol,
    queue: VecDeque<Place>,
    /// The number of the request at the front of the queue, counted from the connection's start.
    first: u64,
    /// Whether the last request in the queue has something more to ask.
    is_held_back: bool,
    output: BytesMut,
    tally: Tally,
    now: Instant,
    wall: Wall,
}

/// A request in the queue.
struct Place {
    /// Its command's place in the list of those that are counted.
    command: usize,
    since: Instant,
    request_bytes: usize,
    job: Job,
}

/// What comes after a request was begun.
pub(super) enum Next {
    /// The next one.
    Go,
    /// This one again, when some of those before it have been answered.
    Wait(Request),
    /// The node's facts, to be said with [`Session::say_info`].
    Info(Request),
    /// The end of the connection, when everything has been sent.
    Close,
}

impl<N: Node> Session<N> {
    /// The session of a client that has just connected.
    pub(super) fn new(front: Arc<Front>, client: Arc<Client>, node: N) -> Self {
        let wall = node.wall();
        Self {
            asking: Asking::new(node, front.namespace.clone(), front.limits),
            front,
            client,
            protocol: Protocol::default(),
            queue: VecDeque::new(),
            first: 0,
            is_held_back: false,
            output: BytesMut::new(),
            tally: Tally::default(),
            now: Instant::now(),
            wall,
        }
    }

    /// Looks at the clocks, once for all that happens in a turn.
    pub(super) fn begin_turn(&mut self) {
        self.now = Instant::now();
        self.wall = self.asking.node.wall();
    }

    /// When this turn began.
    pub(super) fn now(&self) -> Instant {
        self.now
    }

    /// Hands over what was counted in a turn.
    pub(super) fn end_turn(&mut self) {
        self.tally.hand_over(&self.front.metrics);
    }

    /// The node it asks.
    pub(super) fn node(&mut self) -> &mut N {
        &mut self.asking.node
    }

    /// What is to be sent to the client.
    pub(super) fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Whether there is room for another request.
    pub(super) fn has_room(&self) -> bool {
        !self.is_held_back
            && self.queue.len() < self.front.limits.pipeline_max as usize
            && self.asking.gauge.has_room(self.output.len())
    }

    /// How many bytes of replies it keeps.
    pub(super) fn reply_bytes(&self) -> usize {
        self.asking.gauge.held_bytes() + self.output.len()
    }

    /// Whether every request has been answered.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether more replies wait than a client may leave unread.
    pub(super) fn is_overfull(&self) -> bool {
        self.asking.gauge.is_overfull(self.output.len())
    }

    /// Begins a request.
    pub(super) fn start(&mut self, request: Request) -> Next {
        let Some(name) = Name::find(request.name()) else {
            self.refuse(UNKNOWN_AT, &Refusal::unknown_command(&request));
            return Next::Go;
        };
        if !name.takes(request.count()) {
            self.refuse(name as usize, &Refusal::WrongArity { command: name.row().name });
            return Next::Go;
        }
        if !self.queue.is_empty() && self.must_wait(name, &request) {
            return Next::Wait(request);
        }
        let terms = Terms {
            limits: &self.front.limits,
            settings: &self.front.settings,
            allows_flush: self.front.allows_flush,
            wall: self.wall,
            node: &self.asking.node,
        };
        match understand(name, &request, &terms) {
            Ok(Some(plan)) => self.begin(name, request.frame_bytes(), plan),
            Ok(None) => return self.start_local(name, request),
            Err(Obstacle::Refused(refusal)) => self.refuse(name as usize, &refusal),
            Err(Obstacle::Failed(failure)) => {
                self.say_now(name as usize, |writer| fail(&failure, writer));
            }
        }
        Next::Go
    }

    /// Takes the answer to a command.
    pub(super) fn answer(&mut self, tag: Tag, answer: Answer) {
        self.asking.answered(tag, &answer);
        let at = usize::try_from(tag.requests_after(self.first)).unwrap_or(usize::MAX);
        let is_last = at + 1 == self.queue.len();
        let place = self.queue.get_mut(at).expect("a request waits for all its answers");
        if at == 0
            && let Job::Single(says, None) = place.job
        {
            let writer = &mut Writer::new(&mut self.output, self.protocol);
            let outcome = says.say(&answer, self.wall, writer);
            self.leave_queue(Some(outcome));
            return self.say_known();
        }
        let sequence = self.first.wrapping_add(at as u64);
        let mut asker = self.asking.for_request(sequence, self.output.len());
        let is_known = place.job.answer(tag.part(), answer, &mut asker);
        if is_last && let Job::Many(many) = &place.job {
            self.is_held_back = many.holds_back();
        }
        if is_known && at == 0 {
            self.say_known();
        }
    }

    fn begin(&mut self, name: Name, request_bytes: usize, plan: Plan) {
        self.asking.gauge.begin(request_bytes);
        let sequence = self.first.wrapping_add(self.queue.len() as u64);
        let mut asker = self.asking.for_request(sequence, self.output.len());
        let job = match plan {
            Plan::Single(says, action) => {
                asker.ask(0, action);
                Job::Single(says, None)
            }
            Plan::Many(mut many) => {
                many.ask(&mut asker);
                self.is_held_back = many.holds_back();
                Job::Many(many)
            }
        };
        let is_done = job.is_done();
        let since = self.now;
        self.queue.push_back(Place { command: name as usize, since, request_bytes, job });
        if is_done {
            self.say_known();
        }
    }

    /// Whether some of the requests in the queue must be answered before this one begins.
    #[inline]
    fn must_wait(&self, name: Name, request: &Request) -> bool {
        let mut keys = request.iter().skip(1);
        match (name.row().class, name.row().keys) {
            (Class::Write, Keys::First) => {
                keys.next().is_some_and(|key| self.asking.reading.has(key))
            }
            (Class::Write, Keys::All) => keys.any(|key| self.asking.reading.has(key)),
            (Class::Write, Keys::Pairs) => keys.step_by(2).any(|key| self.asking.reading.has(key)),
            // What changes the session, or every key, comes after all else.
            (Class::Write, Keys::None) => true,
            (Class::Local, _) => {
                matches!(name, Name::Hello | Name::Reset | Name::Quit | Name::Info)
            }
            (Class::Read | Class::Sweep, _) => false,
        }
    }

    /// Says the replies at the front of the queue that are known.
    fn say_known(&mut self) {
        while let Some(place) = self.queue.front_mut()
            && place.job.is_done()
        {
            self.asking.gauge.release(place.job.held_bytes());
            let job = std::mem::replace(&mut place.job, Job::Said(Bytes::new()));
            let outcome = job.say(self.wall, self.protocol, &mut self.output);
            self.leave_queue(outcome);
        }
    }

    /// Takes the first request off the queue, and counts what came of it.
    fn leave_queue(&mut self, outcome: Option<Outcome>) {
        let Some(Place { command, since, request_bytes, .. }) = self.queue.pop_front() else {
            return;
        };
        self.first = self.first.wrapping_add(1);
        self.asking.gauge.end(request_bytes);
        if let Some(outcome) = outcome {
            let time = self.now.saturating_duration_since(since);
            self.tally.add(&self.front.metrics, command, outcome, time);
        }
    }
}
