//! Rare branches: the default swarm reaches them, and those that may be switched on break nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use peer_ring_core::rare::{self, Chances, Mark};
use peer_ring_sim::plan::{Plan, Profile};
use peer_ring_sim::run;

/// Runs these seeds with so many times as many keys, and with what `chances` says switched on. How
/// often each branch was taken.
fn taken(
    seeds: std::ops::Range<u64>,
    keys: u32,
    chances: impl Fn(u64) -> BTreeMap<Mark, u16>,
) -> BTreeMap<Mark, u64> {
    let _ = rare::take();
    for seed in seeds {
        rare::choose(Chances { seed, per_mille: chances(seed) });
        let mut plan = Plan::draw(seed, Profile::Default);
        plan.workload.keys *= keys;
        let outcomes = run::run(&plan);
        assert_eq!(outcomes.violation, None, "seed {seed}");
    }
    rare::take()
}

#[test]
fn runs_reach_most_of_the_rare_branches() {
    let taken = taken(0..60, 1, |_| BTreeMap::new());
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
        let taken = taken(0..40, 20, |_| [(*mark, 50)].into());
        assert!(taken.get(mark).is_some_and(|count| *count > 0), "{mark} is never passed");
    }
}

#[test]
fn a_run_with_branches_switched_on_repeats_itself() {
    let hash = || {
        let per_mille = Mark::SWITCHES.iter().map(|mark| (*mark, 50)).collect();
        rare::choose(Chances { seed: 9, per_mille });
        run::run(&Plan::draw(9, Profile::Default)).hash
    };
    assert_eq!(hash(), hash());
}
