//! What is wrong with discovery: for all, for a node, or between two.

use std::collections::BTreeMap;

use crate::world::event::NodeIndex;

/// How many faults of each kind there are at the moment.
#[derive(Debug, Default)]
pub(super) struct Weather {
    outages: u32,
    stale: BTreeMap<NodeIndex, u32>,
    hidden: BTreeMap<(NodeIndex, NodeIndex), u32>,
}

/// What has begun, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The backend answers nobody from now on; of gossip nothing arrives.
    Out,
    /// It is back.
    Back,
    /// Nothing new gets to this node from now on, though it may not notice.
    Stale(NodeIndex),
    /// News get to it again.
    Fresh(NodeIndex),
    /// To the first node the second one is not there from now on.
    Hidden(NodeIndex, NodeIndex),
    /// It is there again, if it is there.
    Shown(NodeIndex, NodeIndex),
    /// The clocks of this node go at another rate from now on.
    Clock(NodeIndex),
}

impl Weather {
    /// Whether the backend answers nobody.
    pub fn is_out(&self) -> bool {
        self.outages > 0
    }

    /// Whether nothing gets between this node and the backend.
    pub fn is_stale(&self, node: NodeIndex) -> bool {
        self.stale.contains_key(&node)
    }

    /// Whether nothing new gets to this node.
    pub fn is_blind(&self, node: NodeIndex) -> bool {
        self.is_out() || self.is_stale(node)
    }

    /// Whether `about` would be shown to `node` if it is there.
    pub fn shows(&self, node: NodeIndex, about: NodeIndex) -> bool {
        !self.hidden.contains_key(&(node, about))
    }

    pub fn begin_outage(&mut self) -> Option<Turn> {
        self.outages += 1;
        (self.outages == 1).then_some(Turn::Out)
    }

    pub fn end_outage(&mut self) -> Option<Turn> {
        let is_over = self.outages == 1;
        self.outages = self.outages.saturating_sub(1);
        is_over.then_some(Turn::Back)
    }

    pub fn begin_stale(&mut self, node: NodeIndex) -> Option<Turn> {
        raise(&mut self.stale, node).then_some(Turn::Stale(node))
    }

    pub fn end_stale(&mut self, node: NodeIndex) -> Option<Turn> {
        lift(&mut self.stale, node).then_some(Turn::Fresh(node))
    }

    pub fn hide(&mut self, node: NodeIndex, about: NodeIndex) -> Option<Turn> {
        raise(&mut self.hidden, (node, about)).then_some(Turn::Hidden(node, about))
    }

    pub fn unhide(&mut self, node: NodeIndex, about: NodeIndex) -> Option<Turn> {
        lift(&mut self.hidden, (node, about)).then_some(Turn::Shown(node, about))
    }
}

/// Adds one to a count. Whether it is the first.
fn raise<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) -> bool {
    let count = counts.entry(key).or_default();
    *count += 1;
    *count == 1
}

/// Takes one off a count. Whether it was the last.
fn lift<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) -> bool {
    let Some(count) = counts.get_mut(&key) else {
        return false;
    };
    *count -= 1;
    if *count > 0 {
        return false;
    }
    counts.remove(&key);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_faults_do_is_over_with_the_second() {
        let node = NodeIndex(1);
        let mut weather = Weather::default();
        assert_eq!(weather.begin_stale(node), Some(Turn::Stale(node)));
        assert_eq!(weather.begin_stale(node), None);
        assert_eq!(weather.end_stale(node), None);
        assert!(weather.is_blind(node));
        assert_eq!(weather.end_stale(node), Some(Turn::Fresh(node)));
        assert!(!weather.is_blind(node));
        assert_eq!(weather.end_stale(node), None);
    }
}
