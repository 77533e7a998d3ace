//! The simulator is itself tested: it must find bugs that were planted, and stay silent without.
//!
//! A planted bug is behind a `cfg` that no normal build contains. Each is built into the simulator
//! and the default swarm is run, with no hint of what to look for, until it is found.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs the swarm with a bug planted, or with none, in a build of its own.
fn swarm(bug: Option<&str>, profile: &[&str], arguments: &[&str]) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    // One directory a bug: builds with other flags would overwrite each other's binary.
    let target = workspace.join("target").join("planted").join(bug.unwrap_or("none"));
    let flags = bug.map(|bug| format!("--cfg planted=\"{bug}\"")).unwrap_or_default();
    Command::new(cargo)
        .current_dir(&workspace)
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", target)
        .args(["run", "--quiet", "--offline", "--locked", "--package", "peer-ring-sim"])
        .args(profile)
        .args(["--example", "swarm", "--"])
        .args(arguments)
        .output()
        .unwrap()
}

fn is_found(bug: &str, checkers: &[&str]) {
    let output = swarm(Some(bug), &["--release"], &["0", "20000"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{bug} is not found\n{found}{log}");
    let is_expected = |line: &str| checkers.iter().any(|checker| line.contains(checker));
    assert!(found.lines().any(is_expected), "{bug} is found by another checker\n{found}{log}");
    println!("{bug}: {} {log}", found.lines().next().unwrap_or_default());
}

#[test]
fn equal_timestamps_decided_by_arrival_order_are_found() {
    is_found("m02", &["convergence", "durable", "lost write"]);
}

#[test]
fn an_acknowledgement_counted_twice_is_found() {
    is_found("twice", &["durable", "lost write"]);
}

#[test]
fn a_checksum_that_is_not_looked_at_is_found() {
    is_found("checksum", &["panic", "durable", "lost write", "linearizable", "convergence"]);
}

#[test]
fn the_same_seeds_have_the_same_hashes_in_debug_and_release_builds_and_in_two_processes() {
    let hashes = |profile: &[&str]| {
        let output = swarm(None, profile, &["0", "60", "--hashes"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (debug, release) = (hashes(&[]), hashes(&["--release"]));
    assert_eq!(debug.lines().count(), 60);
    assert_eq!(debug, release);
    assert_eq!(release, hashes(&["--release"]));
}

#[test]
fn two_thousand_seeds_are_silent() {
    let output = swarm(None, &["--release"], &["1000000", "2000"]);
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{found}");
    println!("{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_promise_that_one_replica_cannot_keep_is_seen_to_be_broken() {
    let output = swarm(None, &["--release"], &["0", "1000", "--weak"]);
    assert_eq!(output.status.code(), Some(1), "nobody noticed");
}
