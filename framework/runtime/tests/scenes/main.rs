//! Two runtimes, one behaviour: every scene of the simulator comes to the same on actix.
//!
//! The outcomes are those that the simulator recorded, in `sim/scenes`; nothing is recorded here.
//! Each node is production's actors in production's shells, with production's ports and links;
//! only what carries the frames between them is in memory, and tokio's clock is paused.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod any;
mod carry;
mod network;
mod stage;

use std::path::{Path, PathBuf};

use peer_ring_sim::scene::{Scene, Simulated, play};
use stage::OnActix;

/// How many stories are drawn; the variable `STORIES` says otherwise.
const STORIES: u64 = 50;

fn scenes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sim/scenes");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scenes: Vec<_> = files.filter(|path| path.extension().unwrap() == "scene").collect();
    scenes.sort();
    scenes
}

#[test]
fn every_scene_comes_to_the_same_on_actix_as_in_the_simulator() {
    let mut wrong = Vec::new();
    let scenes = scenes();
    assert!(!scenes.is_empty());
    for path in scenes {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let recorded = Scene::parse(name, &text).unwrap_or_else(|error| panic!("{error}"));
        let played = play::<OnActix>(&recorded).unwrap_or_else(|error| panic!("{error}"));
        wrong.extend(recorded.difference(&played));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn any_story_comes_to_the_same_on_both() {
    let stories = std::env::var("STORIES").map_or(STORIES, |count| count.parse().unwrap());
    for seed in 0..stories {
        let scene = Scene::parse(&format!("story {seed}"), &any::story(seed)).unwrap();
        let simulated = play::<Simulated>(&scene).unwrap();
        let played = play::<OnActix>(&scene).unwrap();
        if let Some(difference) = simulated.difference(&played) {
            panic!("{difference}\nin the simulator:\n{simulated}\non actix:\n{played}");
        }
    }
}
