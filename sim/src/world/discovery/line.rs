//! What clients of registries have in common: a line to the backend, attempts, and patience.
//!
//! A line that is dead loses nothing: what was sent waits until it is not dead any more, as TCP sends
//! it again. It is for the ends to lose patience meanwhile; whatever comes of an attempt that one has
//! given up is nobody's.

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::actor::Instant;

use super::Word;
use super::room::Room;
use super::tries::Tries;
use crate::random::Stream;
use crate::time::Time;
use crate::world::event::NodeIndex;

/// How long a word takes where it has not far to go.
const WORD: std::ops::RangeInclusive<Duration> =
    Duration::from_micros(50)..=Duration::from_micros(500);
/// What share of the longest that news take a question takes at most, and its answer as well: before
/// the first news there are some of them.
const QUESTION_SHARE: u32 = 8;

/// One attempt of one start of a node's client at the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// Whose.
    pub node: NodeIndex,
    /// Of which start of the node.
    pub start: u32,
    /// Which one.
    pub number: u32,
}

/// The lines between nodes and the backend.
pub(super) struct Lines {
    /// Whether an answer may not overtake news, nor they it.
    is_one_stream: bool,
    lines: BTreeMap<NodeIndex, Line>,
}

struct Line {
    delays: Stream,
    /// When the latest word of each pace comes to the node.
    latest: BTreeMap<Pace, Time>,
    /// What came while it was dead, and to which end, the oldest first.
    waiting: Vec<(End, Word)>,
}

/// An end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Node,
    Backend,
}

/// How fast a word goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pace {
    /// As what somebody waits for.
    Answer,
    /// As what nobody waits for.
    News,
}

impl Lines {
    /// Lines on which news and answers each keep their order.
    pub fn of_two_streams() -> Self {
        Self { is_one_stream: false, lines: BTreeMap::new() }
    }

    /// Lines on which all that comes to a node keeps its order.
    pub fn of_one_stream() -> Self {
        Self { is_one_stream: true, lines: BTreeMap::new() }
    }

    /// Sends a word to the backend.
    pub fn ask(&mut self, room: &mut Room<'_>, node: NodeIndex, word: Word) {
        let after = self.line(room, node).takes(room, Pace::Answer);
        room.at_backend(after, word);
    }

    /// Sends a word to a node, after those of its kind that were sent before.
    pub fn tell(&mut self, room: &mut Room<'_>, node: NodeIndex, pace: Pace, word: Word) {
        let stream = if self.is_one_stream { Pace::News } else { pace };
        let line = self.line(room, node);
        let at = room.now + line.takes(room, pace);
        let latest = line.latest.entry(stream).or_default();
        *latest = at.max(*latest);
        room.at_node(latest.since(room.now), node, word);
    }

    /// The word, which has come to an end of a line; `None` if it waits since the line is dead.
    pub fn arrives(
        &mut self,
        room: &Room<'_>,
        node: NodeIndex,
        end: End,
        word: Word,
    ) -> Option<Word> {
        if !room.weather.is_stale(node) {
            return Some(word);
        }
        self.line(room, node).waiting.push((end, word));
        None
    }

    /// The line is not dead any more: what has waited is there, before all that is on its way.
    pub fn mend(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        for (end, word) in std::mem::take(&mut self.line(room, node).waiting) {
            match end {
                End::Node => room.at_node(Duration::ZERO, node, word),
                End::Backend => room.at_backend(Duration::ZERO, word),
            }
        }
    }

    /// The node is down: what has waited is lost.
    pub fn cut(&mut self, node: NodeIndex) {
        if let Some(line) = self.lines.get_mut(&node) {
            line.waiting.clear();
        }
    }

    fn line(&mut self, room: &Room<'_>, node: NodeIndex) -> &mut Line {
        self.lines.entry(node).or_insert_with(|| Line {
            delays: room.stream("line", &[node.0.into()]),
            latest: BTreeMap::new(),
            waiting: Vec::new(),
        })
    }
}

impl Line {
    fn takes(&mut self, room: &Room<'_>, pace: Pace) -> Duration {
        let most = match pace {
            Pace::News => room.within,
            Pace::Answer => room.within / QUESTION_SHARE,
        };
        self.delays.span(&WORD) + self.delays.span(&(Duration::ZERO..=most))
    }
}

/// Which attempt of a client's is the latest, and when it tries again.
pub(super) struct Attempts {
    latest: Attempt,
    tries: Tries,
}

impl Attempts {
    pub fn new(room: &Room<'_>, node: NodeIndex) -> Self {
        let start = room.starts(node);
        let chances = room.stream("attempts", &[node.0.into(), start.into()]);
        let latest = Attempt { node, start, number: 0 };
        Self { latest, tries: Tries::new(chances) }
    }

    /// There is another one.
    pub fn begin(&mut self) -> Attempt {
        self.latest.number += 1;
        self.latest
    }

    /// The backend has answered as it should.
    pub fn work(&mut self, now: Instant) {
        self.tries.work(now);
    }

    /// The latest attempt is over. When the next one is due.
    pub fn fail(&mut self, now: Instant) -> Instant {
        self.tries.fail(now)
    }
}

/// When a client's patience ends: there is one alarm at most.
#[derive(Default)]
pub(super) struct Alarm(Option<Instant>);

impl Alarm {
    /// Lets `word` come at the deadline, unless it comes before that anyway.
    pub fn set(
        &mut self,
        room: &mut Room<'_>,
        node: NodeIndex,
        deadline: Option<Instant>,
        word: impl FnOnce(Instant) -> Word,
    ) {
        if let Some(tick) = deadline
            && self.0.is_none_or(|set| set > tick)
        {
            self.0 = Some(tick);
            room.when(tick, node, word(tick));
        }
    }

    /// Whether this is the alarm that was set last. There is none then until it is set again.
    pub fn rings(&mut self, tick: Instant) -> bool {
        self.0.take_if(|set| *set == tick).is_some()
    }

    /// Forgets that it was set.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}

/// Whether the backend hangs while it is out, instead of turning everybody away: whether a machine
/// is gone, or a process.
pub(super) fn hangs(room: &Room<'_>, outage: u64) -> bool {
    room.stream("outage", &[outage]).below(2) == 0
}
