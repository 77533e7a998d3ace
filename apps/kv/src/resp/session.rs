//! One client's session: takes requests, asks the store, and says the replies in order.
//!
//! It does no I/O: requests and answers are handed to it, what it asks goes to a [`Node`], and
//! what it says is appended to its output. Requests are begun in the order they came, many at
//! once, and their commands are answered in any order; each request has a place in a queue, and
//! the replies at the front of the queue are said as soon as they are known. A request of several
//! steps holds those behind it back until it has nothing more to ask, so none overtakes another.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use peer_ring_core::actor::Wall;

use super::Front;
use super::clients::{Client, say_client};
use super::command::{Name, UNKNOWN_AT};
use super::gauge::Gauge;
use super::hello::{Hello, say_hello};
use super::job::{Job, Plan};
use super::local;
use super::node::{Asker, NOTHING, Node, Tag};
use super::refusal::Refusal;
use super::reply::{Protocol, Writer};
use super::request::{ProtocolError, Request};
use super::says::{Answer, answer_bytes, fail};
use super::understand::{Obstacle, Terms, understand};
use crate::app::{Command, Quorum};
use crate::fronts::metrics::{Outcome, Tally};

/// A client's session.
pub(super) struct Session<N> {
    front: Arc<Front>,
    client: Arc<Client>,
    node: N,
    command: Command,
    protocol: Protocol,
    queue: VecDeque<Place>,
    /// The number of the request at the front of the queue, counted from the connection's start.
    first: u64,
    gauge: Gauge,
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
    /// This one again, when all before it have been answered.
    Wait(Request),
    /// The node's facts, to be said with [`Session::say_info`].
    Info(Request),
    /// The end of the connection, when everything has been sent.
    Close,
}

