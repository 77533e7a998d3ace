//! ZooKeeper, as far as discovery asks for it: sessions, ephemeral znodes below a path, and a watch
//! on all of them for each connection.
//!
//! Sessions and znodes survive an outage, after which every session has its full time again;
//! connections do not, and with a connection its watch is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_discovery_core::zookeeper::Entry;

use super::{Answer, News, Question, Word};
use crate::time::Time;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::line::{Attempt, Lines, Pace, hangs};
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// How often ZooKeeper looks which sessions have run out.
const LOOK_NS: u64 = 500_000_000;

/// All that ZooKeeper has.
pub(super) struct Ensemble {
    znodes: BTreeMap<NodeIndex, Znode>,
    sessions: BTreeMap<i64, Session>,
    sessions_opened: i64,
    connections: BTreeMap<NodeIndex, Connection>,
    outages: u64,
    does_hang: bool,
}

struct Znode {
    value: Vec<u8>,
    /// The session that it goes with.
    owner: i64,
}

struct Session {
    timeout: Duration,
    ends: Time,
    /// When it is looked at next.
    look: Time,
}

/// The latest connection of a node that is known of.
struct Connection {
    attempt: Attempt,
    session: i64,
    is_open: bool,
    has_watch: bool,
}

impl Ensemble {
    pub fn new() -> Self {
        Self {
            znodes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            sessions_opened: 0,
            connections: BTreeMap::new(),
            outages: 0,
            does_hang: false,
        }
    }

    /// Answers what a client says.
    pub fn take(&mut self, room: &mut Room<'_>, lines: &mut Lines, word: Word) {
        let (Word::Dialled { by, .. } | Word::Asked { by, .. }) = word else {
            unreachable!("{word:?} is not for a server");
        };
        if room.weather.is_out() {
            if !self.does_hang {
                break_off(room, lines, by);
            }
            return;
        }
        let known = self.connections.get(&by.node);
        match word {
            Word::Dialled { session, timeout, .. } => {
                if known.is_none_or(|known| known.attempt < by) {
                    self.accept(room, lines, by, session, timeout);
                }
            }
            Word::Asked { number, question, .. } => {
                match known.filter(|known| known.attempt == by && known.is_open) {
                    None => break_off(room, lines, by),
                    Some(Connection { session, .. }) => {
                        let session = *session;
                        self.touch(room, session);
                        let answer = self.answer(room, lines, by.node, session, question);
                        let word = Word::Answered { to: by, number, answer };
                        lines.tell(room, by.node, Pace::Answer, AnyWord::Zookeeper(word));
                    }
                }
            }
            Word::Closed { .. }
            | Word::Looked { .. }
            | Word::Accepted { .. }
            | Word::Answered { .. }
            | Word::Watched { .. }
            | Word::Broken { .. }
            | Word::Woken { .. } => {}
        }
    }

    /// A node is down, and its connection is closed.
    pub fn hang_up(&mut self, node: NodeIndex) {
        if let Some(connection) = self.connections.get_mut(&node) {
            connection.close();
        }
    }

    /// Ends a session, if it has run out.
    pub fn look_at(&mut self, room: &mut Room<'_>, lines: &mut Lines, session: i64) {
        let Some(held) = self.sessions.get_mut(&session) else {
            return;
        };
        if room.weather.is_out() || held.look != room.now {
            return;
        }
        match held.ends <= room.now {
            true => self.end(room, lines, session),
            false => held.look_later(room, session),
        }
    }

    /// Ends a session: its connection is closed, and its znode deleted.
    pub fn end(&mut self, room: &mut Room<'_>, lines: &mut Lines, session: i64) {
        self.sessions.remove(&session);
        let is_of_it =
            |connection: &&mut Connection| connection.is_open && connection.session == session;
        for connection in self.connections.values_mut().filter(is_of_it) {
            connection.close();
            break_off(room, lines, connection.attempt);
        }
        let of_it = |(node, znode): (&NodeIndex, &Znode)| (znode.owner == session).then_some(*node);
        let gone: Vec<_> = self.znodes.iter().filter_map(of_it).collect();
        for node in gone {
            self.delete(room, lines, node);
        }
    }

    /// Nothing is answered from now on.
    pub fn go_out(&mut self, room: &mut Room<'_>, lines: &mut Lines) {
        self.outages += 1;
        self.does_hang = hangs(room, self.outages);
        for connection in self.connections.values_mut().filter(|connection| connection.is_open) {
            connection.close();
            if !self.does_hang {
                break_off(room, lines, connection.attempt);
            }
        }
    }

    /// Questions are answered again.
    pub fn come_back(&mut self, room: &mut Room<'_>) {
        for (number, session) in &mut self.sessions {
            session.ends = room.now + session.timeout;
            session.look_later(room, *number);
        }
    }

