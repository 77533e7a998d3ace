//! The cluster under test: which machines there are, and how each node is configured.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use peer_ring_core::key::Partitions;
use peer_ring_core::{coordinator, membership, ring_view, steward, transfer};
use peer_ring_proto::hello::Protocols;

use crate::random::{Chance, Stream};
use crate::source::Source;
use crate::world::NodeIndex;

/// Nodes, their settings, and the network between them while nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// How many nodes there are, or may come; they are called `n1`, `n2` and so on.
    pub nodes: u8,
    /// Those that come later, if at all. The others found the cluster together.
    pub spares: BTreeSet<NodeIndex>,
    /// Into how many shares, one for each thread, a node is cut.
    pub shards: u8,
    /// What the ring is made of.
    pub ring: ring_view::Settings,
    /// How peers are watched.
    pub membership: membership::Settings,
    /// The bounds within which commands are coordinated.
    pub coordinator: coordinator::Settings,
    /// When the ring changes. How many nodes found the cluster, and how fast data moves, is not read
    /// from here.
    pub steward: steward::Settings,
    /// The bounds within which data moves.
    pub transfers: transfer::Settings,
    /// How nodes find each other.
    pub discovery: Discovery,
    /// How long it takes to keep what a node voted for; `None` when nodes have nothing to keep it
    /// on.
    pub disk: Option<RangeInclusive<Duration>>,
    /// How long messages travel.
    pub latency: Latency,
    /// Which versions of the wire each node speaks when it is first started; those beyond the end
    /// speak all of ours.
    pub wire: Vec<Protocols>,
}

/// How nodes find each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// By which source.
    pub source: Source,
    /// How long a word takes at most from its backend to a node, or back.
    pub within: Duration,
}

/// How long a message travels while nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// What most messages take.
    pub usual: RangeInclusive<Duration>,
    /// How many take longer.
    pub slow: Chance,
    /// How long those take.
    pub slow_span: RangeInclusive<Duration>,
}

impl Cluster {
    /// A cluster of `nodes` nodes that keep each partition on `replicas` of them.
    ///
    /// # Panics
    /// When `nodes` is zero or more than a hundred.
    #[must_use]
    pub fn new(nodes: u8, replicas: u8) -> Self {
        assert!((1..=100).contains(&nodes), "{nodes} is not 1 to 100 nodes");
        let partitions = Partitions::new(8).expect("a power of two");
        Self {
            nodes,
            spares: BTreeSet::new(),
            shards: 1,
            ring: ring_view::Settings { partitions, replicas, ..ring_view::Settings::default() },
            membership: membership::Settings::default(),
            coordinator: coordinator::Settings::default(),
            steward: steward::Settings::default(),
            transfers: transfer::Settings::default(),
            discovery: Discovery::default(),
            disk: None,
            latency: Latency::local(),
            wire: Vec::new(),
        }
    }

    /// The nodes that found it, in order.
    pub fn founders(&self) -> impl Iterator<Item = NodeIndex> {
        (0..self.nodes).map(NodeIndex).filter(|node| !self.spares.contains(node))
    }
}

impl Latency {
    /// Machines in one room: a fraction of a millisecond, and now and then some.
    #[must_use]
    pub fn local() -> Self {
        Self::between(Duration::from_micros(100), Duration::from_micros(600))
    }

    /// Anything between the two, and one in a hundred up to ten times as long.
    #[must_use]
    pub fn between(least: Duration, most: Duration) -> Self {
        Self { usual: least..=most, slow: Chance::percent(1), slow_span: most..=most * 10 }
    }

    /// The longest that a message takes.
    #[must_use]
    pub fn longest(&self) -> Duration {
        *self.usual.end().max(self.slow_span.end())
    }

    /// How long one message takes.
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        let is_slow = stream.happens(self.slow);
        stream.span(if is_slow { &self.slow_span } else { &self.usual })
    }
}
