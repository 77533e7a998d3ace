//! What performs at a node for the registry: one question after another, a lease that is kept alive,
//! a watch, and another attempt when one of them fails.

use std::collections::VecDeque;
use std::time::Duration;

use peer_ring_core::actor::{Instant, Outbox};
use peer_ring_discovery_core::announcement;
use peer_ring_discovery_core::etcd::{In, Out, Registry};

use super::{Answer, News, Question, Word};
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::line::{Alarm, Attempt, Attempts, Lines};
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// How long an answer may take; production allows three seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest time between two questions for the lease's life, as in production.
const BEAT_MAX: Duration = Duration::from_secs(5);
/// How long leases live: as in production, or for so short a time that they run out now and then.
const TTLS_S: [u64; 3] = [2, 3, 10];

/// A node's client.
pub(super) struct Client {
    node: NodeIndex,
    /// What stands under the own key.
    value: Vec<u8>,
    ttl: Duration,
    registry: Registry,
    out: Outbox<Out>,
    attempts: Attempts,
    state: State,
    alarm: Alarm,
}

enum State {
    /// The last attempt has failed.
    Resting { until: Instant },
    /// There is one.
    Trying(Session),
}

/// What is open of an attempt.
struct Session {
    attempt: Attempt,
    /// How many questions were asked.
    questions: u32,
    /// The question that all else waits for, and when its answer is overdue.
    asked: Option<(u32, Instant)>,
    /// The question that began the watch.
    watch: Option<u32>,
    /// What the watch has shown, and nobody has looked at yet.
    news: VecDeque<In>,
    lease: Option<Kept>,
}

/// A lease that is kept alive.
struct Kept {
    lease: i64,
    is_lost: bool,
    next_beat: Instant,
    /// When the answer to the last beat is overdue, while there is none.
    overdue: Option<Instant>,
}

impl Client {
    /// One that has not begun.
    pub fn new(room: &Room<'_>, node: NodeIndex) -> Self {
        let ttl = *room.stream("lease", &[node.0.into()]).pick(&TTLS_S);
        Self {
            node,
            value: announcement::write(&room.sighting(node)),
            ttl: Duration::from_secs(ttl),
            registry: Registry::new(room.name(node).clone()),
            out: Outbox::new(),
            attempts: Attempts::new(room, node),
            state: State::Resting { until: Instant::default() },
            alarm: Alarm::default(),
        }
    }

    /// The lease to give back at the end.
    pub fn lease(&self) -> Option<i64> {
        self.registry.lease()
    }

    /// Makes an attempt.
    pub fn begin(&mut self, room: &mut Room<'_>, lines: &mut Lines) {
        self.state = State::Trying(Session::new(self.attempts.begin()));
        self.registry.handle(In::Connected, &mut self.out);
        self.go_on(room, lines);
    }

    /// Takes what etcd says.
    pub fn take(&mut self, room: &mut Room<'_>, lines: &mut Lines, word: Word) {
        let State::Trying(session) = &mut self.state else {
            return;
        };
        match word {
            Word::Answered { to, number, answer } if to == session.attempt => {
                self.take_answer(room, number, answer);
            }
            Word::Watched { to, watch, news } if to == session.attempt => {
                if session.watch == Some(watch) {
                    session.news.push_back(match news {
                        News::Changed(changes) => In::Changed(changes),
                        News::Compacted => In::Compacted,
                    });
                }
            }
            Word::Broken { to } if to == session.attempt => return self.give_up(room),
            Word::Answered { .. } | Word::Watched { .. } | Word::Broken { .. } => return,
            Word::Asked { .. }
            | Word::Revoked { .. }
            | Word::Looked { .. }
            | Word::Woken { .. } => unreachable!("{word:?} is not for a client"),
        }
        self.go_on(room, lines);
    }

    /// Looks what is overdue.
    pub fn wake(&mut self, room: &mut Room<'_>, lines: &mut Lines, tick: Instant) {
        if !self.alarm.rings(tick) {
            return;
        }
        let now = room.clock(self.node).tick;
        match &mut self.state {
            State::Resting { until } if *until <= now => self.begin(room, lines),
            State::Trying(session) if session.is_overdue(now) => self.give_up(room),
            State::Trying(session) => {
                session.beat(room, lines, now, self.ttl);
                self.set_alarm(room);
            }
            State::Resting { .. } => self.set_alarm(room),
        }
    }

    /// Sets the alarm anew: the node's clock goes at another rate, or another deadline is next.
    pub fn wind(&mut self, room: &mut Room<'_>) {
        self.alarm.clear();
        self.set_alarm(room);
    }

    fn set_alarm(&mut self, room: &mut Room<'_>) {
        let deadline = match &self.state {
            State::Resting { until } => Some(*until),
            State::Trying(session) => session.deadline(),
        };
        let word = |tick| AnyWord::Etcd(Word::Woken { tick });
        self.alarm.set(room, self.node, deadline, word);
    }

