//! Discovery: how nodes learn which others there are, and what is wrong with that.
//!
//! A source has two ends. At a node there is production's own decider, from
//! `peer-ring-discovery-core`: it is a function of the answers it gets, and so it runs here as it
//! does there. At the other end is a backend, of which the simulator has its own, small but with the
//! habits of the real one: revisions, leases, sessions, times to live. Between the two is whatever
//! [`Weather`] there is: faults keep the backend, a node's way to it, or single nodes from being seen.
//!
//! | file | whose ends |
//! |---|---|
//! | `listed` | a list on each node, which somebody writes anew when a machine comes or goes |
//! | `dns` | a directory, and the records of a name |
//! | `swim` | agents, and datagrams among them |
//! | `etcd` | a registry, and keys with revisions and leases |
//! | `zookeeper` | a roster, and znodes with sessions and watches |
//! | `kubernetes` | a view, and slices of pods with versions |
//!
//! Clients of a registry share `line`, the way to it; those that are kept at a server, `tries`.

mod dns;
mod etcd;
mod kubernetes;
mod line;
mod listed;
mod room;
mod swim;
mod tries;
mod weather;
mod zookeeper;

use std::collections::{BTreeMap, BTreeSet};

use peer_ring_core::membership::Fact;
use peer_ring_core::wiring::ControlIn;

use crate::cluster::Cluster;
use crate::source::Source;
use crate::world::World;
use crate::world::event::{Event, NodeEvent, NodeIndex};
use room::{Order, Room};
use weather::{Turn, Weather};

/// The two ends of a source, in one value: its backend, and a client of it on each node that is up.
trait Ends {
    /// A node has started: so does its client.
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex);

    /// A node is down, and its client with it, which has said goodbye if it could.
    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool);

    /// What was entered for a node's client has come. It is of the node's present start.
    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: Word);

    /// What was entered for the backend has come.
    fn at_backend(&mut self, room: &mut Room<'_>, word: Word);

    /// The weather is another one from now on.
    fn turn(&mut self, room: &mut Room<'_>, turn: Turn);
}

/// Something that happens at one end of a source.
#[derive(Clone, Debug)]
pub enum Word {
    /// Of `static`.
    Listed(listed::Word),
    /// Of `dns`.
    Dns(dns::Word),
    /// Of `swim`.
    Swim(swim::Word),
    /// Of `etcd`.
    Etcd(etcd::Word),
    /// Of `zookeeper`.
    Zookeeper(zookeeper::Word),
    /// Of `kubernetes`.
    Kubernetes(kubernetes::Word),
}

impl Word {
    /// What it brings from another node, where nodes themselves are the source.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Swim(word) => word.bytes(),
            Self::Listed(_)
            | Self::Dns(_)
            | Self::Etcd(_)
            | Self::Zookeeper(_)
            | Self::Kubernetes(_) => &[],
        }
    }
}

/// The source that the cluster has, and what is wrong with it.
pub(super) struct Discovery {
    weather: Weather,
    ends: Box<dyn Ends>,
    /// Whom each node that is up takes to exist, by what its source has said.
    told: BTreeMap<NodeIndex, BTreeSet<NodeIndex>>,
}

impl Discovery {
    pub(super) fn new(seed: u64, cluster: &Cluster) -> Self {
        let ends: Box<dyn Ends> = match cluster.discovery.source {
            Source::Static => Box::new(listed::Lists::new(seed)),
            Source::Dns => Box::new(dns::Dns::new(seed)),
            Source::Swim => Box::new(swim::Gossip::new()),
            Source::Etcd => Box::new(etcd::Etcd::new()),
            Source::Zookeeper => Box::new(zookeeper::ZooKeeper::new()),
            Source::Kubernetes => Box::new(kubernetes::Kubernetes::new(seed)),
        };
        Self { weather: Weather::default(), ends, told: BTreeMap::new() }
    }
}

impl World {
    /// Starts the client of a node that has just started.
    pub(super) fn discover(&mut self, node: NodeIndex) {
        self.discovery.told.insert(node, BTreeSet::new());
        self.with_ends(|ends, room| ends.start(room, node));
    }

    /// Ends the client of a node that has just gone down.
    pub(super) fn end_discovery(&mut self, node: NodeIndex, said_goodbye: bool) {
        self.discovery.told.remove(&node);
        self.with_ends(|ends, room| ends.stop(room, node, said_goodbye));
    }

    /// The clock of a node goes at another rate: what its client waits for comes at another time.
    pub(super) fn discovery_clock(&mut self, node: NodeIndex) {
        self.with_ends(|ends, room| ends.turn(room, Turn::Clock(node)));
    }

