//! `peer-ring sim`: clusters that never were, each with its own bad luck.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use peer_ring_sim::check::Class;
use peer_ring_sim::plan::Profile;
use peer_ring_sim::swarm::{self, Finding, Progress, Report};
use serde::Serialize;

use crate::exit::{Exit, Failure, say};
use crate::table::{Side, Table, thousands};

/// Most failures that are printed.
const SHOWN_MAX: usize = 10;

/// Most lines of a failure's plan that are printed.
const PLAN_LINES_MAX: usize = 20;

/// Runs whole clusters in a deterministic simulator, under faults.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Run(Swarm),
}

/// Runs one simulated cluster for each seed and checks everything that it promises.
///
/// What happens in a run is a function of its seed and of the code alone: a failure comes with the
/// command that replays it to the last event.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring sim run --seeds 1000
  peer-ring sim run --seed 4711 --seeds 1
  peer-ring sim run --seeds 100000 --until-failure --json

Ends with 0 when all promises were kept, 1 when something wrong was said or kept, 2 when a node
panicked, 3 when a cluster did not recover in time.")]
struct Swarm {
    /// How many seeds.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = seeds())]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// On how many threads; one for each core when not given.
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Which clusters.
    #[arg(long, value_enum, default_value_t = Which::Default)]
    profile: Which,
    /// Begin no more runs after the first one that fails.
    #[arg(long)]
    until_failure: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn seeds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

/// Which clusters a swarm draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// All that keep what they promise.
    Default,
    /// Those that promise to be linearizable.
    Linearizable,
    /// A control that promises more than it can keep, so that runs must fail.
    Weak,
}

impl From<Which> for Profile {
    fn from(which: Which) -> Self {
        match which {
            Which::Default => Self::Default,
            Which::Linearizable => Self::Linearizable,
            Which::Weak => Self::Weak,
        }
    }
}

/// Runs the simulator.
///
/// # Errors
/// Never: what the simulator finds is an outcome.
pub fn sim(options: &Options) -> Result<Exit, Failure> {
    let Command::Run(swarm) = &options.command;
    let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let settings = swarm::Options {
        first_seed: swarm.seed,
        seeds: swarm.seeds,
        jobs: swarm.jobs.unwrap_or(cores),
        profile: swarm.profile.into(),
        is_until_failure: swarm.until_failure,
    };
    if swarm.seeds > 1 {
        // A node's panic is a finding, told with all others; the replay of its seed shows where.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let bar = bar(swarm.seeds);
    let report = swarm::run(&settings, |progress| show(&bar, progress));
    bar.finish_and_clear();
    let summary = Summary::new(swarm, &report);
    if swarm.json {
        say(serde_json::to_string_pretty(&summary)?);
    } else {
        say(&summary);
    }
    Ok(exit(&report.failures))
}

/// The exit code of the gravest finding.
fn exit(findings: &[Finding]) -> Exit {
    let has = |class| findings.iter().any(|finding| finding.violation.class == class);
    let of = |class| match class {
        Class::Correctness => Exit::Failed,
        Class::Crash => Exit::Crash,
        Class::Liveness => Exit::Liveness,
    };
    let gravest = [Class::Correctness, Class::Crash, Class::Liveness].into_iter().find(|c| has(*c));
    gravest.map_or(Exit::Ok, of)
}

fn bar(seeds: u64) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("[{bar:40}] {pos} of {len} runs  {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    ProgressBar::with_draw_target(Some(seeds), target).with_style(style)
}

fn show(bar: &ProgressBar, progress: &Progress) {
    let speed = progress.simulated.as_secs_f64() / progress.elapsed.as_secs_f64().max(1e-9);
    bar.set_message(format!("{} failed, {speed:.0} simulated s/s", progress.failures));
    bar.set_position(progress.done);
}

/// What a swarm is reported as.
#[derive(Clone, Debug, Serialize)]
struct Summary {
    runs: u64,
    jobs: usize,
    seconds: f64,
    simulated_seconds: f64,
    simulated_seconds_per_second: f64,
    events: u64,
    operations: Operations,
    faults: BTreeMap<&'static str, u64>,
    faults_over_budget: u64,
    /// The hash of the trace, of a single run.
    hash: Option<String>,
    failures: Vec<Failed>,
}

/// How many operations had which outcome.
#[derive(Clone, Copy, Debug, Serialize)]
struct Operations {
    done: u64,
    failed: u64,
    unknown: u64,
}

/// A run that broke a promise.
#[derive(Clone, Debug, Serialize)]
struct Failed {
    seed: u64,
    class: &'static str,
    checker: &'static str,
    text: String,
    plan: String,
    replay: String,
}

impl Summary {
    fn new(swarm: &Swarm, report: &Report) -> Self {
        let totals = &report.totals;
        let peer_ring_sim::run::Operations { done, failed, unknown } = totals.operations;
        let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            runs: totals.runs,
            jobs: swarm.jobs.unwrap_or(cores).get(),
            seconds: report.elapsed.as_secs_f64(),
            simulated_seconds: totals.simulated.as_secs_f64(),
            simulated_seconds_per_second: report.speed(),
            events: totals.events,
            operations: Operations { done, failed, unknown },
            faults: totals.faults.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
            faults_over_budget: totals.over_budget,
            hash: match &report.hashes[..] {
                [(_, hash)] => Some(format!("{hash:016x}")),
                _ => None,
            },
            failures: report.failures.iter().map(|finding| Failed::new(swarm, finding)).collect(),
        }
    }
}

