//! A thousand seeds do the same, to the last byte of the last message, wherever they are run.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "../examples/planted/garden.rs"]
#[allow(dead_code, reason = "others use the rest of it")]
mod garden;

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread;

use garden::Garden;
use peer_ring_sim::determinism;
use peer_ring_sim::plan::{Plan, Swarm};
use peer_ring_sim::run;
use peer_ring_sim::schedule::{self, Schedule};
use peer_ring_sim::store::Store;
use peer_ring_sim::swarm::{self, Options};
use peer_ring_sim::trace::{self, Trace};

const SEEDS: u64 = 1_000;

fn plan(seed: u64) -> Plan<Store> {
    Plan::draw(&Store::default(), seed, &Swarm::default())
}

/// The hash of each seed in this process, which is a debug build, on two threads; worked out once.
fn hashes() -> &'static [(u64, u64)] {
    static HASHES: OnceLock<Vec<(u64, u64)>> = OnceLock::new();
    HASHES.get_or_init(|| {
        let jobs = NonZeroUsize::new(2).unwrap();
        let options = Options { seeds: SEEDS, jobs, ..Options::default() };
        let report = swarm::run(&Store::default(), &options, |_| {});
        assert_eq!(report.hashes.len() as u64, SEEDS);
        report.hashes
    })
}

/// The events of a seed, each with the hash up to it.
fn events(seed: u64) -> Vec<String> {
    let watched = run::watch(&Store::default(), &plan(seed), Trace::with_lines());
    watched.lines.iter().map(|line| format!("{:016x} {line}", line.hash)).collect()
}

/// Compares the hashes of a release build in another process with those of this one.
fn are_those_of_a_release_build(jobs: &str) {
    let garden = Garden::build().unwrap();
    let theirs = garden.hashes(SEEDS, jobs).unwrap();
    assert_eq!(theirs.len() as u64, SEEDS);
    for (ours, theirs) in hashes().iter().zip(&theirs) {
        if ours != theirs {
            let (seed, _) = *ours;
            let (ours, theirs) = (events(seed), garden.events(seed).unwrap());
            let difference = trace::first_difference(&ours, &theirs);
            panic!("seed {seed} does something else in another build: {difference:#?}");
        }
    }
}

#[test]
fn a_release_build_in_another_process_does_the_same_with_one_job() {
    are_those_of_a_release_build("1");
}

#[test]
fn a_release_build_in_yet_another_process_does_the_same_with_two_jobs() {
    are_those_of_a_release_build("2");
}

#[test]
fn a_second_run_in_one_process_from_a_schedule_that_was_written_and_read_does_the_same() {
    let again = |(seed, hash): (u64, u64)| {
        let (store, plan) = (Store::default(), plan(seed));
        let text = schedule::write(&store, &Schedule { plan: plan.clone(), found: None });
        let read = schedule::read(&store, &text).unwrap().plan;
        if run::run(&store, &read).hash != hash {
            let same = determinism::compare(&store, &plan, &plan);
            let through_text = determinism::compare(&store, &plan, &read);
            panic!("seed {seed}, again: {same:?}\nand through text: {through_text:?}");
        }
    };
    let (one, other) = hashes().split_at(hashes().len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| one.iter().copied().for_each(again));
        other.iter().copied().for_each(again);
    });
}
