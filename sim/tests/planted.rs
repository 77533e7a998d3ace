//! The simulator is itself tested: it must find bugs that were planted, and stay silent without.
//!
//! All planted bugs are in one build that no normal build resembles. The default swarm is run with
//! each of them in turn, with no hint of what to look for, until it is found.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "../examples/planted/garden.rs"]
#[allow(dead_code, reason = "others use the rest of it")]
mod garden;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use garden::{Crop, Garden};
use peer_ring_sim::planted;
use peer_ring_sim::run;
use peer_ring_sim::schedule;
use peer_ring_sim::store::Store;

/// The garden, built once for all tests.
fn garden() -> &'static Garden {
    static GARDEN: OnceLock<Garden> = OnceLock::new();
    GARDEN.get_or_init(|| Garden::build().unwrap())
}

/// Runs the swarm as it is, in a usual build.
fn swarm(arguments: &[&str]) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(cargo)
        .current_dir(&workspace)
        .args(["run", "--quiet", "--offline", "--locked", "--package", "peer-ring-sim"])
        .args(["--release", "--example", "swarm", "--"])
        .args(arguments)
        .output()
        .unwrap()
}

fn is_found(name: &str) {
    let bug = planted::find(name).unwrap();
    let Crop { seeds, elapsed, found } = garden().run(Some(name), 0, 60_000, None).unwrap();
    let found = found.unwrap_or_else(|| panic!("{name} is not found in {seeds} seeds"));
    let checker = found.checker.as_str();
    assert!(bug.checkers.contains(&checker), "{name} is found by another checker: {found:?}");
    println!("{name}: seed {}, {checker}, after {seeds} seeds and {elapsed:?}", found.seed);
}

/// A test for each planted bug that can be made, so that one that is missed has a name.
macro_rules! each_is_found {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                is_found($name);
            }
        )*

        #[test]
        fn every_bug_that_can_be_made_is_looked_for() {
            let looked_for = [$($name),*];
            let is_missing = |bug: &&planted::Bug| !looked_for.contains(&bug.name);
            assert_eq!(planted::alive().find(is_missing), None);
        }
    };
}

each_is_found! {
    equal_timestamps_decided_by_arrival_order_are_found: "m02",
    a_node_that_lost_its_records_and_claims_them_is_found: "m08",
    an_old_owner_that_deletes_too_early_is_found: "m09",
    an_ex_owner_that_takes_older_requests_is_found: "m10",
    a_node_that_cannot_refute_its_death_is_found: "m20",
    an_acknowledgement_counted_twice_is_found: "twice",
    an_answer_counted_for_another_replica_is_found: "anybody-s-answer",
    a_time_out_reported_as_success_is_found: "time-out-is-success",
    a_read_that_returns_before_its_quorum_is_found: "first-answer-read",
    a_reader_answered_before_the_repair_is_found: "no-write-back",
    a_repair_with_the_older_value_is_found: "repair-older",
    a_write_not_stamped_past_what_it_met_is_found: "not-past-newer",
    a_write_of_all_that_takes_effect_twice_is_found: "unanimity-ignored",
    a_reader_answered_after_half_a_repair_is_found: "repaired-by-one",
    a_command_that_is_never_forgotten_is_found: "never-forgotten",
    an_older_record_put_over_a_newer_one_is_found: "late-wins",
    a_tombstone_read_as_nothing_is_found: "tombstone-is-nothing",
    an_expired_record_that_is_served_is_found: "expired-served",
    a_stamp_given_twice_is_found: "same-stamp",
    a_node_trusted_with_what_it_lost_is_found: "trusted-at-once",
    a_blank_replica_that_acknowledges_is_found: "blank-counts",
    a_replica_trusted_one_source_too_early_is_found: "fill-one-short",
    a_replica_copied_in_part_and_trusted_is_found: "one-page-is-all",
    a_node_that_stays_suspect_is_found: "suspect-for-ever",
    a_checksum_that_is_not_looked_at_is_found: "checksum",
    a_question_never_asked_again_is_found: "failure-is-last",
    a_node_forgotten_for_ever_is_found: "forgotten-unseen",
    a_watch_from_a_version_that_is_gone_is_found: "gone-goes-on",
    a_pod_lost_between_two_slices_is_found: "moved-is-lost",
    a_node_that_gossip_buries_alive_is_found: "dead-for-ever",
    gossip_that_nobody_has_signed_is_found: "unsigned",
    a_lease_that_is_not_granted_anew_is_found: "lease-not-renewed",
    a_watch_that_begins_one_revision_late_is_found: "watch-one-late",
    a_session_in_which_nobody_registers_is_found: "not-registered-again",
    a_watch_that_a_new_connection_lacks_is_found: "watch-not-set-again",
}

/// The shrunk schedule of a bug that is kept.
fn kept(name: &str) -> PathBuf {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules").join("planted");
    kept.join(format!("{name}.schedule"))
}

#[test]
fn each_schedule_that_is_kept_still_shows_its_bug() {
    for bug in planted::alive() {
        let found = garden().replay(Some(bug.name), &kept(bug.name)).unwrap();
        let is_shown = found.as_deref().is_some_and(|checker| bug.checkers.contains(&checker));
        assert!(is_shown, "the schedule of {} shows {found:?}", bug.name);
    }
}

#[test]
fn each_schedule_that_is_kept_is_silent_where_its_bug_is_not() {
    for bug in planted::alive() {
        let text = std::fs::read_to_string(kept(bug.name)).unwrap();
        let schedule = schedule::read(&Store::default(), &text).unwrap();
        let violation = run::run(&Store::default(), &schedule.plan).violation;
        assert_eq!(violation, None, "{}", bug.name);
    }
}

#[test]
fn a_garden_with_no_bug_in_it_is_silent() {
    let Crop { seeds, found, .. } = garden().run(None, 500_000, 2_000, None).unwrap();
    assert_eq!((seeds, found), (2_000, None));
}

#[test]
fn a_bug_whose_feature_does_not_exist_is_refused() {
    let refused = garden().run(Some("m11"), 0, 1, None).unwrap_err();
    assert!(refused.contains("waits for linearizable registers"), "{refused}");
}

#[test]
fn two_thousand_seeds_are_silent() {
    let output = swarm(&["1000000", "2000"]);
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{found}");
    println!("{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_promise_that_one_replica_cannot_keep_is_seen_to_be_broken() {
    let output = swarm(&["0", "1000", "--weak"]);
    assert_eq!(output.status.code(), Some(1), "nobody noticed");
}
