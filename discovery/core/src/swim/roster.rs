//! Which nodes there are, as gossip tells, and what of it is news.
//!
//! A node is *up*, or *down since* some time. One that is down still exists: whether it answers is
//! membership's concern. It is lost when it says that it leaves, or when it was down for
//! `forget_after_ms` during which this node heard of others.

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::actor::Instant;
use peer_ring_core::id::{NodeName, Seat};
use peer_ring_core::membership::{Fact, Sighting};

use super::identity::Identity;

/// Which nodes there are, but for this one.
pub(super) struct Roster {
    own: Seat,
    forget_after: Duration,
    nodes: BTreeMap<NodeName, Node>,
}

struct Node {
    /// What was said of it.
    sighting: Sighting,
    down_since: Option<Instant>,
}

impl Roster {
    pub(super) fn new(own: Seat, forget_after: Duration) -> Self {
        Self { own, forget_after, nodes: BTreeMap::new() }
    }

    /// A node is up.
    pub(super) fn up(&mut self, identity: &Identity) -> Option<Fact> {
        if identity.seat() == self.own {
            return None;
        }
        let sighting = identity.sighting();
        if identity.is_leaving() {
            return self.lose(&sighting.name);
        }
        let name = sighting.name.clone();
        let node = Node { sighting: sighting.clone(), down_since: None };
        let before = self.nodes.insert(name, node);
        let is_news = before.is_none_or(|before| before.sighting != *sighting);
        is_news.then(|| Fact::Seen(sighting.clone()))
    }

    /// A node has another identity, by which it is up, or not. That it is up is not always said
    /// apart: one that left, and came back before its death was heard of, was up all the time.
    pub(super) fn renamed(&mut self, identity: &Identity, is_up: bool) -> Option<Fact> {
        let known = self.nodes.get(&identity.sighting().name);
        let was_up = known.is_some_and(|node| node.down_since.is_none());
        if is_up || was_up || identity.is_leaving() { self.up(identity) } else { None }
    }

    /// A node is down.
    pub(super) fn down(&mut self, now: Instant, identity: &Identity) -> Option<Fact> {
        let name = &identity.sighting().name;
        if identity.is_leaving() {
            return self.lose(name);
        }
        if let Some(node) = self.nodes.get_mut(name) {
            node.down_since.get_or_insert(now);
        }
        None
    }

    /// This node heard nobody, and hears somebody again: who was down meanwhile is down from now.
    pub(super) fn hears_again(&mut self, now: Instant) {
        let down = self.nodes.values_mut().filter_map(|node| node.down_since.as_mut());
        down.for_each(|since| *since = now);
    }

    /// When the next node is to be forgotten.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let since = self.nodes.values().filter_map(|node| node.down_since).min();
        since.map(|since| since + self.forget_after)
    }

    /// Forgets the nodes that were down for long.
    pub(super) fn forget(&mut self, now: Instant) -> impl Iterator<Item = Fact> + use<> {
        let forget_after = self.forget_after;
        let is_over = |node: &Node| node.down_since.is_some_and(|it| it + forget_after <= now);
        let gone: Vec<_> =
            self.nodes.iter().filter(|it| is_over(it.1)).map(|it| it.0.clone()).collect();
        gone.iter().for_each(|name| drop(self.nodes.remove(name)));
        gone.into_iter().map(Fact::Lost)
    }

    fn lose(&mut self, name: &NodeName) -> Option<Fact> {
        self.nodes.remove(name).map(|node| Fact::Lost(node.sighting.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn roster() -> Roster {
        Roster::new(NodeName::new("own").unwrap().seat(), HOUR)
    }

    fn identity(name: &str, address: &str) -> Identity {
        let sighting = Sighting::new(NodeName::new(name).unwrap(), address);
        Identity::new(sighting, "10.0.0.1:7946".parse().unwrap(), 1)
    }

    fn seen(identity: &Identity) -> Option<Fact> {
        Some(Fact::Seen(identity.sighting().clone()))
    }

    fn lost(identity: &Identity) -> Option<Fact> {
        Some(Fact::Lost(identity.sighting().name.clone()))
    }

    #[test]
    fn says_a_node_once_and_again_when_it_has_changed() {
        let (mut roster, node) = (roster(), identity("n1", "a:1"));
        assert_eq!(roster.up(&node), seen(&node));
        assert_eq!(roster.up(&node.started(9)), None);
        assert_eq!(roster.renamed(&identity("n1", "b:1"), true), seen(&identity("n1", "b:1")));
        assert_eq!(roster.up(&identity("own", "a:1")), None);
    }

    #[test]
    fn a_node_that_is_down_exists_until_it_is_forgotten() {
        let (mut roster, node) = (roster(), identity("n1", "a:1"));
        roster.up(&node);
        assert_eq!(roster.down(Instant(5), &node), None);
        assert_eq!(roster.deadline(), Some(Instant(5) + HOUR));
        assert_eq!(roster.forget(Instant(4) + HOUR).next(), None);
        assert_eq!(roster.forget(Instant(5) + HOUR).next(), lost(&node));
        assert_eq!(roster.deadline(), None);
        assert_eq!(roster.up(&node), seen(&node));
    }

    #[test]
    fn a_node_that_comes_back_is_not_forgotten() {
        let (mut roster, node) = (roster(), identity("n1", "a:1"));
        roster.up(&node);
        roster.down(Instant(5), &node);
        assert_eq!(roster.up(&node.started(2)), None);
        assert_eq!(roster.deadline(), None);
    }

    #[test]
    fn the_time_in_which_nobody_was_heard_does_not_count() {
        let (mut roster, node) = (roster(), identity("n1", "a:1"));
        roster.up(&node);
        roster.down(Instant(5), &node);
        roster.hears_again(Instant(5) + HOUR);
        assert_eq!(roster.forget(Instant(5) + HOUR).next(), None);
        assert_eq!(roster.deadline(), Some(Instant(5) + HOUR + HOUR));
    }

    #[test]
    fn who_leaves_is_lost_at_once_and_once() {
        let (mut roster, node) = (roster(), identity("n1", "a:1"));
        roster.up(&node);
        assert_eq!(roster.renamed(&node.leaving(), true), lost(&node));
        assert_eq!(roster.down(Instant(5), &node.leaving()), None);
    }

    #[test]
    fn who_leaves_and_is_back_at_once_is_seen_again() {
        let (mut roster, node) = (roster(), identity("n1", "a:1"));
        roster.up(&node);
        roster.renamed(&node.leaving(), true);
        let back = node.started(9);
        assert_eq!(roster.renamed(&back, true), seen(&back));
        assert_eq!(roster.up(&back), None);
    }
}
