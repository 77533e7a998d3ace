//! The API server: slices with versions, what happened to them of late, and watches.
//!
//! Versions count all writes, also those that are none of ours, so they go on by themselves. What
//! happened is known for a while; from before that nobody can watch.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use peer_ring_discovery_core::kubernetes::{Candidate, In, Object, Rank};

use super::Word;
use super::client::WATCH;
use super::controller::Endpoint;
use super::wire::{Question, Told, Wire};
use crate::random::Stream;
use crate::time::Time;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// How often somebody else writes something.
const OTHERS_WRITE_EVERY: Duration = Duration::from_millis(100);
/// By how much versions are raised after a restoration, so that none is given out twice.
const RESTORED_BY: u64 = 1_000;

/// A slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    version: u64,
    pub endpoints: Vec<Endpoint>,
}

/// The API server, and what it keeps.
pub(super) struct Server {
    draws: Stream,
    version: u64,
    /// Up to when the writes of others are counted.
    counted: Time,
    slices: BTreeMap<String, Slice>,
    /// What happened since `compacted`, the oldest first.
    history: VecDeque<Change>,
    /// The oldest version from which somebody can watch.
    compacted: u64,
    /// The next one that will be that, and when.
    marked: u64,
    compacts_at: Time,
    keeps_for: Duration,
    watches: BTreeMap<NodeIndex, Watch>,
    watch_count: u64,
    /// What there was at some time.
    backup: BTreeMap<String, Slice>,
}

/// A write: of a slice, or of its end.
struct Change {
    version: u64,
    key: String,
    slice: Option<Slice>,
}

/// A watch that is open.
struct Watch {
    number: u64,
    turn: u32,
    /// Up to which version it has been told all.
    told: u64,
}

impl Server {
    pub fn new(seed: u64) -> Self {
        let mut draws = Stream::new(seed, "kubernetes server", &[]);
        let keeps_for = Duration::from_millis(*draws.pick(&[500, 1_000, 3_000, 30_000]));
        Self {
            draws,
            version: 1,
            counted: Time::ZERO,
            slices: BTreeMap::new(),
            history: VecDeque::new(),
            compacted: 0,
            marked: 0,
            compacts_at: Time::ZERO + keeps_for,
            keeps_for,
            watches: BTreeMap::new(),
            watch_count: 0,
            backup: BTreeMap::new(),
        }
    }

    pub fn slices(&self) -> &BTreeMap<String, Slice> {
        &self.slices
    }

    /// Writes a slice, or deletes it.
    pub fn write(&mut self, now: Time, key: String, endpoints: Option<Vec<Endpoint>>) {
        self.go_on(now);
        self.version += 1;
        let version = self.version;
        let slice = endpoints.map(|endpoints| Slice { version, endpoints });
        match &slice {
            Some(slice) => drop(self.slices.insert(key.clone(), slice.clone())),
            None => drop(self.slices.remove(&key)),
        }
        self.history.push_back(Change { version, key, slice });
    }

    /// Writes the slice of a node's pod as it is: somebody will see something else in it.
    pub fn touch(&mut self, now: Time, node: NodeIndex) {
        let has_it = |slice: &Slice| slice.endpoints.iter().any(|pod| pod.node == node);
        let found = self.slices.iter().find(|(_, slice)| has_it(slice));
        if let Some((key, endpoints)) = found.map(|it| (it.0.clone(), it.1.endpoints.clone())) {
            self.write(now, key, Some(endpoints));
        }
    }

    /// It is dead, and all watches with it.
    pub fn stop(&mut self) {
        self.watches.clear();
    }

    /// It is there again, with all that it kept, or with what somebody had kept elsewhere. It knows
    /// nothing of what happened before.
    pub fn restart(&mut self, now: Time) {
        self.go_on(now);
        if self.draws.below(4) == 0 {
            self.slices.clone_from(&self.backup);
            self.version += RESTORED_BY;
        }
        self.history.clear();
        (self.compacted, self.marked) = (self.version, self.version);
    }

    /// A node's connection is dead.
    pub fn hang_up(&mut self, node: NodeIndex) {
        self.watches.remove(&node);
    }

    /// Answers a client, as far as the weather lets it.
    pub fn answer(&mut self, room: &mut Room<'_>, wire: &mut Wire, turn: u32, question: &Question) {
        if room.weather.is_blind(wire.node) {
            return wire.fail(room, turn);
        }
        self.go_on(room.now);
        match question {
            Question::List => {
                let pairs = self.slices.iter();
                let objects = pairs.map(|(key, slice)| object(room, wire.node, key, slice));
                let (version, objects) = (self.version.to_string(), objects.collect());
                wire.tell(room, turn, Told::Says(In::Listed { version, objects }));
            }
            Question::Watch(version) => {
                let version = version.parse().expect("it gives out numbers");
                self.watch(room, wire, turn, version);
            }
        }
    }

