//! What nodes are told by etcd, whatever happens to it, to them, and to the way between.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use peer_ring_kv::Kv;
use peer_ring_sim::faults::{DiscoveryOutage, Fault, PartialDiscovery, StaleDiscovery};
use peer_ring_sim::source::Source;
use peer_ring_sim::world::NodeIndex;
use peer_ring_sim::{Simulation, Swarm};

const N1: NodeIndex = NodeIndex(0);
const N2: NodeIndex = NodeIndex(1);
const N3: NodeIndex = NodeIndex(2);
const N4: NodeIndex = NodeIndex(3);
/// The longest that leases live here, and are then looked at.
const LEASE: Duration = Duration::from_millis(10_500);
/// Until what was missed is told.
const SOON: Duration = Duration::from_secs(5);

/// Three nodes that have found each other by etcd, and one that may come.
fn founded(seed: u64) -> Simulation<Kv> {
    let swarm = Swarm::none().by([Source::Etcd]);
    Simulation::new(seed).spares(1).app(Kv::default()).faults(swarm).start()
}

fn stale(node: NodeIndex) -> Fault {
    Fault::StaleDiscovery(StaleDiscovery { node })
}

#[test]
fn who_comes_in_an_outage_is_told_of_after_it() {
    for seed in 0..8 {
        let mut sim = founded(seed);
        sim.hurt(Fault::DiscoveryOutage(DiscoveryOutage));
        sim.start("n4");
        sim.run_for(SOON);
        assert!(!sim.world().is_told(N1, N4));
        assert!(sim.world().is_told(N1, N2), "an outage takes nobody away");
        sim.heal();
        sim.run_for(SOON);
        assert!(sim.world().is_told(N1, N4) && sim.world().is_told(N4, N1), "seed {seed}");
    }
}

#[test]
fn the_key_of_a_node_that_crashed_goes_with_its_lease_and_comes_back() {
    let mut sim = founded(1);
    sim.crash("n3");
    sim.run_for(Duration::from_secs(1));
    assert!(sim.world().is_told(N1, N3), "nobody has said goodbye");
    sim.run_for(LEASE);
    assert!(!sim.world().is_told(N1, N3));
    sim.start("n3");
    sim.run_for(Duration::from_secs(1));
    assert!(sim.world().is_told(N1, N3) && sim.world().is_told(N3, N1));
}

#[test]
fn two_restarts_within_one_lease_take_nobody_away() {
    let mut sim = founded(2);
    for _ in 0..2 {
        sim.crash("n3");
        sim.run_for(Duration::from_millis(300));
        sim.start("n3");
        sim.run_for(Duration::from_millis(300));
    }
    for _ in 0..12 {
        sim.run_for(Duration::from_secs(1));
        assert!(sim.world().is_told(N1, N3), "what is left of old leases took the key away");
    }
}

#[test]
fn a_node_that_leaves_takes_its_key_along() {
    let mut sim = founded(3);
    sim.start("n4");
    sim.settle();
    sim.leave("n4");
    sim.settle();
    sim.run_for(Duration::from_secs(1));
    assert!(!sim.world().is_up(N4));
    assert!(!sim.world().is_told(N1, N4));
}

#[test]
fn a_node_that_is_paused_for_longer_than_its_lease_lives_takes_another_one() {
    let mut sim = founded(4);
    sim.pause("n2");
    sim.run_for(LEASE);
    assert!(!sim.world().is_told(N1, N2));
    sim.resume("n2");
    sim.run_for(SOON);
    assert!(sim.world().is_told(N1, N2));
}

#[test]
fn who_is_cut_off_is_told_nothing_until_it_is_told_all() {
    let mut sim = founded(5);
    sim.hurt(stale(N2));
    sim.start("n4");
    sim.run_for(LEASE);
    assert!(sim.world().is_told(N1, N4) && !sim.world().is_told(N2, N4));
    assert!(!sim.world().is_told(N1, N2), "its lease has run out");
    sim.heal();
    sim.run_for(SOON);
    assert!(sim.world().is_told(N2, N4) && sim.world().is_told(N1, N2));
}

#[test]
fn who_is_hidden_is_lost_to_that_node_alone() {
    let mut sim = founded(6);
    let hidden = [N3].into_iter().collect();
    sim.hurt(Fault::PartialDiscovery(PartialDiscovery { node: N1, hidden }));
    sim.run_for(Duration::from_secs(1));
    assert!(!sim.world().is_told(N1, N3) && sim.world().is_told(N2, N3));
    sim.heal();
    sim.run_for(Duration::from_secs(1));
    assert!(sim.world().is_told(N1, N3));
}
