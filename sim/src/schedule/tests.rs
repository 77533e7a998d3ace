//! What is written is read back, and what is wrong is named with its line.

use std::time::Duration;

use peer_ring_core::ring::Strategy;
use peer_ring_proto::hello::Protocols;

use super::*;
use crate::plan::Swarm;
use crate::run;
use crate::store::{Profile, Store};
use crate::time::Time;

const SMALL: &str = "\
peer-ring schedule 2
# A line for people.
app kv n=3 r=2 w=2 last-write-wins
seed 4711
cluster 3 nodes 3 replicas 1 shards

heal at 2s
fault #4 at 1.25s for 300ms partition n1 | n2 n3
call #12 client 1 at 1.3s at n3 put key-1 for 2s
call #11 client 0 at 1.1s at n1 put key-1 100 bytes
";

fn mistake(text: &str) -> String {
    read(&Store::default(), text).err().expect("a mistake").to_string()
}

#[test]
fn every_drawn_plan_is_read_back_as_it_was_written_and_runs_alike() {
    let store = Store::default();
    for seed in 0..40 {
        let plan = Plan::draw(&store, seed, &Swarm::default());
        let text = write(&store, &Schedule { plan: plan.clone(), found: None });
        let again = read(&store, &text).unwrap();
        assert_eq!(write(&store, &again), text);
        if seed % 8 == 0 {
            assert_eq!(run::run(&store, &again.plan), run::run(&store, &plan));
        }
    }
}

#[test]
fn a_schedule_written_by_hand_is_carried_out() {
    let store = Store::default();
    let schedule = read(&store, SMALL).unwrap();
    assert_eq!(schedule.found, None);
    assert_eq!(schedule.plan.calls[0].id, 11);
    let outcomes = run::run(&store, &schedule.plan);
    assert_eq!(outcomes.violation, None);
    // Both calls, and the last look at their key.
    assert_eq!(outcomes.operations.done, 3);
}

#[test]
fn what_a_run_broke_is_part_of_its_schedule() {
    let text = format!("{SMALL}found correctness lost write\n");
    let found = read(&Store::default(), &text).unwrap().found.unwrap();
    assert_eq!((found.class, found.checker.as_str()), (Class::Correctness, "lost write"));
}

#[test]
fn a_line_that_nobody_knows_is_refused_with_its_number() {
    let text = SMALL.replace("heal at 2s", "heal at 2s\nwobble n1");
    assert_eq!(mistake(&text), "line 8: 'wobble' does not begin any line of a schedule");
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let cases = [
        ("schedule 2", "schedule 3", "line 1: this is a schedule of version 3"),
        ("peer-ring schedule 2", "hello", "line 1: a schedule begins with"),
        ("seed 4711", "seed many", "line 4: 'many' is not a seed"),
        ("seed 4711\n", "", "line 9: the schedule ends without a line 'seed ...'"),
        ("seed 4711", "seed 1\nseed 2", "line 5: there is a line 'seed ...' already"),
        ("app kv", "app counters", "line 3: this is a schedule for the app counters"),
        ("w=2", "w=4", "line 3: n=3 r=2 w=4"),
        ("3 nodes", "300 nodes", "line 5: '300' is not nodes"),
        ("3 nodes", "101 nodes", "line 5: 101 nodes: there can be 1 to 100"),
        ("n2 n3", "n2 n4", "line 8: there is no n4 among 3 nodes"),
        ("n2 n3", "n2 n1", "line 8: a partition is between two groups"),
        ("partition", "volcano", "line 8: 'volcano' is not a fault; there are drop, delay"),
        ("partition n1 | n2 n3", "disk-full n1", "line 8: 'disk-full' is a fault that waits for"),
        ("at 1.25s for", "at 1.25s during lunch for", "line 8: 'lunch' is not something"),
        ("heal at 2s", "heal at 2s\nwire n3 2 to 1", "line 8: 2 to 1 is no range"),
        ("heal at 2s", "heal at 2s\nwire n3 1 to 9", "line 8: there is no wire version 9"),
        ("heal at 2s", "heal at 2s\nstrategy magic", "line 8: 'magic' is not a strategy; balanced"),
        ("heal at 2s", "heal at 2s\nswitch light 1%", "line 8: 'light' is not a branch"),
        ("for 300ms", "for 300", "line 8: '300' is not a time"),
        ("#11", "#12", "line 10: there is a call #12 already"),
        ("put key-1 for", "pat key-1 for", "line 9: 'pat' is not get, put, delete or audit"),
        ("100 bytes", "100 bytes more", "line 10: 'more'"),
    ];
    for (right, wrong, expected) in cases {
        assert!(SMALL.contains(right), "{right}");
        let mistake = mistake(&SMALL.replacen(right, wrong, 1));
        assert!(mistake.starts_with(expected), "{mistake}");
    }
}

