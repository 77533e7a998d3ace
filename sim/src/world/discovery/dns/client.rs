//! A node's client: production's directory, and what asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peer_ring_core::actor::{Actor, Instant, Outbox};
use peer_ring_discovery_core::dns::{self, Directory, In, Out, Pace};

use super::{Answer, Word};
use crate::random::Stream;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// How long a resolver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);
/// What a word takes even where all are near.
const LEAST_MAX: Duration = Duration::from_millis(1);

/// Production's, but for what runs are too short for.
fn pace() -> Pace {
    let millis = Duration::from_millis;
    Pace {
        ttl: millis(1_000)..=millis(2_000),
        pauses: (millis(100), millis(2_000)),
        forget_after: millis(3_000),
        settle_after: millis(3_000),
    }
}

/// The client of a node that is up.
pub(super) struct Client {
    node: NodeIndex,
    /// Which start of the node this is.
    pub start: u32,
    directory: Directory,
    /// Counts questions: the answer to an earlier one comes too late.
    number: u32,
    /// Until when it waits for an answer, by the node's clock; `None` while there is no question.
    waits_until: Option<Instant>,
    draws: Stream,
}

impl Client {
    pub fn start(room: &mut Room<'_>, node: NodeIndex) -> Self {
        let start = room.starts(node);
        let draws = room.stream("dns client", &[node.0.into(), start.into()]);
        let directory = Directory::new(pace());
        let mut client = Self { node, start, directory, number: 0, waits_until: None, draws };
        client.wake(room);
        client
    }

    /// It is time to ask, or no answer has come in time.
    pub fn due(&mut self, room: &mut Room<'_>) {
        let tick = room.clock(self.node).tick;
        match self.waits_until {
            Some(at) if at <= tick => self.take(room, dns::Answer::Failed),
            Some(_) => {}
            None if self.directory.deadline().is_some_and(|at| at <= tick) => self.wake(room),
            None => {}
        }
    }

    /// Takes an answer, if it is to what was asked last.
    pub fn answered(&mut self, room: &mut Room<'_>, number: u32, answer: Answer) {
        if number != self.number || self.waits_until.is_none() {
            return;
        }
        let answer = match answer {
            Answer::Failed => dns::Answer::Failed,
            Answer::Records { nodes, .. } if nodes.is_empty() => dns::Answer::Nothing,
            Answer::Records { nodes, ttl, is_whole } => {
                let found = |node| {
                    let sighting = room.sighting(node);
                    (sighting.name, BTreeSet::from([sighting.address]))
                };
                let nodes: BTreeMap<_, _> = nodes.into_iter().map(found).collect();
                dns::Answer::Listed { nodes, ttl, is_whole }
            }
        };
        self.take(room, answer);
    }

    /// A resolver answers, unless it lets a question go unanswered.
    pub fn is_answered(&mut self, room: &mut Room<'_>, number: u32, answer: Answer) {
        let is_silent = answer == Answer::Failed && self.draws.below(4) == 0;
        if !is_silent {
            let after = self.delay(room);
            room.at_node(after, self.node, AnyWord::Dns(Word::Answered { number, answer }));
        }
    }

    /// What a resolver draws for this client.
    pub fn draws(&mut self) -> &mut Stream {
        &mut self.draws
    }

    /// Puts what it waits for onto the agenda, where the clock says that is.
    pub fn wind(&self, room: &mut Room<'_>) {
        if let Some(at) = self.waits_until.or(self.directory.deadline()) {
            room.when(at, self.node, AnyWord::Dns(Word::Due));
        }
    }

    fn wake(&mut self, room: &mut Room<'_>) {
        let mut out = Outbox::new();
        self.directory.wake(room.clock(self.node), &mut out);
        self.perform(room, out);
    }

    fn take(&mut self, room: &mut Room<'_>, answer: dns::Answer) {
        self.waits_until = None;
        let half = Duration::from_nanos(self.draws.below(500_000_000)).as_secs_f64();
        let mut out = Outbox::new();
        let input = In::Answered { answer, jitter: 0.5 + half };
        self.directory.handle(room.clock(self.node), input, &mut out);
        self.perform(room, out);
    }

    fn perform(&mut self, room: &mut Room<'_>, mut out: Outbox<Out>) {
        while let Some(order) = out.pop() {
            match order {
                Out::Fact(fact) => room.say(self.node, fact),
                Out::Ask => self.ask(room),
            }
        }
        self.wind(room);
    }

    fn ask(&mut self, room: &mut Room<'_>) {
        self.number += 1;
        self.waits_until = Some(room.clock(self.node).tick + TIMEOUT);
        if !room.weather.is_stale(self.node) {
            let after = self.delay(room);
            let (node, start, number) = (self.node, self.start, self.number);
            room.at_backend(after, AnyWord::Dns(Word::Asked { node, start, number }));
        }
    }

    /// Half of what a word may take there and back.
    fn delay(&mut self, room: &Room<'_>) -> Duration {
        let most = room.within / 2 + LEAST_MAX;
        self.draws.span(&(Duration::ZERO..=most))
    }
}
