//! A founder that crashes while a cluster is founded, with its memory or without, holds nobody up
//! and leads to no second cluster.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use peer_ring_sim::run;
use peer_ring_sim::schedule;
use peer_ring_sim::store::Store;
use peer_ring_sim::trace::Trace;

/// Founders crash so soon after their start: with words that take 10 to 20 ms that is before, amid
/// and just after the founding.
const CRASHES_MS: std::ops::Range<u64> = 1..240;

fn schedule(nodes: u64, crashes: &[(u64, u64)], has_disks: bool) -> String {
    let seed = nodes * 1_000 + crashes[0].0;
    let disks = if has_disks { "disks 1ms to 5ms\n" } else { "" };
    let crashes = crashes.iter().enumerate().map(|(id, (node, at))| {
        // The longest are over before it is looked whether all are in a ring.
        let lasts = 50 + at * 37 % 900;
        format!("fault #{id} at {at}ms for {lasts}ms crash n{}\n", node + 1)
    });
    format!(
        "peer-ring schedule 2\napp kv n=3 r=2 w=2 last-write-wins\nseed {seed}\n\
         cluster {nodes} nodes 3 replicas 1 shards\nlatency 10ms to 20ms and 0% 10ms to 20ms\n\
         patience 1s then 1.1s\nrise 1\nheal at 7s\n{disks}\
         steward settles in 200ms patience 500ms evicts never\n{}\
         call #100 client 0 at 6s at n1 put key-0\n",
        crashes.collect::<String>()
    )
}

fn is_founded(text: &str) {
    let store = Store::default();
    let plan = schedule::read(&store, text).unwrap_or_else(|why| panic!("{text}{why}")).plan;
    let watched = run::watch(&store, &plan, Trace::default());
    assert_eq!(watched.outcomes.violation, None, "{text}");
}

#[test]
fn one_founder_that_crashes_amid_the_founding_is_in_the_cluster_when_it_is_back() {
    for at in CRASHES_MS.step_by(7) {
        for has_disks in [false, true] {
            is_founded(&schedule(3, &[(at % 3, at)], has_disks));
            is_founded(&schedule(5, &[(at % 5, at)], has_disks));
        }
    }
}

#[test]
fn two_founders_that_crash_amid_the_founding_are_in_the_cluster_when_they_are_back() {
    for at in CRASHES_MS.step_by(7) {
        is_founded(&schedule(3, &[(at % 3, at), ((at + 1) % 3, at + at % 40)], true));
        is_founded(&schedule(5, &[(at % 5, at), ((at + 2) % 5, at + at % 40)], true));
    }
}
