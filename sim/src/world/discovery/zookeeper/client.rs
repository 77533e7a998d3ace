//! What performs at a node for the roster: one order after another, over a connection that is made
//! again when it breaks, in a session that goes on meanwhile unless that takes too long.

use std::collections::VecDeque;
use std::time::Duration;

use peer_ring_core::actor::{Instant, Outbox};
use peer_ring_discovery_core::announcement;
use peer_ring_discovery_core::zookeeper::{In, Out, Roster};

use super::{Answer, News, Question, Word};
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::line::{Alarm, Attempt, Attempts, Lines};
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// How long a session lives without a word; production's lives longer.
const TIMEOUTS_S: [u64; 3] = [2, 4, 6];
/// After how many twentieths of that who has said nothing says that it is there, as ZooKeeper's client
/// that production uses does it.
const PING: u32 = 3;
/// After how many of them, without a word from the server, a connection is given up.
const PATIENCE: u32 = 8;
/// After how many of them the session is.
const SESSION: u32 = 28;

/// A node's client.
pub(super) struct Client {
    node: NodeIndex,
    /// What stands in the own znode.
    value: Vec<u8>,
    /// A twentieth of the time for which a session lives without a word.
    twentieth: Duration,
    roster: Roster,
    out: Outbox<Out>,
    attempts: Attempts,
    /// The session, unless it is known to have run out.
    session: Option<i64>,
    /// When the server was last heard.
    heard_at: Instant,
    state: State,
    alarm: Alarm,
}

enum State {
    /// There is no connection.
    Resting { until: Instant },
    /// One is being made.
    Dialling { attempt: Attempt, overdue: Instant },
    /// There is one.
    Connected(Connection),
}

struct Connection {
    attempt: Attempt,
    /// How many questions were asked.
    questions: u32,
    /// What all else waits for: the number of the last question, and the order it is for.
    asked: Option<(u32, Out)>,
    /// What the watch has shown, and nobody has looked at yet.
    news: VecDeque<In>,
    /// When to say that this node is there; `None` while that is not answered.
    next_ping: Option<Instant>,
}

impl Client {
    /// One that has not begun.
    pub fn new(room: &Room<'_>, node: NodeIndex) -> Self {
        let timeout = *room.stream("session", &[node.0.into()]).pick(&TIMEOUTS_S);
        Self {
            node,
            value: announcement::write(&room.sighting(node)),
            twentieth: Duration::from_secs(timeout) / 20,
            roster: Roster::new(room.name(node).clone()),
            out: Outbox::new(),
            attempts: Attempts::new(room, node),
            session: None,
            heard_at: Instant::default(),
            state: State::Resting { until: Instant::default() },
            alarm: Alarm::default(),
        }
    }

    /// The session to close at the end.
    pub fn session(&self) -> Option<i64> {
        self.session
    }

    /// Makes a connection.
    pub fn begin(&mut self, room: &mut Room<'_>, lines: &mut Lines) {
        let now = room.clock(self.node).tick;
        self.session = self.session.filter(|_| now < self.heard_at + self.twentieth * SESSION);
        let (by, session) = (self.attempts.begin(), self.session.unwrap_or_default());
        self.state = State::Dialling { attempt: by, overdue: now + self.twentieth * PATIENCE };
        let word = Word::Dialled { by, session, timeout: self.twentieth * 20 };
        lines.ask(room, self.node, AnyWord::Zookeeper(word));
        self.set_alarm(room);
    }

