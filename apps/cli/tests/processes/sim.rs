//! The simulator from the command line: from a failing seed to a schedule that is kept.

use std::fs;
use std::path::Path;

use crate::harness::process::run;

/// A put on one side of a partition and a get on the other, by hand.
const BY_HAND: &str = "\
peer-ring schedule 1
app kv n=3 r=1 w=1 linearizable
seed 1
cluster 3 nodes 3 replicas 1 shards
heal at 3s
fault #0 at 1s for 1s partition n1 | n2 n3
call #0 client 0 at 1.1s at n1 put key-0
call #1 client 1 at 1.2s at n2 get key-0
";

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().unwrap().to_owned()
}

/// A file with this text, and its path.
fn file(directory: &Path, name: &str, text: &str) -> String {
    fs::write(directory.join(name), text).unwrap();
    path(directory, name)
}

#[test]
fn a_swarm_that_keeps_its_promises_ends_well_and_the_same_every_time() {
    let arguments = ["sim", "run", "--seed", "7", "--seeds", "1"];
    let (code, said) = run(&arguments);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("all promises were kept\n"), "{said}");
    let trace =
        |said: &str| said.lines().find(|line| line.starts_with("trace ")).map(str::to_owned);
    assert!(trace(&said).is_some());
    assert_eq!(trace(&run(&arguments).1), trace(&said));
}

#[test]
fn a_failing_seed_is_written_down_made_small_explained_and_carried_out_again() {
    let directory = tempfile::tempdir().unwrap();
    let out = path(directory.path(), "failures");
    let arguments =
        ["sim", "run", "--topology", "weak", "--seeds", "200", "--until-failure", "--out", &out];
    let (code, said) = run(&arguments);
    assert_eq!(code, Some(1), "{said}");
    let replay = said.lines().find_map(|line| line.trim().strip_prefix("replay: peer-ring "));
    let words: Vec<_> = replay.unwrap().split(' ').collect();
    let (code, again) = run(&words);
    assert_eq!(code, Some(1), "{again}");
    assert!(again.ends_with("that is what the schedule says\n"), "{again}");

    let shrunk = words[2];
    let svg = shrunk.replace(".shrunk.schedule", ".svg");
    let drawn = fs::read_to_string(&svg).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"), "{drawn}");
    let again = path(directory.path(), "again.svg");
    assert_eq!(run(&["sim", "diagram", shrunk, "--out", &again]).0, Some(1));
    assert_eq!(fs::read_to_string(again).unwrap(), drawn);
    let (code, drawn) = run(&["sim", "diagram", shrunk]);
    assert_eq!(code, Some(1), "{drawn}");
    assert!(drawn.contains("n1") && drawn.contains("put key"), "{drawn}");

    let (code, told) = run(&["sim", "explain", shrunk]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("client") && told.contains("Broken, as seen at"), "{told}");

    let whole = shrunk.replace(".shrunk.schedule", ".schedule");
    let smaller = path(directory.path(), "smaller.schedule");
    let (code, said) = run(&["sim", "shrink", &whole, "--out", &smaller]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(fs::read_to_string(smaller).unwrap(), fs::read_to_string(shrunk).unwrap());
}

#[test]
fn a_schedule_edited_by_hand_is_carried_out() {
    let directory = tempfile::tempdir().unwrap();
    let broken = file(directory.path(), "broken", BY_HAND);
    let (code, said) = run(&["sim", "replay", &broken]);
    assert_eq!(code, Some(1), "{said}");
    let kept = file(directory.path(), "kept", &BY_HAND.replace("partition n1 | n2 n3", "pause n3"));
    let (code, said) = run(&["sim", "replay", &kept, "--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\"violation\": null"), "{said}");
}

#[test]
fn what_a_seed_draws_is_carried_out_as_the_seed_is() {
    let directory = tempfile::tempdir().unwrap();
    let drawn = path(directory.path(), "drawn");
    assert_eq!(run(&["sim", "draw", "--seed", "7", "--out", &drawn]), (Some(0), String::new()));
    let trace = |said: &str| said.split("trace ").nth(1).unwrap()[..16].to_owned();
    let (code, replayed) = run(&["sim", "replay", &drawn]);
    assert_eq!(code, Some(0), "{replayed}");
    let (_, seed) = run(&["sim", "run", "--seed", "7", "--seeds", "1"]);
    assert_eq!(trace(&replayed), trace(&seed));
}

#[test]
fn what_is_not_a_schedule_is_refused_with_the_line() {
    let directory = tempfile::tempdir().unwrap();
    let cases = [
        (BY_HAND.replace("heal at 3s", "heal at 3s\nwobble n1"), "line 6: 'wobble'"),
        (BY_HAND.replace("schedule 1", "schedule 99"), "line 1: this is a schedule of version 99"),
        (BY_HAND.replace("app kv", "app tickets"), "a schedule for the app tickets"),
        (String::new(), "line 1: a schedule begins with"),
    ];
    for (text, expected) in cases {
        let wrong = file(directory.path(), "wrong", &text);
        for command in ["replay", "shrink", "diagram", "explain"] {
            let (code, said) = run(&["sim", command, &wrong]);
            assert_eq!(code, Some(65), "{said}");
            assert!(said.contains(expected), "{said}");
        }
    }
    let (code, said) = run(&["sim", "replay", "/no/such/file"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("/no/such/file"), "{said}");
}

#[test]
fn wrong_choices_are_named() {
    for (option, value) in [("--faults", "flood"), ("--topology", "big"), ("--workload", "odd")] {
        let (code, said) = run(&["sim", "run", option, value]);
        assert_eq!(code, Some(64), "{said}");
        assert!(said.contains(value), "{said}");
    }
}
