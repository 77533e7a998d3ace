//! etcd, as far as discovery asks for it: keys with revisions, leases, watches, compaction.
//!
//! Every write has a revision, and what a watch has missed is shown to it as long as that is kept.
//! All of it survives an outage, after which every lease has its full time again; connections do not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use peer_ring_discovery_core::etcd::{Change, Entry};

use super::{Answer, News, Question, Word};
use crate::time::Time;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::line::{Attempt, Lines, Pace, hangs};
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// Until then nothing is compacted: a cluster is founded with nothing wrong.
const FOUNDED: Time = Time(500_000_000);
/// How often etcd looks which leases have run out.
const LOOK_NS: u64 = 500_000_000;
/// How many writes are kept at most.
const WRITES_MAX: usize = 64;
/// One in so many watches finds that all before the last write was just compacted.
const COMPACTIONS: u64 = 8;

/// All that etcd has.
pub(super) struct Store {
    revision: i64,
    keys: BTreeMap<NodeIndex, Key>,
    /// Writes, the oldest that is kept first: by which revision, whose key, and what it is now.
    writes: VecDeque<(i64, NodeIndex, Option<Key>)>,
    /// What was before this revision is not kept.
    compacted: i64,
    leases: BTreeMap<i64, Lease>,
    leases_granted: i64,
    sessions: BTreeMap<NodeIndex, Session>,
    outages: u64,
    does_hang: bool,
}

#[derive(Clone)]
struct Key {
    value: Vec<u8>,
    lease: i64,
}

struct Lease {
    ttl: Duration,
    ends: Time,
    /// When it is looked at next.
    look: Time,
}

/// The latest attempt of a node that is known of.
struct Session {
    attempt: Attempt,
    is_open: bool,
    /// The question that began its watch.
    watch: Option<u32>,
    /// Whom its last listing did not show although they may be there.
    unlisted: BTreeSet<NodeIndex>,
}

impl Store {
    pub fn new() -> Self {
        Self {
            revision: 1,
            keys: BTreeMap::new(),
            writes: VecDeque::new(),
            compacted: 0,
            leases: BTreeMap::new(),
            leases_granted: 0,
            sessions: BTreeMap::new(),
            outages: 0,
            does_hang: false,
        }
    }

    /// Answers a question.
    pub fn take(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        by: Attempt,
        number: u32,
        question: Question,
    ) {
        if room.weather.is_out() {
            if !self.does_hang {
                break_off(room, lines, by);
            }
            return;
        }
        let session = self.sessions.entry(by.node).or_insert_with(|| Session::new(by));
        if session.attempt < by {
            *session = Session::new(by);
        } else if session.attempt > by {
            return;
        } else if !session.is_open {
            return break_off(room, lines, by);
        }
        let answer = self.answer(room, lines, by.node, number, question);
        let word = AnyWord::Etcd(Word::Answered { to: by, number, answer });
        lines.tell(room, by.node, Pace::Answer, word);
    }

    /// A node is down, and its connection is closed.
    pub fn hang_up(&mut self, node: NodeIndex) {
        if let Some(session) = self.sessions.get_mut(&node) {
            session.close();
        }
    }

    /// Ends a lease, if it has run out.
    pub fn look_at(&mut self, room: &mut Room<'_>, lines: &mut Lines, lease: i64) {
        let Some(held) = self.leases.get_mut(&lease) else {
            return;
        };
        if room.weather.is_out() || held.look != room.now {
            return;
        }
        match held.ends <= room.now {
            true => self.revoke(room, lines, lease),
            false => held.look_later(room, lease),
        }
    }

    /// Ends a lease, and deletes the keys that go with it.
    pub fn revoke(&mut self, room: &mut Room<'_>, lines: &mut Lines, lease: i64) {
        self.leases.remove(&lease);
        let with_it = |(node, key): (&NodeIndex, &Key)| (key.lease == lease).then_some(*node);
        let gone: Vec<_> = self.keys.iter().filter_map(with_it).collect();
        if !gone.is_empty() {
            self.revision += 1;
        }
        for node in gone {
            self.keys.remove(&node);
            self.write(room, lines, node, None);
        }
    }

