//! Discovery: which machines each node is told of, and when.
//!
//! A machine is there from the first start of a node on it until that has left; a crash changes
//! nothing about it. Each node is told by itself, and of each machine after a time of its own. A
//! node may be told nothing for a while, or that a machine is gone which is there; when that is over
//! it is told what is true by then.

use std::collections::{BTreeMap, BTreeSet};

use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::wiring::ControlIn;

use crate::random::Stream;
use crate::world::World;
use crate::world::event::{Event, NodeEvent, NodeIndex};

/// What there is to be told, and who is not told it.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    /// The machines that are there.
    there: BTreeSet<NodeIndex>,
    /// How many faults keep all news away.
    outages: u32,
    /// How many faults keep all news from a node.
    stale: BTreeMap<NodeIndex, u32>,
    /// How many faults hide the second node from the first.
    hidden: BTreeMap<(NodeIndex, NodeIndex), u32>,
    /// How long it takes until the first node is told of the second.
    delays: BTreeMap<(NodeIndex, NodeIndex), Stream>,
}

impl Discovery {
    fn is_blind(&self, node: NodeIndex) -> bool {
        self.outages > 0 || self.stale.contains_key(&node)
    }

    fn shows(&self, node: NodeIndex, about: NodeIndex) -> bool {
        self.there.contains(&about) && !self.hidden.contains_key(&(node, about))
    }
}

impl World {
    /// Tells a node that has just started who its peers are, and them of it.
    pub(super) fn discover(&mut self, node: NodeIndex) {
        let is_new = self.discovery.there.insert(node);
        self.plan_all_news(node);
        if is_new {
            self.plan_news_of(node);
        }
    }

    /// A machine is not there any more.
    pub(super) fn disappear(&mut self, node: NodeIndex) {
        if self.discovery.there.remove(&node) {
            self.plan_news_of(node);
        }
    }

    /// Lets nobody be told anything, until as many of these are lifted.
    pub fn begin_outage(&mut self) {
        self.count([14, u64::MAX, 1], &[], "discovery is out");
        self.discovery.outages += 1;
    }

    /// Lifts one of those.
    pub fn end_outage(&mut self) {
        self.count([14, u64::MAX, 0], &[], "discovery is back");
        self.discovery.outages = self.discovery.outages.saturating_sub(1);
        self.nodes().for_each(|node| self.plan_all_news(node));
    }

    /// Lets a node be told nothing, until as many of these are lifted.
    pub fn begin_stale(&mut self, node: NodeIndex) {
        self.count([14, node.0.into(), 1], &[], format_args!("{node} is told no news"));
        *self.discovery.stale.entry(node).or_default() += 1;
    }

    /// Lifts one of those.
    pub fn end_stale(&mut self, node: NodeIndex) {
        self.count([14, node.0.into(), 0], &[], format_args!("{node} is told news again"));
        lift(&mut self.discovery.stale, node);
        self.plan_all_news(node);
    }

    /// Lets a node be told that others are gone, until as many of these are lifted.
    pub fn hide(&mut self, node: NodeIndex, hidden: &BTreeSet<NodeIndex>) {
        self.count([15, node.0.into(), 1], &[], format_args!("{hidden:?} hide from {node}"));
        for about in hidden {
            *self.discovery.hidden.entry((node, *about)).or_default() += 1;
            self.plan_news(node, Some(*about));
        }
    }

    /// Lifts one of those.
    pub fn unhide(&mut self, node: NodeIndex, hidden: &BTreeSet<NodeIndex>) {
        self.count([15, node.0.into(), 0], &[], format_args!("{hidden:?} show up at {node}"));
        for about in hidden {
            lift(&mut self.discovery.hidden, (node, *about));
            self.plan_news(node, Some(*about));
        }
    }

    fn plan_all_news(&mut self, node: NodeIndex) {
        self.nodes().for_each(|about| self.plan_news(node, Some(about)));
        self.plan_news(node, None);
    }

    fn plan_news_of(&mut self, about: NodeIndex) {
        let others = self.nodes().filter(|node| *node != about);
        others.for_each(|node| self.plan_news(node, Some(about)));
    }

    /// Lets a node that is up be told, in a while, of a machine, or that this is all.
    fn plan_news(&mut self, node: NodeIndex, about: Option<NodeIndex>) {
        if self.nodes[node.at()].life.is_none() {
            return;
        }
        let most = self.cluster.discovery;
        let after = match about {
            // All has been told by then that was there to be told.
            None => most,
            Some(_) if most.is_zero() => most,
            Some(about) => {
                let numbers = [node.0.into(), about.0.into()];
                let stream = || Stream::new(self.seed, "discovery", &numbers);
                let delays = self.discovery.delays.entry((node, about)).or_insert_with(stream);
                delays.span(&(std::time::Duration::ZERO..=most))
            }
        };
        let start = self.nodes[node.at()].starts;
        let news = NodeEvent::Discover { start, about };
        self.agenda.push(self.now.at + after, Event::Node(node, news));
    }

    /// Tells a node what has changed of a machine since it was last told of that.
    pub(super) fn tell_news(&mut self, node: NodeIndex, start: u32, about: Option<NodeIndex>) {
        if self.discovery.is_blind(node) {
            return;
        }
        let (shows, name) = match about {
            None => (true, None),
            Some(about) => {
                let name = self.nodes[about.at()].name.clone();
                (about == node || self.discovery.shows(node, about), Some((about, name)))
            }
        };
        let Some(life) = self.nodes[node.at()].life_of(start) else {
            return;
        };
        let fact = match name {
            None => Fact::Settled,
            Some((about, name)) if shows && life.told.insert(about) => {
                let address = name.to_string();
                Fact::Seen(Sighting::new(name, address))
            }
            Some((about, name)) if !shows && life.told.remove(&about) => Fact::Lost(name),
            Some(_) => return,
        };
        self.tell_control(node, ControlIn::Fact(fact));
    }
}

/// Takes one off a count, and the count away with the last.
fn lift<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
