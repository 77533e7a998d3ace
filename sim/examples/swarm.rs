//! The swarm by itself, without the rest of the binary: `swarm FIRST COUNT [--weak] [--hashes]`.
//!
//! Prints what it found, or each run's hash; exits with 1 if a promise was broken.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use peer_ring_sim::store::{Profile, Store};
use peer_ring_sim::swarm::{self, Options};

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (first_seed, seeds) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(1_000));
    let has = |flag: &str| std::env::args().any(|word| word == flag);
    let profile = if has("--weak") { Profile::Weak } else { Profile::Default };
    let store = Store { profile, ..Store::default() };
    let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let is_until_failure = !has("--hashes");
    let options = Options { first_seed, seeds, jobs, is_until_failure, ..Options::default() };
    let report = swarm::run(&store, &options, |_| {});
    if has("--hashes") {
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
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