    /// Nothing is answered from now on.
    pub fn go_out(&mut self, room: &mut Room<'_>, lines: &mut Lines) {
        self.outages += 1;
        self.does_hang = hangs(room, self.outages);
        for session in self.sessions.values_mut().filter(|session| session.is_open) {
            session.close();
            if !self.does_hang {
                break_off(room, lines, session.attempt);
            }
        }
    }

    /// Questions are answered again.
    pub fn come_back(&mut self, room: &mut Room<'_>) {
        for (number, lease) in &mut self.leases {
            lease.ends = room.now + lease.ttl;
            lease.look_later(room, *number);
        }
    }

    /// A node is not shown another one's key any more, or is shown it again.
    pub fn show(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        node: NodeIndex,
        about: NodeIndex,
    ) {
        if self.keys.contains_key(&about) {
            let change = self.now(room, node, about);
            self.tell(room, lines, node, News::Changed(vec![change]));
        }
    }

    fn answer(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        node: NodeIndex,
        number: u32,
        question: Question,
    ) -> Answer {
        match question {
            Question::Grant { ttl } => self.grant(room, ttl),
            Question::KeepAlive { lease } | Question::Beat { lease } => {
                match self.leases.get_mut(&lease) {
                    None => Answer::Gone { lease },
                    Some(held) => {
                        held.ends = room.now + held.ttl;
                        Answer::Kept { lease }
                    }
                }
            }
            Question::Put { lease, value } => {
                if !self.leases.contains_key(&lease) {
                    return Answer::Gone { lease };
                }
                let key = Key { value, lease };
                self.keys.insert(node, key.clone());
                self.revision += 1;
                self.write(room, lines, node, Some(key));
                Answer::Written { revision: self.revision }
            }
            Question::List => self.list(room, node),
            Question::Watch { from } => {
                self.watch(room, lines, node, number, from);
                Answer::Watching
            }
        }
    }

    fn grant(&mut self, room: &mut Room<'_>, ttl: Duration) -> Answer {
        self.leases_granted += 1;
        let lease = self.leases_granted;
        let mut held = Lease { ttl, ends: room.now + ttl, look: room.now };
        held.look_later(room, lease);
        self.leases.insert(lease, held);
        Answer::Granted { lease }
    }

    fn list(&mut self, room: &Room<'_>, node: NodeIndex) -> Answer {
        let is_hidden = |about: &NodeIndex| !room.weather.shows(node, *about);
        if let Some(session) = self.sessions.get_mut(&node) {
            session.watch = None;
            session.unlisted = all(room).filter(is_hidden).collect();
        }
        let shown = self.keys.iter().filter(|(about, _)| !is_hidden(about));
        let entries = shown.map(|(about, key)| key.entry(room, *about)).collect();
        Answer::Listed { revision: self.revision, entries }
    }

    fn watch(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        node: NodeIndex,
        number: u32,
        from: i64,
    ) {
        let Some(session) = self.sessions.get_mut(&node) else {
            return;
        };
        session.watch = Some(number);
        let unlisted = std::mem::take(&mut session.unlisted);
        let revision = u64::try_from(self.revision).unwrap_or_default();
        let mut compactions = room.stream("compaction", &[node.0.into(), revision]);
        if room.now >= FOUNDED && compactions.below(COMPACTIONS) == 0 {
            self.compact(self.revision);
        }
        if from < self.compacted {
            self.tell(room, lines, node, News::Compacted);
            self.sessions.entry(node).and_modify(|session| session.watch = None);
            return;
        }
        let shows = |about: &NodeIndex| room.weather.shows(node, *about);
        let missed = self.writes.iter().filter(|(at, about, _)| *at >= from && shows(about));
        let mut changes: Vec<_> = missed
            .map(|(revision, about, key)| change(room, *about, key.as_ref(), *revision))
            .collect();
        // Whom the weather hides now and did not when it was listed, or the other way round.
        let differs = |about: &NodeIndex| shows(about) == unlisted.contains(about);
        let known = all(room).filter(|about| self.keys.contains_key(about) && differs(about));
        changes.extend(known.map(|about| self.now(room, node, about)));
        if !changes.is_empty() {
            self.tell(room, lines, node, News::Changed(changes));
        }
    }