impl Failed {
    fn new(swarm: &Swarm, finding: &Finding) -> Self {
        let profile = match swarm.profile {
            Which::Default => "",
            Which::Linearizable => " --profile linearizable",
            Which::Weak => " --profile weak",
        };
        Self {
            seed: finding.seed,
            class: finding.violation.class.as_str(),
            checker: finding.violation.checker,
            text: finding.violation.text.clone(),
            plan: finding.plan.clone(),
            replay: finding.replay_command() + profile,
        }
    }
}

impl fmt::Display for Summary {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failed in self.failures.iter().take(SHOWN_MAX) {
            writeln!(f, "{failed}\n")?;
        }
        if self.failures.len() > SHOWN_MAX {
            writeln!(f, "and {} more failures\n", self.failures.len() - SHOWN_MAX)?;
        }
        let mut faults = Table::new([("FAULTS", Side::Left), ("BEGAN", Side::Right)]);
        for (kind, count) in &self.faults {
            faults.row([(*kind).to_owned(), thousands(*count)]);
        }
        let Operations { done, failed, unknown } = self.operations;
        writeln!(f, "{faults}")?;
        writeln!(
            f,
            "{} operations done, {} failed, {} unknown; {} events",
            thousands(done),
            thousands(failed),
            thousands(unknown),
            thousands(self.events)
        )?;
        let speed = thousands(self.simulated_seconds_per_second.round() as u64);
        let (runs, jobs) = (thousands(self.runs), self.jobs);
        writeln!(f, "{runs} runs in {:.1} s by {jobs} jobs, {speed} simulated s/s", self.seconds)?;
        if let Some(hash) = &self.hash {
            writeln!(f, "trace {hash}")?;
        }
        match self.failures.len() {
            0 => write!(f, "all promises were kept"),
            count => write!(f, "{} runs broke a promise", thousands(count as u64)),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, class, checker, text, plan, replay } = self;
        writeln!(f, "seed {seed}: {class}: {checker}: {text}")?;
        for line in plan.lines().take(PLAN_LINES_MAX) {
            writeln!(f, "  {line}")?;
        }
        write!(f, "  replay: {replay}")
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_sim::check::Violation;

    use super::*;

    fn finding(class: Class) -> Finding {
        let violation = Violation { class, checker: "lost write", text: "k1 is gone".to_owned() };
        Finding { seed: 7, violation, plan: "3 nodes".to_owned() }
    }

    #[test]
    fn the_gravest_finding_has_the_exit_code() {
        assert_eq!(exit(&[]), Exit::Ok);
        assert_eq!(exit(&[finding(Class::Liveness)]), Exit::Liveness);
        assert_eq!(exit(&[finding(Class::Liveness), finding(Class::Crash)]), Exit::Crash);
        assert_eq!(exit(&[finding(Class::Crash), finding(Class::Correctness)]), Exit::Failed);
    }

    #[test]
    fn a_failure_comes_with_the_command_that_replays_it() {
        let swarm = Swarm {
            seeds: 9,
            seed: 0,
            jobs: None,
            profile: Which::Weak,
            until_failure: false,
            json: false,
        };
        let failed = Failed::new(&swarm, &finding(Class::Correctness));
        let expected = "\
seed 7: correctness: lost write: k1 is gone
  3 nodes
  replay: peer-ring sim run --seed 7 --seeds 1 --profile weak";
        assert_eq!(failed.to_string(), expected);
    }
}
