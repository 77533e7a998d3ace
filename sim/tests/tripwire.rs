//! A run asks the operating system for nothing, and an app that does is caught.
//!
//! Every test here watches the whole of a run from inside its process: see `peer_ring_tripwire`.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, reason = "a test fails by it")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "to be caught at it")]

use std::collections::HashMap;
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use peer_ring_core::app::{App, Plan, Records};
use peer_ring_core::key::Key;
use peer_ring_sim::Simulation;
use peer_ring_sim::Swarm;
use peer_ring_sim::plan;
use peer_ring_sim::run::{self, Outcomes};
use peer_ring_sim::source::Source;
use peer_ring_sim::store::Store;
use peer_ring_tripwire::{Resource, Touch, during, untouched};
use serde::{Deserialize, Serialize};

/// What an actor may not do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Sin {
    None,
    ReadTheTime,
    ReadTheDate,
    Sleep,
    HashAtRandom,
    StartAThread,
    OpenAConnection,
    ReadAFile,
    ReadTheEnvironment,
}

/// An app that does as it is told.
#[derive(Clone)]
struct Sinner;

impl App for Sinner {
    const NAME: &'static str = "sinner";
    type Command = Sin;
    type Reply = bool;

    fn key(_: &Sin) -> Key {
        Key::from("sin")
    }

    fn plan(&self, _: &Sin) -> Plan {
        Plan::quorum(3, 2)
    }

    fn handle(&mut self, records: &mut Records<'_>, sin: Sin) -> bool {
        let could = match sin {
            Sin::None => true,
            Sin::ReadTheTime => Instant::now().elapsed() < Duration::MAX,
            Sin::ReadTheDate => SystemTime::now() > SystemTime::UNIX_EPOCH,
            Sin::Sleep => {
                std::thread::sleep(Duration::from_nanos(1));
                true
            }
            Sin::HashAtRandom => HashMap::from([(1, 2)]).contains_key(&1),
            Sin::StartAThread => std::thread::spawn(|| true).join().unwrap(),
            Sin::OpenAConnection => TcpStream::connect("127.0.0.1:1").is_err(),
            Sin::ReadAFile => std::fs::read("/dev/null").is_ok(),
            Sin::ReadTheEnvironment => std::env::var_os("PATH").is_some(),
        };
        records.put("sin", "done");
        could
    }
}

/// What a cluster touched that ran one command.
fn touched_by(sin: Sin) -> Vec<Touch> {
    let (could, touched) = during(|| {
        let mut simulation = Simulation::new(1).nodes(3).app(Sinner).start();
        simulation.ask("n1", sin).unwrap()
    });
    assert!(could, "{sin:?}");
    touched
}

fn run_seed(seed: u64, swarm: &Swarm) -> Outcomes {
    let store = Store::default();
    run::run(&store, &plan::Plan::draw(&store, seed, swarm))
}

#[test]
fn runs_of_the_default_swarm_touch_nothing() {
    for seed in 0..20 {
        let outcomes = untouched(move || run_seed(seed, &Swarm::default()));
        assert_eq!(outcomes.violation, None, "seed {seed}");
        assert!(outcomes.events > 1_000);
    }
}

/// Its libraries could: they can draw at random, and gossip must not let them.
#[test]
fn runs_of_nodes_that_gossip_touch_nothing() {
    for seed in 0..20 {
        let outcomes = untouched(move || run_seed(seed, &Swarm::default().by([Source::Swim])));
        assert_eq!(outcomes.violation, None, "seed {seed}");
    }
}

#[test]
fn an_app_that_keeps_to_its_records_touches_nothing() {
    assert!(touched_by(Sin::None).is_empty());
}

#[test]
fn an_app_that_asks_the_operating_system_is_caught_and_named() {
    for (sin, resource) in [
        (Sin::ReadTheTime, Resource::Clock),
        (Sin::ReadTheDate, Resource::Clock),
        (Sin::Sleep, Resource::Clock),
        (Sin::HashAtRandom, Resource::Entropy),
        (Sin::StartAThread, Resource::Thread),
        (Sin::OpenAConnection, Resource::Socket),
        (Sin::ReadAFile, Resource::File),
        (Sin::ReadTheEnvironment, Resource::Environment),
    ] {
        let touched = touched_by(sin);
        let found = touched.iter().find(|touch| touch.resource == resource);
        let found = found.unwrap_or_else(|| panic!("{sin:?} is not caught: {touched:?}"));
        if let Some(backtrace) = &found.backtrace {
            assert!(backtrace.contains("handle"), "{sin:?} is not placed: {backtrace}");
            assert!(!backtrace.contains("note"), "who takes note is not who called: {backtrace}");
        }
    }
}

#[test]
#[should_panic(expected = "the clock: clock_gettime was called")]
fn whoever_must_touch_nothing_fails_when_it_does() {
    untouched(Instant::now);
}
