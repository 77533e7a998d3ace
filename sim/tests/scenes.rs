//! Every scene comes to what was recorded of it.
//!
//! `UPDATE_SCENES=1 cargo test -p peer-ring-sim --test scenes` records what it comes to now.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::{Path, PathBuf};

use peer_ring_sim::scene::{Scene, Simulated, play};

fn scenes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scenes: Vec<_> = files.filter(|path| path.extension().unwrap() == "scene").collect();
    scenes.sort();
    scenes
}

fn played(name: &str, text: &str) -> String {
    let played = Scene::parse(name, text).and_then(|scene| play::<Simulated>(&scene));
    played.unwrap_or_else(|error| panic!("{error}")).to_string()
}

/// The first line in which two texts differ, both ways.
fn difference(recorded: &str, played: &str) -> String {
    let mut pairs = (1..).zip(recorded.lines().zip(played.lines()));
    let found = pairs.find(|(_, (recorded, played))| recorded != played);
    found.map_or_else(
        || "one is longer than the other".to_owned(),
        |(line, (recorded, played))| {
            format!("line {line}\n    recorded: {recorded}\n    now:      {played}")
        },
    )
}

#[test]
fn every_scene_comes_to_what_was_recorded() {
    let is_update = std::env::var_os("UPDATE_SCENES").is_some();
    let mut wrong = Vec::new();
    let scenes = scenes();
    assert!(!scenes.is_empty());
    for path in scenes {
        let name = path.file_name().unwrap().to_str().unwrap();
        let recorded = std::fs::read_to_string(&path).unwrap();
        let played = played(name, &recorded);
        if is_update {
            std::fs::write(&path, &played).unwrap();
        } else if played != recorded {
            wrong.push(format!("{name}: {}", difference(&recorded, &played)));
        }
    }
    assert!(wrong.is_empty(), "run with UPDATE_SCENES=1 if this is right:\n{}", wrong.join("\n"));
}

#[test]
fn a_scene_played_twice_comes_to_the_same() {
    let text = "nodes 3\ndelay n1 -> n2 by 40ms\nput a 1 at n1\nget a at n2\nshow value a\n";
    assert_eq!(played("once", text), played("again", text));
}