    pub(super) fn discover_at_node(&mut self, node: NodeIndex, start: u32, word: Word) {
        if self.nodes[node.at()].life_of(start).is_some() {
            self.with_ends(|ends, room| ends.at_node(room, node, word));
        }
    }

    pub(super) fn discover_at_backend(&mut self, word: Word) {
        self.count([31, 0, 0], &[], format_args!("discovery: {word:?}"));
        self.with_ends(|ends, room| ends.at_backend(room, word));
    }

    /// Whether a node that is up was told by discovery that another one exists.
    #[must_use]
    pub fn is_told(&self, node: NodeIndex, about: NodeIndex) -> bool {
        self.discovery.told.get(&node).is_some_and(|told| told.contains(&about))
    }

    /// Whom a node that is up should know of by its source, and does not.
    pub(super) fn untold(&self, node: NodeIndex) -> Option<NodeIndex> {
        let told = self.discovery.told.get(&node)?;
        self.up().find(|other| *other != node && !self.is_leaving(*other) && !told.contains(other))
    }

    /// Lets nobody be told anything, until as many of these are lifted.
    pub fn begin_outage(&mut self) {
        self.count([14, u64::MAX, 1], &[], "discovery is out");
        let turn = self.discovery.weather.begin_outage();
        self.turn(turn);
    }

    /// Lifts one of those.
    pub fn end_outage(&mut self) {
        self.count([14, u64::MAX, 0], &[], "discovery is back");
        let turn = self.discovery.weather.end_outage();
        self.turn(turn);
    }

    /// Lets a node be told nothing, until as many of these are lifted.
    pub fn begin_stale(&mut self, node: NodeIndex) {
        self.count([14, node.0.into(), 1], &[], format_args!("{node} is told no news"));
        let turn = self.discovery.weather.begin_stale(node);
        self.turn(turn);
    }

    /// Lifts one of those.
    pub fn end_stale(&mut self, node: NodeIndex) {
        self.count([14, node.0.into(), 0], &[], format_args!("{node} is told news again"));
        let turn = self.discovery.weather.end_stale(node);
        self.turn(turn);
    }

    /// Lets a node be told that others are gone, until as many of these are lifted.
    pub fn hide(&mut self, node: NodeIndex, hidden: &BTreeSet<NodeIndex>) {
        self.count([15, node.0.into(), 1], &[], format_args!("{hidden:?} hide from {node}"));
        for about in hidden {
            let turn = self.discovery.weather.hide(node, *about);
            self.turn(turn);
        }
    }

    /// Lifts one of those.
    pub fn unhide(&mut self, node: NodeIndex, hidden: &BTreeSet<NodeIndex>) {
        self.count([15, node.0.into(), 0], &[], format_args!("{hidden:?} show up at {node}"));
        for about in hidden {
            let turn = self.discovery.weather.unhide(node, *about);
            self.turn(turn);
        }
    }

    fn turn(&mut self, turn: Option<Turn>) {
        if let Some(turn) = turn {
            self.with_ends(|ends, room| ends.turn(room, turn));
        }
    }

    fn with_ends(&mut self, act: impl FnOnce(&mut dyn Ends, &mut Room<'_>)) {
        let mut room = Room {
            seed: self.seed,
            now: self.now.at,
            within: self.cluster.discovery.within,
            weather: &self.discovery.weather,
            founders: self.cluster.founders().collect(),
            nodes: &self.nodes,
            network: &mut self.network,
            orders: Vec::new(),
        };
        act(&mut *self.discovery.ends, &mut room);
        for order in room.orders {
            match order {
                Order::Say(node, fact) => self.say(node, fact),
                Order::AtNode { at, node, word } => {
                    let start = self.nodes[node.at()].starts;
                    self.agenda.push(at, Event::Node(node, NodeEvent::Discover { start, word }));
                }
                Order::AtBackend { at, word } => self.agenda.push(at, Event::Discovery(word)),
            }
        }
    }

    /// Tells a node that is up what its source says.
    fn say(&mut self, node: NodeIndex, fact: Fact) {
        let Some(told) = self.discovery.told.get_mut(&node) else {
            return;
        };
        match &fact {
            Fact::Seen(sighting) => drop(told.insert(self.by_seat[&sighting.name.seat()])),
            Fact::Lost(name) => drop(told.remove(&self.by_seat[&name.seat()])),
            Fact::Settled => {}
        }
        self.tell_control(node, ControlIn::Fact(fact));
    }
}
