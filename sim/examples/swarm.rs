//! The swarm by itself, without the rest of the binary:
//! `swarm FIRST COUNT [--weak] [--nodes N] [--hashes] [--jobs N] [--planted NAME] [--report]`.
//!
//! Prints what it found, or each run's hash; exits with 1 if a promise was broken. With `--nodes`
//! every cluster has so many nodes, three replicas, and majorities that answer. With `--planted` it
//! makes that mistake, if it was built with `--cfg planted="any"`. With `--report` it prints one
//! line for programs: runs, nanoseconds, and of the first failure seed, checker, class and the length
//! of its shrunk schedule, or `-` for what is not known.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use peer_ring_sim::planted;
use peer_ring_sim::store::{Profile, Store, Topology};
use peer_ring_sim::swarm::{self, Options, Report};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| words.iter().any(|word| word == flag);
    let after = |flag: &str| {
        let at = words.iter().position(|word| word == flag)?;
        words.get(at + 1)
    };
    if let Some(name) = after("--planted")
        && let Err(why) = plant(name)
    {
        eprintln!("{why}");
        return ExitCode::from(2);
    }
    let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
    let jobs = after("--jobs").and_then(|word| word.parse().ok());
    let options = Options {
        first_seed: number(0).unwrap_or(0),
        seeds: number(1).unwrap_or(1_000),
        jobs: jobs.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
        is_until_failure: !has("--hashes"),
        ..Options::default()
    };
    let profile = match after("--nodes").and_then(|word| word.parse().ok()) {
        Some(nodes) => Profile::Only(Topology::majority_of_three(nodes)),
        None if has("--weak") => Profile::Weak,
        None => Profile::Default,
    };
    let store = Store { profile, ..Store::default() };
    let report = swarm::run(&store, &options, |_| {});
    if has("--report") {
        println!("{}", line(&report));
    } else {
        print(&report, has("--hashes"));
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lets this program make the mistake called `name`.
fn plant(name: &str) -> Result<(), String> {
    let bug = planted::find(name).map_err(|why| why.to_string())?;
    #[cfg(planted = "any")]
    {
        peer_ring_core::planted::choose(bug.name);
        Ok(())
    }
    #[cfg(not(planted = "any"))]
    Err(format!("{} is not in this build: it needs --cfg planted=\"any\"", bug.name))
}

fn line(report: &Report) -> String {
    let first = report.failures.first();
    let or_dash = |field: Option<String>| field.unwrap_or_else(|| "-".into());
    let fields = [
        report.totals.runs.to_string(),
        report.elapsed.as_nanos().to_string(),
        or_dash(first.map(|finding| finding.seed.to_string())),
        or_dash(first.map(|finding| finding.violation.checker.to_string())),
        or_dash(first.map(|finding| finding.violation.class.as_str().to_string())),
        or_dash(None),
    ];
    fields.join("\t")
}

fn print(report: &Report, has_hashes: bool) {
    if has_hashes {
        for (seed, hash) in &report.hashes {
            println!("{seed} {hash:016x}");
        }
    }
    for finding in &report.failures {
        let (seed, violation) = (finding.seed, &finding.violation);
        println!("seed {seed}: {}: {}", violation.checker, violation.text);
    }
    eprintln!(
        "{} runs, {} events, {:.0} simulated seconds per second",
        report.totals.runs,
        report.totals.events,
        report.speed()
    );
}
