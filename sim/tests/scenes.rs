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

fn played(scene: &Scene) -> Scene {
    play::<Simulated>(scene).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_scene_comes_to_what_was_recorded() {
    let is_update = std::env::var_os("UPDATE_SCENES").is_some();
    let mut wrong = Vec::new();
    let scenes = scenes();
    assert!(!scenes.is_empty());
    for path in scenes {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let recorded = Scene::parse(name, &text).unwrap_or_else(|error| panic!("{error}"));
        let played = played(&recorded);
        if is_update {
            std::fs::write(&path, played.to_string()).unwrap();
        } else {
            wrong.extend(recorded.difference(&played));
        }
    }
    assert!(wrong.is_empty(), "run with UPDATE_SCENES=1 if this is right:\n{}", wrong.join("\n"));
}

#[test]
fn a_scene_played_twice_comes_to_the_same() {
    let text = "nodes 3\ndelay n1 -> n2 by 40ms\nput a 1 at n1\nget a at n2\nshow value a\n";
    let scene = Scene::parse("twice", text).unwrap();
    assert_eq!(played(&scene), played(&scene));
}