    /// Takes what ZooKeeper says.
    pub fn take(&mut self, room: &mut Room<'_>, lines: &mut Lines, word: Word) {
        let attempt = match &self.state {
            State::Resting { .. } => return,
            State::Dialling { attempt, .. } => *attempt,
            State::Connected(connection) => connection.attempt,
        };
        let now = room.clock(self.node).tick;
        match word {
            Word::Broken { to } if to == attempt => return self.lose(room),
            Word::Accepted { to, session: None } if to == attempt => {
                self.session = None;
                return self.lose(room);
            }
            Word::Accepted { to, session: Some(session) } if to == attempt => {
                self.heard_at = now;
                self.state = State::Connected(Connection::new(to, now + self.twentieth * PING));
                let is_new = self.session.replace(session) != Some(session);
                let input = if is_new { In::Opened { session } } else { In::Reconnected };
                self.roster.handle(input, &mut self.out);
            }
            Word::Answered { to, number, answer } if to == attempt => {
                self.heard_at = now;
                self.take_answer(room, lines, number, answer);
            }
            Word::Watched { to, news } if to == attempt => {
                self.heard_at = now;
                if let State::Connected(connection) = &mut self.state {
                    connection.news.push_back(match news {
                        News::Created(name) => In::Touched { name },
                        News::Deleted(name) => In::Deleted { name },
                    });
                }
            }
            Word::Broken { .. }
            | Word::Accepted { .. }
            | Word::Answered { .. }
            | Word::Watched { .. } => return,
            Word::Dialled { .. }
            | Word::Asked { .. }
            | Word::Closed { .. }
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
        let silent = self.heard_at + self.twentieth * PATIENCE;
        match &mut self.state {
            State::Resting { until } if *until <= now => return self.begin(room, lines),
            State::Dialling { overdue, .. } if *overdue <= now => return self.lose(room),
            State::Connected(_) if silent <= now => return self.lose(room),
            State::Connected(connection) => {
                if connection.next_ping.take_if(|ping| *ping <= now).is_some() {
                    connection.ask(room, lines, Question::Ping);
                }
            }
            State::Resting { .. } | State::Dialling { .. } => {}
        }
        self.set_alarm(room);
    }

    /// Sets the alarm anew: the node's clock goes at another rate.
    pub fn wind(&mut self, room: &mut Room<'_>) {
        self.alarm.clear();
        self.set_alarm(room);
    }

    fn set_alarm(&mut self, room: &mut Room<'_>) {
        let silent = self.heard_at + self.twentieth * PATIENCE;
        let deadline = match &self.state {
            State::Resting { until } => *until,
            State::Dialling { overdue, .. } => *overdue,
            State::Connected(connection) => connection.next_ping.unwrap_or(silent).min(silent),
        };
        let word = |tick| AnyWord::Zookeeper(Word::Woken { tick });
        self.alarm.set(room, self.node, Some(deadline), word);
    }

    /// Performs what is to be done, and looks at news, until there is something to wait for.
    fn go_on(&mut self, room: &mut Room<'_>, lines: &mut Lines) {
        while let State::Connected(connection) = &mut self.state
            && connection.asked.is_none()
        {
            if let Some(order) = self.out.pop() {
                self.perform(room, lines, order);
            } else if let Some(input) = connection.news.pop_front() {
                self.roster.handle(input, &mut self.out);
            } else {
                break;
            }
        }
        self.set_alarm(room);
    }

    fn perform(&mut self, room: &mut Room<'_>, lines: &mut Lines, order: Out) {
        let question = match &order {
            Out::Say(fact) => return room.say(self.node, fact.clone()),
            Out::Warn(_) => return,
            Out::Register => Question::Create { value: self.value.clone() },
            Out::Replace => Question::Delete,
            Out::Watch => Question::Watch,
            Out::List => Question::Children,
            Out::Read { name } => Question::Read(vec![name.clone()]),
        };
        self.ask(room, lines, question, order);
    }

    fn ask(&mut self, room: &mut Room<'_>, lines: &mut Lines, question: Question, order: Out) {
        if let State::Connected(connection) = &mut self.state {
            let number = connection.ask(room, lines, question);
            connection.asked = Some((number, order));
            let ping = room.clock(self.node).tick + self.twentieth * PING;
            connection.next_ping = connection.next_ping.map(|_| ping);
        }
    }

    /// Takes an answer: some orders take more than one question.
    fn take_answer(&mut self, room: &mut Room<'_>, lines: &mut Lines, number: u32, answer: Answer) {
        let State::Connected(connection) = &mut self.state else {
            return;
        };
        if let Answer::Pong = answer {
            let ping = room.clock(self.node).tick + self.twentieth * PING;
            connection.next_ping = Some(ping);
            return;
        }
        let Some((_, order)) = connection.asked.take_if(|(asked, _)| *asked == number) else {
            return;
        };
        let input = match (order, answer) {
            (Out::Register | Out::Replace, Answer::Created) => In::Registered,
            (order @ Out::Register, Answer::Exists) => {
                return self.ask(room, lines, Question::Stat, order);
            }
            // It went in the meantime; the owner that is none makes way.
            (Out::Register, Answer::Owner(owner)) => In::Taken { owner: owner.unwrap_or(0) },
            (order @ Out::Replace, Answer::Deleted) => {
                let value = self.value.clone();
                return self.ask(room, lines, Question::Create { value }, order);
            }
            (Out::Replace, Answer::Exists) => In::Taken { owner: 0 },
            // What came before is in the listing that follows.
            (Out::Watch, Answer::Watching) => return connection.news.clear(),
            (order @ Out::List, Answer::Children(names)) => {
                return self.ask(room, lines, Question::Read(names), order);
            }
            (Out::List, Answer::Read(entries)) => {
                self.attempts.work(room.clock(self.node).tick);
                In::Listed(entries)
            }
            (Out::Read { .. }, Answer::Read(entries)) => {
                let Some(entry) = entries.into_iter().next() else {
                    return;
                };
                In::Read(entry)
            }
            (order, answer) => unreachable!("{answer:?} answers nothing that {order:?} asks"),
        };
        self.roster.handle(input, &mut self.out);
    }

    /// Gives the connection up. What was decided is said; the rest will be asked for again.
    fn lose(&mut self, room: &mut Room<'_>) {
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

impl Connection {
    fn new(attempt: Attempt, next_ping: Instant) -> Self {
        let (questions, asked, news) = (0, None, VecDeque::new());
        Self { attempt, questions, asked, news, next_ping: Some(next_ping) }
    }

    fn ask(&mut self, room: &mut Room<'_>, lines: &mut Lines, question: Question) -> u32 {
        self.questions += 1;
        let (by, number) = (self.attempt, self.questions);
        lines.ask(room, by.node, AnyWord::Zookeeper(Word::Asked { by, number, question }));
        number
    }
}
