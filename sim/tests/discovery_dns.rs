//! What the simulator's resolvers do to production's directory.

#[path = "discovery/town.rs"]
mod town;

use std::collections::BTreeSet;

use peer_ring_sim::source::Source;
use peer_ring_sim::world::NodeIndex;
use town::{SPARE, Town};

const SEEDS: std::ops::Range<u64> = 0..20;

fn towns() -> impl Iterator<Item = Town> {
    SEEDS.map(|seed| Town::new(seed, Source::Dns))
}

#[test]
fn all_are_told_of_all_before_a_cluster_is_founded() {
    for seed in SEEDS {
        let mut town = Town::founding(seed, Source::Dns);
        town.pass(400);
        assert!(town.all_know_all(), "seed {seed}");
    }
}

#[test]
fn a_new_record_is_told_when_resolvers_have_forgotten_the_old_ones() {
    let mut late = 0;
    for mut town in towns() {
        town.0.start(SPARE);
        town.pass(500);
        late += usize::from(town.tellers(SPARE) < 4);
        town.pass(5_500);
        assert!(town.all_know_all());
    }
    assert!(late > 0, "nobody remembers anything");
}

#[test]
fn a_node_that_is_down_keeps_its_record_or_loses_it_and_comes_back() {
    let mut told = BTreeSet::new();
    for mut town in towns() {
        town.0.crash(NodeIndex(1));
        town.pass(10_000);
        told.insert(town.tellers(NodeIndex(1)));
        town.0.start(NodeIndex(1));
        town.pass(6_000);
        assert!(town.all_know_all());
    }
    assert_eq!(told, [0, 3].into());
}

#[test]
fn who_has_left_is_lost_in_time() {
    for mut town in towns() {
        town.0.leave(NodeIndex(1));
        town.pass(12_000);
        assert!(!town.0.is_up(NodeIndex(1)));
        assert_eq!(town.tellers(NodeIndex(1)), 0);
    }
}

#[test]
fn an_outage_takes_nobody_away_and_what_was_missed_is_told_after_it() {
    for mut town in towns() {
        town.0.begin_outage();
        town.0.start(SPARE);
        town.pass(10_000);
        assert_eq!(town.tellers(SPARE), 0);
        assert_eq!(
            town.tellers(NodeIndex(1)) - usize::from(town.0.is_told(SPARE, NodeIndex(1))),
            3
        );
        town.0.end_outage();
        town.pass(6_000);
        assert!(town.all_know_all());
    }
}

#[test]
fn a_node_that_reaches_no_resolver_keeps_what_it_knows() {
    for mut town in towns() {
        town.0.begin_stale(NodeIndex(0));
        town.0.start(SPARE);
        town.pass(6_000);
        let told: BTreeSet<_> =
            town.0.nodes().filter(|about| town.0.is_told(NodeIndex(0), *about)).collect();
        assert_eq!(told, (0..4).map(NodeIndex).collect());
        assert_eq!(town.tellers(SPARE), 3);
        town.0.end_stale(NodeIndex(0));
        town.pass(6_000);
        assert!(town.all_know_all());
    }
}

#[test]
fn who_hides_is_lost_to_one_node_in_time_and_comes_back() {
    for mut town in towns() {
        let hidden = [NodeIndex(1), NodeIndex(3)].into();
        town.0.hide(NodeIndex(0), &hidden);
        town.pass(1_000);
        assert!(town.0.is_told(NodeIndex(0), NodeIndex(3)), "one answer takes nobody away");
        town.pass(8_000);
        assert!(!town.0.is_told(NodeIndex(0), NodeIndex(3)));
        town.0.unhide(NodeIndex(0), &hidden);
        town.pass(6_000);
        assert!(town.all_know_all());
    }
}
