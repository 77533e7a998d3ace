//! `peer-ring sim replay`, `shrink`, `diagram` and `explain`: work on schedules that are files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use peer_ring_sim::diagram;
use peer_ring_sim::explain;
use peer_ring_sim::run::{self, Watched};
use peer_ring_sim::schedule::{self, Found, Schedule};
use peer_ring_sim::shrink;
use peer_ring_sim::store::Store;
use peer_ring_sim::subject::Subject;
use peer_ring_sim::trace::Trace;
use serde::Serialize;

use crate::bench::options::duration;
use crate::exit::{Exit, Failure, OrExit, complain, say};

/// Carries out a schedule.
#[derive(Clone, Debug, Args)]
pub struct Replay {
    /// The schedule.
    file: PathBuf,
    /// Print every event.
    #[arg(long, conflicts_with = "json")]
    trace: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a schedule as small as it can be while it fails in the same way.
#[derive(Clone, Debug, Args)]
pub struct Shrink {
    /// The schedule.
    file: PathBuf,
    /// Where to write what it comes down to; to the standard output when not given.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// For how long to try.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    time_limit: Duration,
}

/// Carries out a schedule, and draws what happens.
///
/// Time runs downwards; what clients asked stands on the left, then a lane for each node, then the
/// faults. What led to the violation is shown, and what has nothing to do with it left out.
#[derive(Clone, Debug, Args)]
pub struct Diagram {
    /// The schedule.
    file: PathBuf,
    /// Where to write the picture, one SVG file; when not given, it is printed as text.
    #[arg(long, short, value_name = "FILE.svg")]
    out: Option<PathBuf>,
    /// Show at most so many operations.
    #[arg(long, value_name = "N", default_value_t = diagram::Options::default().operations_max)]
    operations: usize,
    /// Show probes and data being moved, too.
    #[arg(long)]
    background: bool,
}

/// Carries out a schedule, and tells in words what happens.
#[derive(Clone, Debug, Args)]
pub struct Explain {
    /// The schedule.
    file: PathBuf,
}

/// What came of a schedule.
#[derive(Clone, Debug, Serialize)]
struct Replayed {
    hash: String,
    events: u64,
    simulated_seconds: f64,
    violation: Option<Broken>,
    /// What the schedule says that it breaks.
    expected: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Broken {
    class: &'static str,
    checker: &'static str,
    text: String,
}

pub(super) fn replay(options: &Replay) -> Result<Exit, Failure> {
    let Schedule { plan, found } = read(&options.file)?;
    let trace = if options.trace { Trace::with_lines() } else { Trace::default() };
    let watched = run::watch(&Store::default(), &plan, trace);
    for line in &watched.lines {
        say(line);
    }
    let outcomes = &watched.outcomes;
    let expected = found.map(|Found { class, checker }| format!("{} {checker}", class.as_str()));
    let hash = format!("{:016x}", outcomes.hash);
    let violation = outcomes.violation.as_ref();
    if options.json {
        let violation = violation.map(|violation| Broken {
            class: violation.class.as_str(),
            checker: violation.checker,
            text: violation.text.clone(),
        });
        let (events, simulated_seconds) = (outcomes.events, outcomes.simulated.as_secs_f64());
        let replayed = Replayed { hash, events, simulated_seconds, violation, expected };
        say(serde_json::to_string_pretty(&replayed)?);
        return Ok(exit(&watched));
    }
    say(format_args!("{} events, trace {hash}", outcomes.events));
    match (violation, expected) {
        (None, None) => say("all promises were kept"),
        (None, Some(expected)) => say(format_args!(
            "all promises were kept; the schedule says that it once broke one: {expected}"
        )),
        (Some(violation), expected) => {
            let (class, checker) = (violation.class.as_str(), violation.checker);
            say(format_args!("{class}: {checker}: {}", violation.text));
            match expected {
                Some(expected) if expected == format!("{class} {checker}") => {
                    say("that is what the schedule says");
                }
                Some(expected) => say(format_args!("the schedule says: {expected}")),
                None => {}
            }
        }
    }
    Ok(exit(&watched))
}

pub(super) fn shrink(options: &Shrink) -> Result<Exit, Failure> {
    let Schedule { plan, .. } = read(&options.file)?;
    let end = Instant::now() + options.time_limit;
    let store = Store::default();
    let before = plan.steps();
    let Some(shrunk) = shrink::shrink(&store, &plan, |_| Instant::now() < end) else {
        complain("all promises were kept: there is nothing to make smaller");
        return Ok(Exit::Ok);
    };
    let (class, checker) = (shrunk.violation.class, shrunk.violation.checker.to_owned());
    let (steps, tried) = (shrunk.plan.steps(), shrunk.tried);
    let found = Some(Found { class, checker });
    let text = schedule::write(&store, &Schedule { plan: shrunk.plan, found });
    complain(format_args!("{before} steps came down to {steps}, in {tried} tries"));
    match &options.out {
        None => say(text.trim_end()),
        Some(file) => {
            std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
    }
    Ok(super::exit([shrunk.violation].iter()))
}

pub(super) fn diagram(options: &Diagram) -> Result<Exit, Failure> {
    let Schedule { plan, .. } = read(&options.file)?;
    let (watched, story) = run::record(&Store::default(), &plan);
    let shown = diagram::Options {
        operations_max: options.operations,
        has_background: options.background,
        ..diagram::Options::default()
    };
    match &options.out {
        None => say(diagram::text(&story, &shown).trim_end()),
        Some(file) => std::fs::write(file, diagram::svg(&story, &shown))
            .with_context(|| format!("writing {}", file.display()))?,
    }
    Ok(exit(&watched))
}

pub(super) fn explain(options: &Explain) -> Result<Exit, Failure> {
    let Schedule { plan, .. } = read(&options.file)?;
    let store = Store::default();
    let watched = run::watch(&store, &plan, Trace::default());
    say(explain::explain(&store, &plan, &watched).trim_end());
    Ok(exit(&watched))
}

fn exit(watched: &Watched<Store>) -> Exit {
    super::exit(watched.outcomes.violation.iter())
}

fn read(file: &Path) -> Result<Schedule<Store>, Failure> {
    let store = Store::default();
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {shown}"))?;
    let app = schedule::app_of(&text).with_context(|| shown.to_string()).or_exit(Exit::Data)?;
    if app != store.name() {
        let text = format!(
            "{shown} is a schedule for the app {app}, and this program knows {}; replay it where \
             that app is simulated",
            store.name()
        );
        return Err(anyhow::anyhow!(text)).or_exit(Exit::Data);
    }
    schedule::read(&store, &text).with_context(|| shown.to_string()).or_exit(Exit::Data)
}
