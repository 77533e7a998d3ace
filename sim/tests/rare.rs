//! Rare branches: the default swarm reaches them, and those that may be switched on break nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;
use std::ops::Range;

use peer_ring_core::rare::Mark;
use peer_ring_sim::plan::{Plan, Swarm};
use peer_ring_sim::run;
use peer_ring_sim::store::{Mix, Store};

/// Runs these seeds with what is given switched on. How often each branch was taken.
fn taken(mix: Mix, seeds: Range<u64>, switches: &BTreeMap<Mark, u16>) -> BTreeMap<Mark, u64> {
    let store = Store { mix, ..Store::default() };
    let mut taken = BTreeMap::new();
    for seed in seeds {
        let switches = switches.clone();
        let plan = Plan { switches, ..Plan::draw(&store, seed, &Swarm::default()) };
        let outcomes = run::run(&store, &plan);
        assert_eq!(outcomes.violation, None, "seed {seed}");
        for (mark, count) in outcomes.marks {
            *taken.entry(mark).or_default() += count;
        }
    }
    taken
}

#[test]
fn runs_reach_most_of_the_rare_branches() {
    let taken = taken(Mix::Drawn, 0..60, &BTreeMap::new());
    let (switches, others): (Vec<Mark>, Vec<Mark>) =
        Mark::ALL.iter().partition(|mark| Mark::SWITCHES.contains(mark));
    assert!(!switches.iter().any(|mark| taken.contains_key(mark)), "none was switched on");
    let missed: Vec<_> = others.iter().filter(|mark| !taken.contains_key(mark)).collect();
    println!("{taken:?}\nmissed: {missed:?}");
    assert!(missed.len() * 2 < others.len(), "{missed:?}");
}

#[test]
fn each_branch_that_may_be_switched_on_breaks_nothing() {
    for mark in Mark::SWITCHES {
        // So many keys that some partitions have more than one record.
        let taken = taken(Mix::Wide, 0..40, &[(*mark, 50)].into());
        assert!(taken.get(mark).is_some_and(|count| *count > 0), "{mark} is never passed");
    }
}

#[test]
fn a_run_with_branches_switched_on_repeats_itself() {
    let store = Store::default();
    let switches = Mark::SWITCHES.iter().map(|mark| (*mark, 50)).collect();
    let plan = Plan { switches, ..Plan::draw(&store, 9, &Swarm::default()) };
    assert_eq!(run::run(&store, &plan), run::run(&store, &plan));
}