impl<N: Node> Session<N> {
    /// The session of a client that has just connected.
    pub(super) fn new(front: Arc<Front>, client: Arc<Client>, node: N) -> Self {
        let (namespace, quorum) = (front.namespace.clone(), Quorum::default());
        let wall = node.wall();
        Self {
            gauge: Gauge::new(front.limits),
            front,
            client,
            node,
            command: Command { namespace, quorum, action: NOTHING },
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
        self.wall = self.node.wall();
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
        &mut self.node
    }

    /// What is to be sent to the client.
    pub(super) fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Whether there is room for another request.
    pub(super) fn has_room(&self) -> bool {
        !self.is_held_back
            && self.queue.len() < self.front.limits.pipeline_max as usize
            && self.gauge.has_room(self.output.len())
    }

    /// Whether every request has been answered.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether more replies wait than a client may leave unread.
    pub(super) fn is_overfull(&self) -> bool {
        self.gauge.is_overfull(self.output.len())
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
        let terms = Terms {
            limits: &self.front.limits,
            settings: &self.front.settings,
            allows_flush: self.front.allows_flush,
            wall: self.wall,
            node: &self.node,
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
        self.gauge.answered(tag.reads_values(), answer_bytes(&answer));
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
        let mut asker = Asker {
            node: &mut self.node,
            command: &mut self.command,
            gauge: &mut self.gauge,
            output_bytes: self.output.len(),
            sequence: self.first.wrapping_add(at as u64),
        };
        let is_known = place.job.answer(tag.part(), answer, &mut asker);
        if is_last && let Job::Many(many) = &place.job {
            self.is_held_back = many.holds_back();
        }
        if is_known && at == 0 {
            self.say_known();
        }
    }

    /// Says what `INFO` asked for.
    pub(super) fn say_info(&mut self, text: &str) {
        self.say_now(Name::Info as usize, |writer| {
            writer.verbatim(text);
            Outcome::Done
        });
    }

    /// Says, after all other replies, why the client cannot be understood any more.
    pub(super) fn say_protocol_error(&mut self, error: ProtocolError) {
        self.say_now(UNKNOWN_AT, |writer| {
            writer.error("ERR", error);
            Outcome::Refused
        });
    }

    fn begin(&mut self, name: Name, request_bytes: usize, plan: Plan) {
        self.gauge.begin(request_bytes);
        let sequence = self.first.wrapping_add(self.queue.len() as u64);
        let mut asker = Asker {
            node: &mut self.node,
            command: &mut self.command,
            gauge: &mut self.gauge,
            output_bytes: self.output.len(),
            sequence,
        };
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

    fn start_local(&mut self, name: Name, request: Request) -> Next {
        let changes_session = matches!(name, Name::Hello | Name::Reset | Name::Quit | Name::Info);
        if changes_session && !self.queue.is_empty() {
            return Next::Wait(request);
        }
        match name {
            Name::Info => return Next::Info(request),
            Name::Hello => match Hello::read(&request) {
                Ok(hello) => self.hello(hello),
                Err(refusal) => self.refuse(name as usize, &refusal),
            },
            Name::Reset => {
                self.protocol = Protocol::default();
                self.client.reset();
                self.say_now(name as usize, |writer| {
                    writer.simple("RESET");
                    Outcome::Done
                });
            }
            _ => self.say_local(name, &request),
        }
        if name == Name::Quit { Next::Close } else { Next::Go }
    }

    fn hello(&mut self, Hello { protocol, name }: Hello) {
        if let Some(protocol) = protocol {
            self.protocol = protocol;
            self.client.set_protocol(protocol);
        }
        if let Some(name) = name {
            self.client.set_name(name);
        }
        let id = self.client.id();
        self.say_now(Name::Hello as usize, |writer| {
            say_hello(id, writer);
            Outcome::Done
        });
    }

    fn say_local(&mut self, name: Name, request: &Request) {
        let (front, client) = (Arc::clone(&self.front), Arc::clone(&self.client));
        let wall = self.wall;
        self.say_now(name as usize, |writer| {
            let said = match name {
                Name::Ping => local::say_ping(request, writer),
                Name::Select => local::say_select(request, writer),
                Name::Config => local::say_config(request, writer),
                Name::Command => local::say_command(request, writer),
                Name::Client => say_client(request, &client, &front.clients, writer),
                Name::Auth => Err(Refusal::NoPassword),
                Name::Echo => {
                    writer.bulk(request.get(1).unwrap_or_default());
                    Ok(())
                }
                Name::Time => {
                    local::say_time(wall, writer);
                    Ok(())
                }
                // QUIT is all that is left: the others are the store's, or were seen to before.
                _ => {
                    writer.simple("OK");
                    Ok(())
                }
            };
            match said {
                Ok(()) => Outcome::Done,
                Err(refusal) => {
                    writer.error(refusal.code(), &refusal);
                    Outcome::Refused
                }
            }
        });
    }

    fn refuse(&mut self, command: usize, refusal: &Refusal) {
        self.say_now(command, |writer| {
            writer.error(refusal.code(), refusal);
            Outcome::Refused
        });
    }

    /// Says what needs no answer from the store, when its turn comes.
    fn say_now(&mut self, command: usize, write: impl FnOnce(&mut Writer<'_>) -> Outcome) {
        let outcome = if self.queue.is_empty() {
            write(&mut Writer::new(&mut self.output, self.protocol))
        } else {
            let mut reply = BytesMut::new();
            let outcome = write(&mut Writer::new(&mut reply, self.protocol));
            self.gauge.hold(reply.len());
            let job = Job::Said(Bytes::from(reply));
            self.queue.push_back(Place { command, since: self.now, request_bytes: 0, job });
            outcome
        };
        self.tally.add(&self.front.metrics, command, outcome, Duration::ZERO);
    }

    /// Says the replies at the front of the queue that are known.
    fn say_known(&mut self) {
        while let Some(place) = self.queue.front_mut()
            && place.job.is_done()
        {
            self.gauge.release(place.job.held_bytes());
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
        self.gauge.end(request_bytes);
        if let Some(outcome) = outcome {
            let time = self.now.saturating_duration_since(since);
            self.tally.add(&self.front.metrics, command, outcome, time);
        }
    }
}
