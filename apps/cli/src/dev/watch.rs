//! What is said while the ring of a cluster changes: each new ring, and how much is left to move.

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring::Handle;
use peer_ring_core::ring::Ring;
use peer_ring_kv::Kv;
use tokio::time::Instant;

use crate::table::thousands;

/// How often the progress of a ring that moves is said.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What has been said.
#[derive(Default)]
pub struct Watch {
    epoch: u64,
    progress: Option<(u64, Instant)>,
}

impl Watch {
    /// Takes the ring as known.
    pub fn know(&mut self, handle: &Handle<Kv>) {
        self.epoch = handle.view().ring.as_ref().map_or(0, |ring| ring.epoch().0);
    }

    /// What is new at this node, if anything is.
    pub async fn news(&mut self, handle: &Handle<Kv>) -> Option<String> {
        let ring = handle.view().ring.clone()?;
        if ring.epoch().0 > self.epoch {
            self.epoch = ring.epoch().0;
            self.progress = None;
            return Some(said(&ring));
        }
        if !ring.is_moving() {
            return None;
        }
        let pending = pending(handle).await;
        let is_news = self
            .progress
            .is_none_or(|(said, at)| said != pending && at.elapsed() >= PROGRESS_EVERY);
        is_news.then(|| {
            self.progress = Some((pending, Instant::now()));
            format!("ring {}: {} replicas to go", self.epoch, thousands(pending))
        })
    }
}

/// How many replicas of the cluster miss data, as far as this node knows.
async fn pending(handle: &Handle<Kv>) -> u64 {
    let own = handle.stats().await.ring.progress.map_or(0, |progress| progress.pending);
    let standings = handle.standings().await;
    let by_name: BTreeMap<_, _> =
        standings.iter().map(|it| (&it.member.name, it.pending)).collect();
    by_name.values().map(|pending| u64::from(*pending)).sum::<u64>() + u64::from(own)
}

/// A ring in a line.
pub fn said(ring: &Ring) -> String {
    let loads = ring.balance();
    let owns: Vec<_> = loads.iter().map(|load| format!("{} {}", load.name, load.owned)).collect();
    let (epoch, reason) = (ring.epoch(), ring.reason().as_str());
    let what = if ring.is_moving() { "; data moves" } else { "" };
    format!("ring {epoch}: {reason}; partitions owned: {}{what}", owns.join(", "))
}

#[cfg(test)]
mod tests {
    use peer_ring_core::actor::Wall;
    use peer_ring_core::id::{Epoch, NodeName};
    use peer_ring_core::key::Partitions;
    use peer_ring_core::ring::{Blueprint, Member, Strategy};

    use super::*;

    #[test]
    fn a_ring_is_said_in_a_line() {
        let member = |name| Member::new(NodeName::new(name).unwrap());
        let blueprint = Blueprint {
            epoch: Epoch(1),
            strategy: Strategy::default(),
            partitions: Partitions::new(8).unwrap(),
            replicas: 1,
            members: vec![member("n1"), member("n2")],
        };
        let ring = Ring::build(blueprint, None).unwrap();
        assert_eq!(said(&ring), "ring 1: founded; partitions owned: n1 4, n2 4");
        let moving = ring.begin(Wall(0), vec![member("n1"), member("n2"), member("n3")]).unwrap();
        assert!(said(&moving).starts_with("ring 2: moving; "), "{}", said(&moving));
        assert!(said(&moving).ends_with("; data moves"), "{}", said(&moving));
    }
}
