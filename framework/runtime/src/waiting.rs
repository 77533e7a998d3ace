//! A node that waits, for a ring or to be allowed to go, says so, for whom, and how far it is.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use peer_ring_core::id::{Epoch, NodeName};
use peer_ring_core::ring::Ring;
use peer_ring_core::standing::Standing;
use peer_ring_core::steward::{Order, OrderRefused};
use peer_ring_core::view::PeerState;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::handle::Shared;
use crate::operate::OrderError;

/// How often a node without a ring says what it waits for.
const RING_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked whether no ring can be decided. It is said when two looks agree.
const STUCK_EVERY: Duration = Duration::from_secs(3);
/// How often a node that leaves says how far it is.
const LEAVE_EVERY: Duration = Duration::from_secs(3);
/// The pause before an order to leave is given again that came at a bad moment.
const ORDER_PAUSE: Duration = Duration::from_secs(1);

impl Shared {
    /// Says, now and then and for as long as it is polled, what this node waits for that has no
    /// ring.
    pub(crate) async fn say_what_it_waits_for(&self, expected: usize) -> Infallible {
        let mut ticks = every(RING_EVERY);
        loop {
            ticks.tick().await;
            if let Some(stuck) = self.stuck().await {
                tracing::info!("no ring yet: {stuck}");
                continue;
            }
            let mut standings = self.standings().await;
            let health = Arc::clone(&self.view.borrow().health);
            standings.retain(|peer| health.state(peer.member.seat()) == PeerState::Alive);
            tracing::info!("{}", waits_for(&self.name, expected, &standings));
        }
    }

    /// Says, for as long as it is polled, when no ring can be decided and what can be ordered then,
    /// and when that is over.
    pub(crate) async fn say_what_is_stuck(&self) -> Infallible {
        let mut ticks = every(STUCK_EVERY);
        let (mut before, mut said) = (None, None);
        loop {
            ticks.tick().await;
            let stuck = self.stuck().await;
            if stuck == before && stuck != said {
                match &stuck {
                    Some(stuck) => tracing::warn!("{stuck}"),
                    None => tracing::info!("the ring can be decided again"),
                }
                said.clone_from(&stuck);
            }
            before = stuck;
        }
    }

    /// Leaves, within this time, and says how far it is. Whether it has left.
    pub(crate) async fn hand_over(&self, timeout: Duration) -> bool {
        let left = async {
            self.order_leave().await?;
            self.left().await;
            Ok::<(), OrderError>(())
        };
        let progress = async {
            let mut ticks = every(LEAVE_EVERY);
            loop {
                ticks.tick().await;
                let standings = self.standings().await;
                let view = self.view.borrow().clone();
                tracing::info!("{}", leaves(view.ring.as_deref(), &standings));
            }
        };
        tokio::select! {
            biased;
            left = left => match left {
                Ok(()) => {
                    tracing::info!("left: others own what this node did");
                    return true;
                }
                Err(error) => tracing::warn!(%error, "this node stops without leaving"),
            },
            () = tokio::time::sleep(timeout) => {
                tracing::warn!(?timeout, "not left in time: this node stops as it is");
            }
            () = progress => {}
        }
        false
    }

    async fn order_leave(&self) -> Result<Epoch, OrderError> {
        loop {
            match self.order(Order::Leave).await {
                Err(
                    OrderError::Refused(OrderRefused::Busy | OrderRefused::NotDecided)
                    | OrderError::Unanswered(_),
                ) => {
                    tokio::time::sleep(ORDER_PAUSE).await;
                }
                decided => return decided,
            }
        }
    }
}

fn every(span: Duration) -> tokio::time::Interval {
    let mut ticks = interval_at(Instant::now() + span, span);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// What a node without a ring waits for.
fn waits_for(here: &NodeName, expected: usize, standings: &[Standing]) -> String {
    let peers: Vec<_> = standings.iter().map(|peer| peer.member.name.as_str()).collect();
    match standings.iter().find(|peer| peer.epoch > Epoch::NONE) {
        Some(peer) => {
            format!("no ring yet: waiting for {}, who is at ring {}", peer.member.name, peer.epoch)
        }
        None => {
            let seen = [here.as_str()].into_iter().chain(peers).collect::<Vec<_>>();
            let count = seen.len();
            format!(
                "no ring yet: {count} of {expected} nodes seen ({}); the cluster is founded when \
                 all of them are there",
                seen.join(", ")
            )
        }
    }
}

/// How far a node is with leaving.
fn leaves(ring: Option<&Ring>, standings: &[Standing]) -> String {
    let Some(ring) = ring else {
        return "leaving: this node has no ring".to_owned();
    };
    let epoch = ring.epoch();
    if !ring.is_moving() {
        return format!("leaving: ring {epoch} has not begun to move yet");
    }
    let waiting = standings.iter().filter(|peer| peer.pending > 0);
    let waiting: Vec<_> = waiting.map(|p| format!("{} {}", p.pending, p.member.name)).collect();
    match waiting.as_slice() {
        [] => format!("leaving: ring {epoch} is about to settle"),
        some => format!("leaving: ring {epoch} moves; replicas to go: {}", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::id::ClusterId;
    use peer_ring_core::ring::Member;
    use peer_ring_core::standing::Wants;

    use super::*;

    fn name(name: &str) -> NodeName {
        NodeName::new(name).unwrap()
    }

    fn standing(of: &str, epoch: u64) -> Standing {
        Standing {
            cluster: ClusterId::default(),
            epoch: Epoch(epoch),
            member: Member::new(name(of)),
            wants: Wants::Stay,
            wire: 3,
            pending: 0,
            strays: 0,
            bytes: 0,
            down: Vec::new(),
        }
    }

    #[test]
    fn a_node_that_waits_says_whom_it_sees_and_how_many_are_missing() {
        let alone = waits_for(&name("n1"), 3, &[]);
        assert!(alone.starts_with("no ring yet: 1 of 3 nodes seen (n1);"), "{alone}");
        let two = waits_for(&name("n1"), 3, &[standing("n2", 0)]);
        assert!(two.contains("2 of 3 nodes seen (n1, n2)"), "{two}");
    }

    #[test]
    fn a_node_that_comes_late_waits_for_one_who_has_a_ring() {
        let said = waits_for(&name("n3"), 3, &[standing("n1", 0), standing("n2", 7)]);
        assert_eq!(said, "no ring yet: waiting for n2, who is at ring 7");
    }
}
