//! A cluster whose discovery is tried, and nothing else.

use std::time::Duration;

use peer_ring_core::app::Apps;
use peer_ring_sim::cluster::{Cluster, Discovery};
use peer_ring_sim::source::Source;
use peer_ring_sim::trace::Trace;
use peer_ring_sim::world::{NodeIndex, World};

/// Five nodes, the last of which is not there yet.
pub struct Town(pub World);

pub const SPARE: NodeIndex = NodeIndex(4);

impl Town {
    /// It was founded a second ago.
    pub fn new(seed: u64, source: Source) -> Self {
        let mut town = Self::founding(seed, source);
        town.pass(1_000);
        town
    }

    /// It is being founded.
    pub fn founding(seed: u64, source: Source) -> Self {
        let mut cluster = Cluster::new(5, 3);
        cluster.spares.insert(SPARE);
        cluster.discovery = Discovery { source, within: Duration::from_millis(100) };
        let mut world = World::new(seed, cluster, Apps::new(), Trace::with_lines());
        world.found();
        Self(world)
    }

    /// Lets so many milliseconds pass.
    pub fn pass(&mut self, millis: u64) {
        let end = self.0.now().at + Duration::from_millis(millis);
        while self.0.next(end).is_some() {}
    }

    /// How many of the nodes that are up were told that this one exists.
    pub fn tellers(&self, about: NodeIndex) -> usize {
        self.0.up().filter(|node| *node != about && self.0.is_told(*node, about)).count()
    }

    /// Whether each node that is up was told of each other.
    pub fn all_know_all(&self) -> bool {
        self.0.up().all(|about| self.tellers(about) + 1 == self.0.up().count())
    }

    /// Whether anything of what happened is said in these words.
    #[allow(dead_code, reason = "only some of the tests ask")]
    pub fn says(&self, words: &str) -> bool {
        self.0.trace().lines().iter().any(|line| line.text.contains(words))
    }
}