    /// Notes what a write of the present revision has made of a node's key, and shows it to all who
    /// watch.
    fn write(
        &mut self,
        room: &mut Room<'_>,
        lines: &mut Lines,
        about: NodeIndex,
        key: Option<Key>,
    ) {
        for node in all(room).filter(|node| room.weather.shows(*node, about)).collect::<Vec<_>>() {
            let news = News::Changed(vec![change(room, about, key.as_ref(), self.revision)]);
            self.tell(room, lines, node, news);
        }
        self.writes.push_back((self.revision, about, key));
        if self.writes.len() > WRITES_MAX {
            self.compact(self.revision);
        }
    }

    /// Keeps nothing that was before this revision.
    fn compact(&mut self, revision: i64) {
        self.compacted = revision;
        self.writes.retain(|(at, ..)| *at >= revision);
    }

    /// What a node is to be told of another one's key now, if it was told something else before.
    fn now(&self, room: &Room<'_>, node: NodeIndex, about: NodeIndex) -> Change {
        let shown = self.keys.get(&about).filter(|_| room.weather.shows(node, about));
        change(room, about, shown, self.revision)
    }

    /// Shows something to a node's watch, if it has one.
    fn tell(&self, room: &mut Room<'_>, lines: &mut Lines, node: NodeIndex, news: News) {
        let session = self.sessions.get(&node).filter(|session| session.is_open);
        if let Some(Session { attempt, watch: Some(watch), .. }) = session {
            let word = Word::Watched { to: *attempt, watch: *watch, news };
            lines.tell(room, node, Pace::News, AnyWord::Etcd(word));
        }
    }
}

impl Session {
    fn new(attempt: Attempt) -> Self {
        Self { attempt, is_open: true, watch: None, unlisted: BTreeSet::new() }
    }

    fn close(&mut self) {
        self.is_open = false;
        self.watch = None;
    }
}

impl Lease {
    /// Enters the next look at it: the first after it may have run out.
    fn look_later(&mut self, room: &mut Room<'_>, lease: i64) {
        self.look = Time((self.ends.0 / LOOK_NS + 1) * LOOK_NS);
        let after = self.look.since(room.now);
        room.at_backend(after, AnyWord::Etcd(Word::Looked { lease }));
    }
}

impl Key {
    fn entry(&self, room: &Room<'_>, node: NodeIndex) -> Entry {
        let (name, value) = (room.name(node).to_string(), self.value.clone());
        Entry { name, value, lease: self.lease }
    }
}

fn change(room: &Room<'_>, about: NodeIndex, key: Option<&Key>, revision: i64) -> Change {
    match key {
        Some(key) => Change::Put(key.entry(room, about)),
        None => Change::Delete { name: room.name(about).to_string(), revision },
    }
}

/// Tells a client that its connection is no more, or that it cannot have one.
fn break_off(room: &mut Room<'_>, lines: &mut Lines, to: Attempt) {
    lines.tell(room, to.node, Pace::Answer, AnyWord::Etcd(Word::Broken { to }));
}

fn all(room: &Room<'_>) -> impl Iterator<Item = NodeIndex> + use<> {
    let count = u8::try_from(room.nodes.len()).expect("at most a hundred");
    (0..count).map(NodeIndex)
}