    /// A node is not shown another one's znode any more, or is shown it again.
    pub fn show(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        node: NodeIndex,
        about: NodeIndex,
    ) {
        if self.znodes.contains_key(&about) {
            let name = room.name(about).to_string();
            let news = match room.weather.shows(node, about) {
                true => News::Created(name),
                false => News::Deleted(name),
            };
            self.tell(room, lines, node, news);
        }
    }

    fn accept(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        by: Attempt,
        session: i64,
        timeout: Duration,
    ) {
        let session = match session {
            0 => Some(self.open(room, timeout)),
            known => self.sessions.contains_key(&known).then_some(known),
        };
        if let Some(session) = session {
            self.touch(room, session);
            let connection = Connection { attempt: by, session, is_open: true, has_watch: false };
            self.connections.insert(by.node, connection);
        }
        let word = AnyWord::Zookeeper(Word::Accepted { to: by, session });
        lines.tell(room, by.node, Pace::Answer, word);
    }

    fn open(&mut self, room: &mut Room<'_>, timeout: Duration) -> i64 {
        self.sessions_opened += 1;
        let number = self.sessions_opened;
        let mut session = Session { timeout, ends: room.now + timeout, look: room.now };
        session.look_later(room, number);
        self.sessions.insert(number, session);
        number
    }

    /// A session was heard of.
    fn touch(&mut self, room: &Room<'_>, session: i64) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.ends = room.now + session.timeout;
        }
    }

    fn answer(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        node: NodeIndex,
        session: i64,
        question: Question,
    ) -> Answer {
        match question {
            Question::Ping => Answer::Pong,
            Question::Create { value } => {
                if self.znodes.contains_key(&node) {
                    return Answer::Exists;
                }
                self.znodes.insert(node, Znode { value, owner: session });
                self.tell_all(room, lines, node, News::Created);
                Answer::Created
            }
            Question::Stat => Answer::Owner(self.znodes.get(&node).map(|znode| znode.owner)),
            Question::Delete => {
                self.delete(room, lines, node);
                Answer::Deleted
            }
            Question::Watch => {
                if let Some(connection) = self.connections.get_mut(&node) {
                    connection.has_watch = true;
                }
                Answer::Watching
            }
            Question::Children => {
                let shown = self.shown(room, node);
                Answer::Children(shown.map(|(about, _)| room.name(about).to_string()).collect())
            }
            Question::Read(names) => {
                let entries = self.shown(room, node).filter_map(|(about, znode)| {
                    let name = names.iter().find(|name| **name == *room.name(about).as_str())?;
                    let (name, value) = (name.clone(), znode.value.clone());
                    Some(Entry { name, value, owner: znode.owner })
                });
                Answer::Read(entries.collect())
            }
        }
    }

    fn delete(&mut self, room: &mut Room<'_>, lines: &mut Lines, node: NodeIndex) {
        if self.znodes.remove(&node).is_some() {
            self.tell_all(room, lines, node, News::Deleted);
        }
    }

    /// The znodes that a node is shown.
    fn shown(&self, room: &Room<'_>, node: NodeIndex) -> impl Iterator<Item = (NodeIndex, &Znode)> {
        let shows = move |about: &NodeIndex| room.weather.shows(node, *about);
        self.znodes.iter().map(|(about, znode)| (*about, znode)).filter(move |(it, _)| shows(it))
    }

    fn tell_all(
        &self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        about: NodeIndex,
        news: impl Fn(String) -> News,
    ) {
        for node in self.connections.keys().copied() {
            if room.weather.shows(node, about) {
                let news = news(room.name(about).to_string());
                self.tell(room, lines, node, news);
            }
        }
    }

    /// Shows something to a node's watch, if it has one.
    fn tell(&self, room: &mut Room<'_>, lines: &mut Lines, node: NodeIndex, news: News) {
        let connection = self.connections.get(&node).filter(|it| it.is_open && it.has_watch);
        if let Some(Connection { attempt, .. }) = connection {
            let word = AnyWord::Zookeeper(Word::Watched { to: *attempt, news });
            lines.tell(room, node, Pace::News, word);
        }
    }
}

impl Session {
    /// Enters the next look at it: the first after it may have run out.
    fn look_later(&mut self, room: &mut Room<'_>, session: i64) {
        self.look = Time((self.ends.0 / LOOK_NS + 1) * LOOK_NS);
        let after = self.look.since(room.now);
        room.at_backend(after, AnyWord::Zookeeper(Word::Looked { session }));
    }
}

impl Connection {
    fn close(&mut self) {
        self.is_open = false;
        self.has_watch = false;
    }
}

/// Tells a client that its connection is no more, or that it cannot have one.
fn break_off(room: &mut Room<'_>, lines: &mut Lines, to: Attempt) {
    lines.tell(room, to.node, Pace::Answer, AnyWord::Zookeeper(Word::Broken { to }));
}