    /// Performs what is to be done, and looks at news, until there is something to wait for.
    fn go_on(&mut self, room: &mut Room<'_>, lines: &mut Lines) {
        while let State::Trying(session) = &mut self.state
            && session.asked.is_none()
        {
            if let Some(order) = self.out.pop() {
                self.perform(room, lines, order);
            } else if let Some(input) = session.next() {
                self.registry.handle(input, &mut self.out);
            } else {
                break;
            }
        }
        self.set_alarm(room);
    }

    fn perform(&mut self, room: &mut Room<'_>, lines: &mut Lines, order: Out) {
        let State::Trying(session) = &mut self.state else {
            return;
        };
        let question = match order {
            Out::Say(fact) => return room.say(self.node, fact),
            Out::Warn(_) => return,
            Out::Grant => {
                session.lease = None;
                Question::Grant { ttl: self.ttl }
            }
            Out::KeepAlive { lease } => Question::KeepAlive { lease },
            Out::Announce { lease } => Question::Put { lease, value: self.value.clone() },
            Out::List => {
                session.watch = None;
                session.news.clear();
                Question::List
            }
            Out::Watch { from } => Question::Watch { from },
        };
        let begins_watch = matches!(question, Question::Watch { .. });
        let number = session.ask(room, lines, question);
        session.asked = Some((number, room.clock(self.node).tick + PATIENCE));
        if begins_watch {
            session.watch = Some(number);
        }
    }

    fn take_answer(&mut self, room: &Room<'_>, number: u32, answer: Answer) {
        let State::Trying(session) = &mut self.state else {
            return;
        };
        if session.asked.take_if(|(asked, _)| *asked == number).is_none() {
            return session.take_beat(&answer);
        }
        let input = match answer {
            Answer::Granted { lease } => In::Granted { lease },
            Answer::Kept { lease } => {
                let next_beat = room.clock(self.node).tick;
                session.lease = Some(Kept { lease, is_lost: false, next_beat, overdue: None });
                return;
            }
            Answer::Gone { .. } => In::LeaseLost,
            Answer::Written { revision } => In::Announced { revision },
            Answer::Listed { revision, entries } => {
                self.attempts.work(room.clock(self.node).tick);
                In::Listed { revision, entries }
            }
            Answer::Watching => return,
        };
        self.registry.handle(input, &mut self.out);
    }

    /// Ends the attempt. What was decided is said; the rest will be asked for again.
    fn give_up(&mut self, room: &mut Room<'_>) {
        for order in self.out.drain() {
            if let Out::Say(fact) = order {
                room.say(self.node, fact);
            }
        }
        let until = self.attempts.fail(room.clock(self.node).tick);
        self.state = State::Resting { until };
        self.set_alarm(room);
    }
}

impl Session {
    fn new(attempt: Attempt) -> Self {
        let (questions, asked, watch, lease) = (0, None, None, None);
        Self { attempt, questions, asked, watch, news: VecDeque::new(), lease }
    }

    fn ask(&mut self, room: &mut Room<'_>, lines: &mut Lines, question: Question) -> u32 {
        self.questions += 1;
        let (by, number) = (self.attempt, self.questions);
        lines.ask(room, by.node, AnyWord::Etcd(Word::Asked { by, number, question }));
        number
    }

    /// What is to be looked at next.
    fn next(&mut self) -> Option<In> {
        let kept = self.lease.as_mut();
        self.news.pop_front().or_else(|| {
            let is_lost = std::mem::take(&mut kept?.is_lost);
            is_lost.then_some(In::LeaseLost)
        })
    }

    fn take_beat(&mut self, answer: &Answer) {
        let (Answer::Kept { lease } | Answer::Gone { lease }) = answer else {
            return;
        };
        if let Some(kept) = self.lease.as_mut().filter(|kept| kept.lease == *lease) {
            kept.overdue = None;
            kept.is_lost |= matches!(answer, Answer::Gone { .. });
        }
    }

    fn beat(&mut self, room: &mut Room<'_>, lines: &mut Lines, now: Instant, ttl: Duration) {
        let is_idle = self.asked.is_none();
        let kept = self.lease.as_mut().filter(|kept| is_idle && kept.next_beat <= now);
        let Some(kept) = kept else {
            return;
        };
        kept.next_beat = now + (ttl / 3).min(BEAT_MAX);
        kept.overdue.get_or_insert(now + PATIENCE);
        let lease = kept.lease;
        self.ask(room, lines, Question::Beat { lease });
    }

    fn is_overdue(&self, now: Instant) -> bool {
        match (self.asked, &self.lease) {
            (Some((_, overdue)), _) => overdue <= now,
            (None, Some(Kept { overdue, .. })) => overdue.is_some_and(|overdue| overdue <= now),
            (None, None) => false,
        }
    }

    /// When something is to be done, or is overdue. Who waits for an answer does nothing else.
    fn deadline(&self) -> Option<Instant> {
        let of_lease =
            |kept: &Kept| kept.overdue.map_or(kept.next_beat, |it| it.min(kept.next_beat));
        match self.asked {
            Some((_, overdue)) => Some(overdue),
            None => self.lease.as_ref().map(of_lease),
        }
    }
}