    fn watch(&mut self, room: &mut Room<'_>, wire: &mut Wire, turn: u32, version: u64) {
        if version < self.compacted {
            // It says so at once, or as the first thing in the watch.
            if wire.draws().below(2) == 0 {
                wire.tell(room, turn, Told::Opened);
            }
            return wire.tell(room, turn, Told::Says(In::Gone));
        }
        self.watch_count += 1;
        let (node, number) = (wire.node, self.watch_count);
        self.watches.insert(node, Watch { number, turn, told: version });
        wire.tell(room, turn, Told::Opened);
        self.feed(room, wire);
        let draws = wire.draws();
        let (lasts, is_broken) = match draws.below(8) {
            0 => (draws.span(&(Duration::ZERO..=WATCH)), true),
            1 => (draws.span(&(Duration::ZERO..=WATCH)), false),
            _ => (WATCH, false),
        };
        let bookmark = draws.span(&(Duration::ZERO..=WATCH));
        room.at_backend(bookmark, AnyWord::Kubernetes(Word::Bookmark { node, watch: number }));
        room.at_backend(lasts, AnyWord::Kubernetes(Word::Over { node, watch: number, is_broken }));
    }

    /// Tells a watch what happened since it was last told something. While nothing gets through, it
    /// waits.
    pub fn feed(&mut self, room: &mut Room<'_>, wire: &mut Wire) {
        if room.weather.is_blind(wire.node) {
            return;
        }
        let Some(watch) = self.watches.get_mut(&wire.node) else {
            return;
        };
        let first = self.history.partition_point(|change| change.version <= watch.told);
        for Change { version, key, slice } in self.history.range(first..) {
            let says = match slice {
                Some(slice) => In::Applied(object(room, wire.node, key, slice)),
                None => In::Removed { key: key.clone(), version: version.to_string() },
            };
            wire.tell(room, watch.turn, Told::Says(says));
            watch.told = *version;
        }
    }

    /// Says in a watch up to where all was told.
    pub fn bookmark(&mut self, room: &mut Room<'_>, wire: &mut Wire, number: u64) {
        self.go_on(room.now);
        let watch = self.watches.get_mut(&wire.node).filter(|watch| watch.number == number);
        if let Some(watch) = watch
            && !room.weather.is_blind(wire.node)
        {
            let version = self.version.to_string();
            wire.tell(room, watch.turn, Told::Says(In::Bookmark { version }));
        }
    }

    /// Ends a watch.
    pub fn end(&mut self, room: &mut Room<'_>, wire: &mut Wire, number: u64, is_broken: bool) {
        let watch = self.watches.get(&wire.node).filter(|watch| watch.number == number);
        let Some(turn) = watch.map(|watch| watch.turn) else {
            return;
        };
        self.watches.remove(&wire.node);
        if !room.weather.is_blind(wire.node) {
            let told = if is_broken { Told::Broken } else { Told::Says(In::Ended) };
            wire.tell(room, turn, told);
        }
    }

    /// Counts what others have written, and forgets what happened long ago.
    fn go_on(&mut self, now: Time) {
        let passed = now.since(self.counted).as_nanos() / OTHERS_WRITE_EVERY.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        self.version += u64::from(passed);
        self.counted = self.counted + OTHERS_WRITE_EVERY * passed;
        if now < self.compacts_at {
            return;
        }
        self.compacts_at = now + self.keeps_for;
        (self.compacted, self.marked) = (self.marked, self.version);
        let is_old = |change: &Change| change.version <= self.compacted;
        while self.history.front().is_some_and(is_old) {
            self.history.pop_front();
        }
        self.backup.clone_from(&self.slices);
    }
}

/// A slice, as a node is shown it.
fn object(room: &Room<'_>, to: NodeIndex, key: &str, slice: &Slice) -> Object {
    let is_shown = |pod: &&Endpoint| pod.node == to || room.weather.shows(to, pod.node);
    let candidate = |pod: &Endpoint| {
        let mut sighting = room.sighting(pod.node);
        sighting.metadata.insert("ready".into(), pod.is_ready.to_string());
        sighting.metadata.insert("terminating".into(), "false".into());
        Candidate { sighting, rank: Rank { is_terminating: false, is_ipv6: false } }
    };
    Object {
        key: key.to_owned(),
        version: slice.version.to_string(),
        nodes: slice.endpoints.iter().filter(is_shown).map(candidate).collect(),
    }
}
