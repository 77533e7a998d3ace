//! The swarm by itself, without the rest of the binary:
//! `swarm FIRST COUNT [--weak] [--nodes N] [--hashes] [--jobs N] [--planted NAME] [--report [--keep
//! DIR]]`, or
//! `swarm --replay FILE [--planted NAME]`, or `swarm --events SEED`.
//!
//! Prints what it found, or each run's hash; exits with 1 if a promise was broken. With `--nodes`
//! every cluster has so many nodes, three replicas, and majorities that answer. With `--planted` it
//! makes that mistake, if it was built with `--cfg planted="any"`.
//!
//! With `--report` it prints one line for programs: runs, nanoseconds, and of the first failure
//! seed, checker, class, how many steps are left when its schedule is shrunk, and how many
//! nanoseconds that took; `-` for what there is not. With `--keep` the shrunk schedule is written to
//! `DIR/NAME.schedule`, where the name is that of the mistake. With `--replay` it carries out one
//! schedule, and prints checker and class of what that breaks. With `--events` it prints each event
//! of a seed, behind the hash up to it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use peer_ring_sim::check::Violation;
use peer_ring_sim::plan::{Plan, Swarm};
use peer_ring_sim::schedule;
use peer_ring_sim::shrink;
use peer_ring_sim::simulation::Found;
use peer_ring_sim::store::{Profile, Store, Topology};
use peer_ring_sim::swarm::{self, Options, Report};
use peer_ring_sim::trace::Trace;
use peer_ring_sim::{planted, run};

/// How long a schedule is shrunk at most.
const SHRINKING_MAX: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match look(&Arguments(std::env::args().skip(1).collect())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

struct Arguments(Vec<String>);

impl Arguments {
    fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|word| word == flag)
    }

    fn after(&self, flag: &str) -> Option<&str> {
        let at = self.0.iter().position(|word| word == flag)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn number(&self, at: usize) -> Option<u64> {
        self.0.get(at)?.parse().ok()
    }
}

/// Whether no promise was broken.
fn look(arguments: &Arguments) -> Result<bool, String> {
    let planted = arguments.after("--planted");
    if let Some(name) = planted {
        plant(name)?;
    }
    let profile = match arguments.after("--nodes").and_then(|word| word.parse().ok()) {
        Some(nodes) => Profile::Only(Topology::majority_of_three(nodes)),
        None if arguments.has("--weak") => Profile::Weak,
        None => Profile::Default,
    };
    let store = Store { profile, ..Store::default() };
    if let Some(file) = arguments.after("--replay") {
        return replay(&store, Path::new(file));
    }
    if let Some(seed) = arguments.after("--events") {
        print_events(&store, seed.parse().map_err(|_| format!("'{seed}' is not a seed"))?);
        return Ok(true);
    }
    let jobs = arguments.after("--jobs").and_then(|word| word.parse().ok());
    let options = Options {
        first_seed: arguments.number(0).unwrap_or(0),
        seeds: arguments.number(1).unwrap_or(1_000),
        jobs: jobs.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
        is_until_failure: !arguments.has("--hashes"),
        ..Options::default()
    };
    let report = swarm::run(&store, &options, |_| {});
    if arguments.has("--report") {
        let shrunk = report.failures.first().map(|finding| shrink(&store, finding.seed));
        println!("{}", line(&report, shrunk.as_ref()));
        if let (Some((found, _)), Some(directory)) = (&shrunk, arguments.after("--keep")) {
            keep(found, planted.unwrap_or("none"), Path::new(directory))?;
        }
    } else {
        print(&report, arguments.has("--hashes"));
    }
    Ok(report.failures.is_empty())
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

/// Carries out a schedule that was kept, and says what it breaks.
fn replay(store: &Store, file: &Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| said(file, &error))?;
    let schedule = schedule::read(store, &text).map_err(|mistake| said(file, &mistake))?;
    match run::run(store, &schedule.plan).violation {
        None => {
            println!("-\t-");
            Ok(true)
        }
        Some(Violation { class, checker, text }) => {
            println!("{checker}\t{}", class.as_str());
            eprintln!("{text}");
            Ok(false)
        }
    }
}

fn print_events(store: &Store, seed: u64) {
    let plan = Plan::draw(store, seed, &Swarm::default());
    for line in run::watch(store, &plan, Trace::with_lines()).lines {
        println!("{:016x} {line}", line.hash);
    }
}

/// What the plan of a seed that failed comes down to, and how long it took to find that out.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it times the shrinker")]
fn shrink(store: &Store, seed: u64) -> (Found, Duration) {
    let started = std::time::Instant::now();
    let plan = Plan::draw(store, seed, &Swarm::default());
    let shrunk = shrink::shrink(store, &plan, |_| started.elapsed() < SHRINKING_MAX);
    let shrunk = shrunk.expect("a run that failed fails again");
    let elapsed = started.elapsed();
    (Found::of(store, plan, shrunk), elapsed)
}

fn keep(found: &Found, name: &str, directory: &Path) -> Result<PathBuf, String> {
    let file = directory.join(format!("{name}.schedule"));
    std::fs::create_dir_all(directory).map_err(|error| said(directory, &error))?;
    std::fs::write(&file, &found.shrunk).map_err(|error| said(&file, &error))?;
    Ok(file)
}

fn said(file: &Path, what: &dyn std::error::Error) -> String {
    format!("{}: {what}", file.display())
}

fn line(report: &Report, shrunk: Option<&(Found, Duration)>) -> String {
    let first = report.failures.first();
    let or_dash = |field: Option<String>| field.unwrap_or_else(|| "-".into());
    let fields = [
        report.totals.runs.to_string(),
        report.elapsed.as_nanos().to_string(),
        or_dash(first.map(|finding| finding.seed.to_string())),
        or_dash(first.map(|finding| finding.violation.checker.to_string())),
        or_dash(first.map(|finding| finding.violation.class.as_str().to_string())),
        or_dash(shrunk.map(|(found, _)| found.steps.to_string())),
        or_dash(shrunk.map(|(_, elapsed)| elapsed.as_nanos().to_string())),
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
