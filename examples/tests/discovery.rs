//! The example of a source of one's own does what it says.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::process::Command;

#[test]
fn nodes_find_each_other_by_a_source_of_ones_own() {
    let example = Command::new(env!("CARGO_BIN_EXE_custom_discovery")).output().unwrap();
    let said = String::from_utf8_lossy(&example.stdout);
    assert!(example.status.success(), "{said}{}", String::from_utf8_lossy(&example.stderr));
    assert_eq!(said, "n1: true\nn2: true\nannounced still: 0\n");
}
