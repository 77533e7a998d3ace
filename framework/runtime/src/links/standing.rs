//! Where a node stands with its peers: whether any has let it in, and why others do not.
//!
//! Two things are not mended by waiting, and a node that meets them long enough ends: a peer says
//! that another node bears this one's name or id; or this node was never linked, and all the peers
//! that it reaches say that it is of another cluster, by name or because the two were founded apart.

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::id::Seat;
use peer_ring_proto::hello::RefusalCode;
use tokio::time::Instant;

/// What peers said to this node's hellos.
#[derive(Default)]
pub(super) struct Standing {
    was_linked: bool,
    refusals: BTreeMap<Seat, (Ground, Instant)>,
}

/// Why a peer refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// Another node has this node's name or id.
    Taken,
    /// This node is of another cluster.
    Foreign,
    /// Something that may pass.
    Other,
}

impl Ground {
    fn of(code: RefusalCode) -> Self {
        match code {
            RefusalCode::NameInUse | RefusalCode::NodeIdInUse => Self::Taken,
            RefusalCode::ForeignCluster | RefusalCode::FoundedApart => Self::Foreign,
            RefusalCode::IncompatibleProtocol
            | RefusalCode::DifferentRing
            | RefusalCode::Itself
            | RefusalCode::Other => Self::Other,
        }
    }
}

impl Standing {
    /// A link to this peer stands.
    pub fn linked(&mut self, peer: Seat) {
        self.was_linked = true;
        self.refusals.remove(&peer);
    }

    /// This peer could not be asked.
    pub fn not_reached(&mut self, peer: Seat) {
        self.refusals.remove(&peer);
    }

    /// This peer refuses. Whether that has gone on for longer than `patience`, and waiting does
    /// not mend it.
    pub fn refused(&mut self, peer: Seat, code: RefusalCode, patience: Duration) -> bool {
        let ground = Ground::of(code);
        let (before, since) = self.refusals.entry(peer).or_insert((ground, Instant::now()));
        if *before != ground {
            (*before, *since) = (ground, Instant::now());
        }
        let is_long = since.elapsed() >= patience;
        is_long
            && match ground {
                Ground::Taken => true,
                Ground::Foreign => !self.was_linked && self.is_foreign_to_all(),
                Ground::Other => false,
            }
    }

    fn is_foreign_to_all(&self) -> bool {
        self.refusals.values().all(|(ground, _)| *ground == Ground::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);
    const FOREIGN: RefusalCode = RefusalCode::ForeignCluster;

    #[test]
    fn a_node_that_all_peers_call_foreign_ends_when_that_has_lasted() {
        let mut standing = Standing::default();
        assert!(!standing.refused(Seat(1), FOREIGN, LONG));
        assert!(standing.refused(Seat(2), FOREIGN, NONE));
    }

    #[test]
    fn a_node_that_was_founded_apart_from_all_peers_ends_as_well() {
        let mut standing = Standing::default();
        assert!(!standing.refused(Seat(1), RefusalCode::FoundedApart, LONG));
        assert!(standing.refused(Seat(2), FOREIGN, NONE));
    }

    #[test]
    fn a_node_that_was_linked_once_leaves_foreign_peers_alone() {
        let mut standing = Standing::default();
        standing.linked(Seat(2));
        assert!(!standing.refused(Seat(1), FOREIGN, NONE));
    }

    #[test]
    fn one_peer_of_the_own_cluster_is_enough_to_stay() {
        let mut standing = Standing::default();
        assert!(!standing.refused(Seat(2), RefusalCode::Other, NONE));
        assert!(!standing.refused(Seat(1), FOREIGN, NONE));
        standing.not_reached(Seat(2));
        assert!(standing.refused(Seat(1), FOREIGN, NONE));
    }

    #[test]
    fn one_peer_that_knows_another_of_the_name_is_enough_to_end() {
        let mut standing = Standing::default();
        standing.linked(Seat(2));
        assert!(!standing.refused(Seat(1), RefusalCode::NameInUse, LONG));
        assert!(standing.refused(Seat(1), RefusalCode::NodeIdInUse, NONE));
    }
}
