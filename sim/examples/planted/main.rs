//! Looks for every planted bug, one after another, and prints a table:
//! `planted [NAME ...] [--seeds N] [--json] [--keep DIR]`.
//!
//! The simulator is built once with all of them in it. Then the default swarm is run for each, on
//! one thread and with no hint, until it is found; and once for none, which must be silent. What
//! is found is shrunk, and written to `DIR/NAME.schedule` if it is to be kept. Ends
//! with 1 if a bug was not found, or by a checker that should not have seen it, or if the control
//! was not silent; with 2 if a bug is asked for that cannot be made.

#[allow(dead_code, reason = "the tests use the rest of it")]
mod garden;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use garden::{Crop, Found, Garden};
use peer_ring_sim::planted::{self, Bug};

/// How many seeds a bug is given unless `--seeds` says so.
const SEEDS: u64 = 60_000;
/// How many of them the control runs.
const CONTROL_SEEDS: u64 = 2_000;

/// A line of the table.
struct Row {
    name: &'static str,
    what: &'static str,
    crop: Crop,
    is_as_it_should_be: bool,
}

/// A row as an object of JSON.
struct Json<'a>(&'a Row);

fn main() -> ExitCode {
    match look() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is as it should be.
fn look() -> Result<bool, String> {
    let (mut seeds, mut is_json, mut keep, mut bugs) = (SEEDS, false, None, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => is_json = true,
            "--seeds" => {
                let number = words.next().and_then(|word| word.parse().ok());
                seeds = number.ok_or("--seeds needs a number")?;
            }
            "--keep" => keep = Some(PathBuf::from(words.next().ok_or("--keep needs a directory")?)),
            name => bugs.push(planted::find(name).map_err(|why| why.to_string())?),
        }
    }
    let is_everything = bugs.is_empty();
    if is_everything {
        bugs.extend(planted::alive());
    }
    eprintln!("building the simulator with all bugs in it");
    let garden = Garden::build()?;
    if !is_json {
        println!(
            "{:<22} {:>6}  {:<14} {:<12} {:>8} {:>6} {:>8}  what",
            "bug", "seeds", "checker", "class", "seconds", "shrunk", "seconds"
        );
    }
    let mut is_well = true;
    let control = std::iter::once(None).filter(|_| is_everything);
    for bug in control.chain(bugs.into_iter().map(Some)) {
        let row = Row::of(&garden, bug, seeds, keep.as_deref())?;
        is_well &= row.is_as_it_should_be;
        if is_json { println!("{}", Json(&row)) } else { println!("{row}") }
    }
    if is_everything && !is_json {
        for Bug { name, what, waits_for, .. } in planted::BUGS {
            if let Some(feature) = waits_for {
                println!("{name:<22} waits for {feature}: {what}");
            }
        }
    }
    Ok(is_well)
}

impl Row {
    fn of(
        garden: &Garden,
        bug: Option<&Bug>,
        seeds: u64,
        keep: Option<&Path>,
    ) -> Result<Self, String> {
        let Some(bug) = bug else {
            let crop = garden.run(None, 0, seeds.min(CONTROL_SEEDS), None)?;
            let is_as_it_should_be = crop.found.is_none();
            let what = "the control: nothing is wrong, and nothing is found";
            return Ok(Self { name: "none", what, crop, is_as_it_should_be });
        };
        let crop = garden.run(Some(bug.name), 0, seeds, keep)?;
        let may_see = |found: &Found| bug.checkers.contains(&found.checker.as_str());
        let is_as_it_should_be = crop.found.as_ref().is_some_and(may_see);
        Ok(Self { name: bug.name, what: bug.what, crop, is_as_it_should_be })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, what, crop, is_as_it_should_be } = self;
        let (seeds, seconds) = (crop.seeds, crop.elapsed.as_secs_f64());
        write!(f, "{name:<22} {seeds:>6}  ")?;
        match &crop.found {
            None => write!(f, "{:<14} {:<12} {seconds:>8.2} {:>6} {:>8}", "silent", "-", "-", "-")?,
            Some(Found { checker, class, steps, shrinking, .. }) => {
                write!(f, "{checker:<14} {class:<12} {seconds:>8.2} ")?;
                write!(f, "{steps:>6} {:>8.2}", shrinking.as_secs_f64())?;
            }
        }
        write!(f, "  {what}")?;
        if *is_as_it_should_be { Ok(()) } else { write!(f, " (NOT AS IT SHOULD BE)") }
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names, sentences and checkers have no character that JSON would want escaped.
        let Row { name, what, crop, is_as_it_should_be } = self.0;
        let (seeds, seconds) = (crop.seeds, crop.elapsed.as_secs_f64());
        write!(f, "{{\"bug\":\"{name}\",\"what\":\"{what}\",\"ok\":{is_as_it_should_be},")?;
        write!(f, "\"seeds\":{seeds},\"seconds\":{seconds:.3},\"found\":")?;
        match &crop.found {
            None => write!(f, "null}}"),
            Some(Found { seed, checker, class, steps, shrinking }) => {
                let shrinking = shrinking.as_secs_f64();
                write!(f, "{{\"seed\":{seed},\"checker\":\"{checker}\",\"class\":\"{class}\",")?;
                write!(f, "\"steps\":{steps},\"shrinking_seconds\":{shrinking:.3}}}}}")
            }
        }
    }
}
