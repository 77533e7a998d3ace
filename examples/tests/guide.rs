//! The guide shows what the example prints: `UPDATE_GUIDE=1 cargo test -p peer-ring-examples --test
//! guide` brings it up to date.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BEGIN: &str = "<!-- schedule -->\n```text\n";
const END: &str = "```\n<!-- end -->";

/// What the example writes into a directory of its own.
fn written(directory: &Path, ending: &str) -> String {
    let files = fs::read_dir(directory.join("target/simulations")).unwrap();
    let paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    let path = paths.iter().find(|path| path.to_str().unwrap().ends_with(ending)).unwrap();
    fs::read_to_string(path).unwrap()
}

fn is_as_kept(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(path, text).unwrap();
    } else {
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{} is out of date", path.display());
    }
}

#[test]
fn the_guide_shows_what_the_example_finds() {
    let directory = tempfile::tempdir().unwrap();
    let example = Command::new(env!("CARGO_BIN_EXE_simulate_your_app"))
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(example.status.success(), "{}", String::from_utf8_lossy(&example.stderr));
    let schedule = written(directory.path(), ".shrunk.schedule");
    is_as_kept("examples/simulate_your_app.schedule", &schedule);
    is_as_kept("sim/guide/tickets.svg", &written(directory.path(), ".svg"));

    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/README.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    is_as_kept("sim/README.md", &format!("{before}{BEGIN}{schedule}{END}{after}"));
}
