//! What a source has said: turns what its backend holds into the difference, as facts.

use std::collections::BTreeMap;

use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};

/// The nodes that a source has said exist, and whether it has settled.
///
/// A backend's answer is compared with what was said before, so that what is said twice is no news,
/// and so that whatever changed during an outage is said after it and nothing else.
#[derive(Debug, Default)]
pub struct Said {
    nodes: BTreeMap<NodeName, Sighting>,
    is_settled: bool,
}

impl Said {
    /// One node exists and is so.
    pub fn seen(&mut self, sighting: Sighting) -> Option<Fact> {
        if self.nodes.get(&sighting.name) == Some(&sighting) {
            return None;
        }
        self.nodes.insert(sighting.name.clone(), sighting.clone());
        Some(Fact::Seen(sighting))
    }

    /// One node does not exist any more.
    pub fn lost(&mut self, name: &NodeName) -> Option<Fact> {
        self.nodes.remove(name).map(|node| Fact::Lost(node.name))
    }

    /// These nodes exist and no others: first what is new or has changed, then what has gone, and
    /// the first time, that the source has settled.
    pub fn all(&mut self, nodes: BTreeMap<NodeName, Sighting>) -> Vec<Fact> {
        let gone: Vec<NodeName> =
            self.nodes.keys().filter(|name| !nodes.contains_key(*name)).cloned().collect();
        let mut facts: Vec<Fact> =
            nodes.into_values().filter_map(|sighting| self.seen(sighting)).collect();
        facts.extend(gone.iter().filter_map(|name| self.lost(name)));
        if !self.is_settled {
            self.is_settled = true;
            facts.push(Fact::Settled);
        }
        facts
    }

    /// What was said last of a node.
    #[must_use]
    pub fn get(&self, name: &NodeName) -> Option<&Sighting> {
        self.nodes.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, address: &str) -> Sighting {
        Sighting::new(NodeName::new(name).unwrap(), address)
    }

    fn nodes(all: &[Sighting]) -> BTreeMap<NodeName, Sighting> {
        all.iter().map(|node| (node.name.clone(), node.clone())).collect()
    }

    #[test]
    fn settles_once_after_its_first_complete_listing() {
        let mut said = Said::default();
        let (a, b) = (node("a", "h:1"), node("b", "h:2"));
        assert_eq!(
            said.all(nodes(std::slice::from_ref(&a))),
            [Fact::Seen(a.clone()), Fact::Settled]
        );
        assert_eq!(said.all(nodes(&[a, b.clone()])), [Fact::Seen(b)]);
    }

    #[test]
    fn what_is_said_again_is_no_news() {
        let mut said = Said::default();
        assert!(said.seen(node("a", "h:1")).is_some());
        assert_eq!(said.seen(node("a", "h:1")), None);
        assert_eq!(said.seen(node("a", "h:9")), Some(Fact::Seen(node("a", "h:9"))));
    }

    #[test]
    fn who_is_missing_from_a_listing_is_lost_after_the_new_ones_are_seen() {
        let mut said = Said::default();
        said.all(nodes(&[node("a", "h:1"), node("b", "h:2")]));
        let facts = said.all(nodes(&[node("b", "h:3")]));
        let lost = Fact::Lost(NodeName::new("a").unwrap());
        assert_eq!(facts, [Fact::Seen(node("b", "h:3")), lost.clone()]);
        assert_eq!(said.lost(&NodeName::new("a").unwrap()), None, "{lost:?} was said");
    }
}