#[test]
fn a_schedule_of_version_1_speaks_version_1_of_the_wire_and_comes_to_what_it_did() {
    let text = include_str!("tests/version_1.schedule");
    let schedule = read(&Store::default(), text).unwrap();
    let old = Protocols::OURS.at_most(1);
    assert_eq!(schedule.plan.cluster.wire, vec![old; 3]);
    let violation = run::run(&Store::default(), &schedule.plan).violation.unwrap();
    let found = schedule.found.unwrap();
    assert_eq!((violation.class, violation.checker), (found.class, found.checker.as_str()));
}

#[test]
fn a_fault_may_wait_until_something_is_going_on() {
    // The first call is a get: nobody writes before the second one.
    let text = SMALL
        .replace("at 1.25s for 300ms partition n1 | n2 n3", "at 1s during write for 300ms crash n2")
        .replace(
            "#11 client 0 at 1.1s at n1 put key-1 100 bytes",
            "#11 client 0 at 1.1s at n1 get a",
        )
        .replace("get a", "get key-1");
    let store = Store::default();
    let plan = read(&store, &text).unwrap().plan;
    let lines = run::watch(&store, &plan, crate::trace::Trace::with_lines()).lines;
    let crashed = lines.iter().find(|line| line.text.contains("n2 crashes")).unwrap();
    assert!(crashed.moment.at >= Time::ZERO + Duration::from_millis(1_300), "{crashed}");
}

#[test]
fn a_schedule_says_how_partitions_are_placed_unless_that_is_balanced() {
    let store = Store::default();
    let placed = |text: &str| read(&store, text).unwrap().plan.cluster.ring.strategy;
    assert_eq!(placed(SMALL), Strategy::Balanced);
    let text = SMALL.replace("heal at 2s", "heal at 2s\nstrategy tokens");
    assert_eq!(placed(&text), Strategy::Tokens);
    assert!(write(&store, &read(&store, &text).unwrap()).contains("\nstrategy tokens\n"));
    assert_eq!(run::run(&store, &read(&store, &text).unwrap().plan).violation, None);
}

#[test]
fn a_schedule_names_its_app() {
    assert_eq!(app_of(SMALL), Ok("kv".to_owned()));
    assert!(app_of("peer-ring schedule 1\n").is_err());
}

#[test]
fn a_failing_plan_fails_the_same_when_it_is_read_back() {
    let weak = Store { profile: Profile::Weak, ..Store::default() };
    let plans = (0..200).map(|seed| Plan::draw(&weak, seed, &Swarm::default()));
    let (plan, outcomes) = plans
        .map(|plan| (plan.clone(), run::run(&weak, &plan)))
        .find(|(_, outcomes)| outcomes.violation.is_some())
        .expect("what promises too much fails");
    let text = write(&weak, &Schedule { plan, found: None });
    // How plans are drawn does not matter any more.
    let again = read(&Store::default(), &text).unwrap();
    assert_eq!(run::run(&Store::default(), &again.plan), outcomes);
}
