//! What shrinking keeps, and how small it gets.

use super::*;
use crate::plan::Swarm;
use crate::store::{Profile, Store};

fn failing(seeds: std::ops::Range<u64>) -> Vec<(Plan<Store>, Violation)> {
    let weak = Store { profile: Profile::Weak, ..Store::default() };
    let plans = seeds.map(|seed| Plan::draw(&weak, seed, &Swarm::default()));
    plans
        .filter_map(|plan| {
            let violation = run::run(&weak, &plan).violation?;
            Some((plan, violation))
        })
        .collect()
}

#[test]
fn a_shrunk_plan_fails_in_the_same_way_with_next_to_nothing_in_it() {
    let store = Store::default();
    let failing = failing(0..6);
    assert!(failing.len() >= 3);
    for (plan, violation) in failing {
        let shrunk = shrink(&store, &plan, |_| true).expect("it fails");
        assert!(shrunk.violation.is_like(&violation));
        assert_eq!(run::run(&store, &shrunk.plan).violation, Some(shrunk.violation));
        assert_eq!(shrunk.plan.seed, plan.seed);
        // A write and a read that misses it need no more than themselves, and perhaps a fault.
        assert!(shrunk.plan.steps() <= 4, "{} steps", shrunk.plan.steps());
    }
}

#[test]
fn a_plan_that_keeps_all_promises_is_not_shrunk() {
    let store = Store::default();
    let plan = Plan::draw(&store, 0, &Swarm::default());
    assert!(shrink(&store, &plan, |_| true).is_none());
}

#[test]
fn shrinking_ends_when_it_is_told_to() {
    let (plan, _) = failing(0..3).remove(0);
    let shrunk = shrink(&Store::default(), &plan, |tried| tried < 5).expect("it fails");
    assert_eq!(shrunk.tried, 5);
}
