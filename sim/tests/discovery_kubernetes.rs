//! What the simulator's Kubernetes does to production's view of the pods.

#[path = "discovery/town.rs"]
mod town;

use std::collections::BTreeSet;

use peer_ring_sim::source::Source;
use peer_ring_sim::world::NodeIndex;
use town::{SPARE, Town};

const SEEDS: std::ops::Range<u64> = 0..20;

fn towns() -> impl Iterator<Item = Town> {
    SEEDS.map(|seed| Town::new(seed, Source::Kubernetes))
}

#[test]
fn all_are_told_of_all_before_a_cluster_is_founded() {
    for seed in SEEDS {
        let mut town = Town::founding(seed, Source::Kubernetes);
        town.pass(400);
        assert!(town.all_know_all(), "seed {seed}");
    }
}

#[test]
fn a_pod_whose_node_is_down_stays_or_is_taken_away_and_comes_back() {
    let mut told = BTreeSet::new();
    for mut town in towns() {
        town.0.crash(NodeIndex(1));
        town.pass(1_000);
        told.insert(town.tellers(NodeIndex(1)));
        town.0.start(NodeIndex(1));
        town.pass(3_000);
        assert!(town.all_know_all());
    }
    assert_eq!(told, [0, 3].into());
}

#[test]
fn a_pod_is_deleted_when_its_node_has_left() {
    for mut town in towns() {
        town.0.leave(NodeIndex(1));
        town.pass(6_000);
        assert!(!town.0.is_up(NodeIndex(1)));
        assert_eq!(town.tellers(NodeIndex(1)), 0);
    }
}

#[test]
fn what_was_missed_in_an_outage_is_told_afterwards() {
    for mut town in towns() {
        town.0.begin_outage();
        town.0.start(SPARE);
        town.pass(5_000);
        assert_eq!(town.tellers(SPARE), 0);
        town.0.end_outage();
        town.pass(5_000);
        assert!(town.all_know_all());
    }
}

#[test]
fn a_node_that_nothing_gets_to_finds_out_by_itself() {
    for mut town in towns() {
        town.0.begin_stale(NodeIndex(0));
        town.0.start(SPARE);
        town.pass(1_000);
        assert_eq!(town.tellers(SPARE), 3);
        assert!(!town.0.is_told(NodeIndex(0), SPARE));
        town.0.end_stale(NodeIndex(0));
        town.pass(5_000);
        assert!(town.all_know_all());
    }
}

#[test]
fn who_hides_is_gone_for_one_node_and_comes_back() {
    for mut town in towns() {
        let hidden = [NodeIndex(1), NodeIndex(3)].into();
        town.0.hide(NodeIndex(0), &hidden);
        town.pass(3_000);
        assert!(!town.0.is_told(NodeIndex(0), NodeIndex(3)));
        assert_eq!(town.tellers(NodeIndex(3)), 2);
        town.0.unhide(NodeIndex(0), &hidden);
        town.pass(3_000);
        assert!(town.all_know_all());
    }
}

#[test]
fn who_slept_while_its_version_went_lists_again() {
    let mut gone = 0;
    for mut town in towns() {
        town.0.pause(NodeIndex(0));
        town.0.start(SPARE);
        town.pass(5_000);
        town.0.resume(NodeIndex(0));
        town.pass(5_000);
        assert!(town.all_know_all());
        gone += usize::from(town.says("Says(Gone)"));
    }
    assert!(gone > 0, "no version is ever gone");
}

#[test]
fn there_are_several_slices_and_they_come_and_go_as_pods_move() {
    let mut gone = 0;
    for mut town in towns() {
        let is_there = |number: u32| town.says(&format!("key: \"peers-{number}\""));
        assert!((1..9).any(is_there), "four pods are in one slice");
        for _ in 0..4 {
            town.0.crash(NodeIndex(1));
            town.pass(500);
            town.0.start(NodeIndex(1));
            town.pass(500);
        }
        gone += usize::from(town.says("Says(Removed {"));
        town.pass(5_000);
        assert!(town.all_know_all());
    }
    assert!(gone > 0, "no slice is ever empty");
}
