//! A world for agents: a heap of events, a network that loses and delays, and what was said.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use peer_ring_core::actor::{Actor, Instant, Now, Outbox, Wall};
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::swim::{Agent, In, Key, Out, Settings};

/// The wall clock at the beginning, in milliseconds.
const WALL: u64 = 1_700_000_000_000;

pub(super) fn settings() -> Settings {
    Settings {
        seeds: vec!["n0:7946".to_owned(), "n1:7946".to_owned()],
        keys: vec![Key::new("0123456789abcdef")],
        ..Settings::default()
    }
}

pub(super) fn name(node: usize) -> NodeName {
    NodeName::new(&format!("n{node}")).unwrap()
}

pub(super) fn place(node: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, (node / 250) as u8, (node % 250) as u8 + 1], 7946))
}

enum Event {
    Deliver { to: SocketAddr, from: SocketAddr, bytes: Vec<u8> },
    Wake(usize),
}

/// Nodes 0, 1, 2.. of which 0 and 1 are everybody's seeds.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) settings: Settings,
    /// The share of datagrams that are lost.
    pub(super) loss: f64,
    /// Pairs (from, to) between which nothing passes.
    pub(super) cuts: BTreeSet<(usize, usize)>,
    /// What was said by each node, and when.
    pub(super) said: BTreeMap<usize, Vec<(Instant, Fact)>>,
    pub(super) nodes: BTreeMap<usize, Agent>,
    /// Every datagram that was sent, while it is being recorded.
    pub(super) recorded: Option<Vec<(SocketAddr, Vec<u8>)>>,
    pub(super) sent: u64,
    pub(super) left: BTreeSet<usize>,
    /// By how much the wall clock of a node differs from the world's, in milliseconds.
    pub(super) skew: BTreeMap<usize, i64>,
    /// Where nodes are, or were.
    places: BTreeMap<SocketAddr, usize>,
    /// Nodes that stand still, and until when.
    asleep: BTreeMap<usize, Instant>,
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
    rng: StdRng,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now: Instant(1),
            settings: settings(),
            loss: 0.0,
            cuts: BTreeSet::new(),
            said: BTreeMap::new(),
            nodes: BTreeMap::new(),
            recorded: None,
            sent: 0,
            left: BTreeSet::new(),
            skew: BTreeMap::new(),
            places: BTreeMap::new(),
            asleep: BTreeMap::new(),
            events: BTreeMap::new(),
            count: 0,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// A world in which so many nodes know each other.
    pub(super) fn of(nodes: usize, seed: u64) -> Self {
        let mut world = Self::new(seed);
        (0..nodes).for_each(|node| world.start(node));
        world.run_until(60, |world| world.all_know(nodes));
        assert!(world.all_know(nodes), "{nodes} nodes do not find each other");
        world
    }

    pub(super) fn start(&mut self, node: usize) {
        self.start_at(node, &format!("host-{node}:7601"));
    }

    /// Starts a node whose peers link to it at this address.
    pub(super) fn start_at(&mut self, node: usize, address: &str) {
        self.start_as(node, name(node), address);
    }

    /// Starts a node with any name.
    pub(super) fn start_as(&mut self, node: usize, name: NodeName, address: &str) {
        let own = Sighting::new(name, address);
        let (start, seed) = (self.wall(node).0, self.rng.random());
        let agent = Agent::new(self.settings.clone(), own, place(node), start, seed).unwrap();
        self.nodes.insert(node, agent);
        self.push(self.now, Event::Wake(node));
    }

    pub(super) fn crash(&mut self, node: usize) {
        self.nodes.remove(&node);
    }

    pub(super) fn tell(&mut self, node: usize, input: In) {
        let now = self.now_of(node);
        let mut out = Outbox::new();
        if let Some(agent) = self.nodes.get_mut(&node) {
            agent.handle(now, input, &mut out);
            self.perform(node, out);
        }
    }

    /// Hands a datagram to a node now, from nowhere.
    pub(super) fn inject(&mut self, node: usize, bytes: Vec<u8>) {
        self.tell(node, In::Datagram { from: SocketAddr::from(([9, 9, 9, 9], 9)), bytes });
    }

    /// Lets a node stand still for so long; what comes meanwhile waits.
    pub(super) fn pause(&mut self, node: usize, span: Duration) {
        self.asleep.insert(node, self.now + span);
    }

    /// Cuts both ways between all of these and all of those.
    pub(super) fn part(&mut self, these: &[usize], those: &[usize]) {
        for (&a, &b) in these.iter().flat_map(|a| those.iter().map(move |b| (a, b))) {
            self.cuts.extend([(a, b), (b, a)]);
        }
    }

    /// How many seconds it took until something held; looked at each 50 ms, for at most so long.
    pub(super) fn run_until(
        &mut self,
        secs_max: u64,
        holds: impl Fn(&Self) -> bool,
    ) -> Option<f64> {
        let began = self.now;
        while self.now.since(began) < Duration::from_secs(secs_max) {
            self.run_for(Duration::from_millis(50));
            if holds(self) {
                return Some(self.now.since(began).as_secs_f64());
            }
        }
        None
    }

    pub(super) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(entry) = self.events.first_entry().filter(|it| it.key().0 <= end) {
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.happen(event);
        }
        self.now = end;
    }

    pub(super) fn knows(&self, node: usize, other: usize) -> bool {
        let seat = name(other).seat();
        self.nodes[&node].members().any(|it| it.seat() == seat)
    }

    /// Whether so many nodes run, and each has all others for up.
    pub(super) fn all_know(&self, nodes: usize) -> bool {
        self.nodes.len() == nodes && self.nodes.values().all(|it| it.members().count() == nodes - 1)
    }

    /// Whether every node that runs has that one for up, or none has.
    pub(super) fn all_agree_on(&self, other: usize, is_up: bool) -> bool {
        self.nodes.keys().all(|&node| node == other || self.knows(node, other) == is_up)
    }

    /// What a node said of another one: names in `Seen` and `Lost`.
    pub(super) fn said_of(&self, node: usize, other: usize) -> Vec<&Fact> {
        let is_it = |fact: &&Fact| match fact {
            Fact::Seen(sighting) => sighting.name == name(other),
            Fact::Lost(lost) => *lost == name(other),
            Fact::Settled => false,
        };
        self.facts(node).filter(is_it).collect()
    }

    pub(super) fn facts(&self, node: usize) -> impl Iterator<Item = &Fact> {
        self.said.get(&node).into_iter().flatten().map(|(_, fact)| fact)
    }

    pub(super) fn lost(&self) -> usize {
        self.said.values().flatten().filter(|(_, fact)| matches!(fact, Fact::Lost(_))).count()
    }

    fn wall(&self, node: usize) -> Wall {
        let skew = self.skew.get(&node).copied().unwrap_or(0);
        Wall((WALL + self.now.0 / 1_000_000).saturating_add_signed(skew))
    }

    fn now_of(&self, node: usize) -> Now {
        Now { tick: self.now, wall: self.wall(node) }
    }

    fn push(&mut self, at: Instant, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn happen(&mut self, event: Event) {
        let node = match event {
            Event::Deliver { to, .. } => self.node_at(to),
            Event::Wake(node) => Some(node),
        };
        let awake_at = node.and_then(|node| self.asleep.get(&node)).copied();
        if let Some(awake_at) = awake_at.filter(|at| *at > self.now) {
            return self.push(awake_at, event);
        }
        match event {
            Event::Deliver { to, from, bytes } => {
                if let Some(node) = self.node_at(to) {
                    self.tell(node, In::Datagram { from, bytes });
                }
            }
            Event::Wake(node) => {
                let now = self.now_of(node);
                let Some(agent) = self.nodes.get_mut(&node) else { return };
                // An earlier alarm, of which nothing is left.
                if agent.deadline().is_none_or(|at| at > now.tick) {
                    return;
                }
                let mut out = Outbox::new();
                agent.wake(now, &mut out);
                self.perform(node, out);
            }
        }
    }

    fn node_at(&self, at: SocketAddr) -> Option<usize> {
        let node = *self.places.get(&at)?;
        let is_there = self.nodes.get(&node).is_some_and(|it| it.identity().gossip() == at);
        is_there.then_some(node)
    }

    fn perform(&mut self, node: usize, mut out: Outbox<Out>) {
        let from = self.nodes[&node].identity().gossip();
        self.places.insert(from, node);
        while let Some(order) = out.pop() {
            match order {
                Out::Send { to, bytes } => self.send(node, from, to, bytes),
                Out::Fact(fact) => self.said.entry(node).or_default().push((self.now, fact)),
                Out::Resolve => self.tell(node, In::Seeds(vec![place(0), place(1)])),
                Out::Left => drop(self.left.insert(node)),
            }
        }
        if let Some(at) = self.nodes.get(&node).and_then(Actor::deadline) {
            self.push(at.max(self.now), Event::Wake(node));
        }
    }

    fn send(&mut self, node: usize, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        assert!(bytes.len() <= self.settings.datagram_bytes_max, "{}", bytes.len());
        self.sent += 1;
        if let Some(recorded) = &mut self.recorded {
            recorded.push((to, bytes.clone()));
        }
        let is_cut = self.node_at(to).is_some_and(|it| self.cuts.contains(&(node, it)));
        let is_lost = self.rng.random_bool(self.loss);
        let delay = Duration::from_micros(self.rng.random_range(200..2_000));
        if !is_cut && !is_lost {
            self.push(self.now + delay, Event::Deliver { to, from, bytes });
        }
    }
}
