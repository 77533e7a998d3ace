//! The pure crates stay pure: if they and the simulator build without a runtime, their actors
//! cannot have reached for one.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeSet;
use std::process::Command;

/// What would give an actor a clock, a socket, a thread or a random source. (`rand` without `getrandom`
/// draws from the seeds that it is given, and from nothing else.)
const FORBIDDEN: [&str; 11] = [
    "actix",
    "actix-rt",
    "axum",
    "crossbeam-channel",
    "futures-executor",
    "getrandom",
    "hyper",
    "mio",
    "socket2",
    "tokio",
    "tonic",
];

/// Everything that `package` is built on, as cargo sees it, tests and build scripts left out.
fn dependencies(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let tree = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package, "--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn the_pure_crates_and_the_simulator_depend_on_no_runtime() {
    let pure = ["peer-ring-core", "peer-ring-proto", "peer-ring-discovery-core", "peer-ring-sim"];
    for package in pure {
        let dependencies = dependencies(package);
        assert!(dependencies.contains(package), "{dependencies:?}");
        let found: Vec<_> = FORBIDDEN.iter().filter(|name| dependencies.contains(**name)).collect();
        assert!(found.is_empty(), "{package} depends on {found:?}");
    }
}

#[test]
fn this_test_would_see_a_runtime() {
    let dependencies = dependencies("peer-ring");
    assert!(dependencies.contains("actix") && dependencies.contains("tokio"));
}
