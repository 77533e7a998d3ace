//! What once was wrong stays right: every schedule in `schedules/regressions` keeps all promises.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::fs;
use std::path::Path;

use peer_ring_sim::explain::explain;
use peer_ring_sim::run;
use peer_ring_sim::schedule;
use peer_ring_sim::store::Store;
use peer_ring_sim::trace::Trace;

#[test]
fn every_schedule_that_was_kept_keeps_its_promises() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/regressions");
    let store = Store::default();
    let mut replayed = 0;
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let schedule = schedule::read(&store, &text);
        let plan = schedule.unwrap_or_else(|why| panic!("{}: {why}", path.display())).plan;
        let watched = run::watch(&store, &plan, Trace::default());
        let told = || explain(&store, &plan, &watched);
        assert_eq!(watched.outcomes.violation, None, "{}:\n{}", path.display(), told());
        replayed += 1;
    }
    assert!(replayed > 0, "there is nothing to replay");
}
