//! `peer-ring sim`: the simulator.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use peer_ring_sim::check::Class;
use peer_ring_sim::swarm::{self, Progress, Report};
use serde_json::json;

use crate::exit::{Exit, Failure, say};
use crate::table::{Side, Table};

/// Runs simulated clusters under faults, and checks what they promise.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Run(Run),
}

/// Runs clusters of the key-value store, each with sizes, clients and faults drawn from its seed.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring sim run --seeds 2000
  peer-ring sim run --seed 4711 --seeds 1
  peer-ring sim run --seeds 100000 --until-failure --json

Exits with 1 if a node did something wrong, 2 if one crashed, 3 if a cluster did not recover.")]
struct Run {
    /// How many seeds.
    #[arg(long, value_name = "N", default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// On how many threads; as many as there are cores when not given.
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Begins no more runs after the first one that failed.
    #[arg(long)]
    until_failure: bool,
    /// Prints each run's hash too: equal for equal seeds in every build.
    #[arg(long)]
    print_hashes: bool,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the simulator.
///
/// # Errors
/// None: what it finds is in how the process ends.
pub fn sim(options: &Options) -> Result<Exit, Failure> {
    let Command::Run(run) = &options.command;
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let options = swarm::Options {
        first_seed: run.seed,
        seeds: run.seeds,
        jobs: run.jobs.unwrap_or(all),
        is_until_failure: run.until_failure,
        ..swarm::Options::default()
    };
    let bar = progress_bar(run);
    let report = swarm::run(&options, |progress| show(&bar, progress));
    bar.finish_and_clear();
    if run.json {
        say(as_json(&report, run.print_hashes));
    } else {
        say_report(&report, run.print_hashes);
    }
    Ok(exit_of(&report))
}

/// The worst of what was found: a wrong answer, then a crash, then no recovery.
fn exit_of(report: &Report) -> Exit {
    let worst = report.failures.iter().map(|finding| match finding.violation.class {
        Class::Correctness => (0, Exit::Failed),
        Class::Crash => (1, Exit::Crash),
        Class::Liveness => (2, Exit::Liveness),
    });
    worst.min_by_key(|(rank, _)| *rank).map_or(Exit::Ok, |(_, exit)| exit)
}

fn progress_bar(run: &Run) -> ProgressBar {
    if run.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds  {msg}  {eta} left");
    let style = style.expect("the template is a good one");
    // Hidden by itself when the standard error is no terminal.
    ProgressBar::new(run.seeds).with_style(style)
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_position(progress.done);
    if bar.is_hidden() {
        return;
    }
    let speed = progress.simulated.as_secs_f64() / progress.elapsed.as_secs_f64().max(1e-9);
    let simulated = progress.simulated.as_secs();
    let failures = progress.failures;
    bar.set_message(format!("{simulated} s simulated, {speed:.0}x, {failures} failed"));
}

fn say_report(report: &Report, wants_hashes: bool) {
    let totals = &report.totals;
    if wants_hashes {
        for (seed, hash) in &report.hashes {
            say(format_args!("{seed} {hash:016x}"));
        }
    }
    for finding in &report.failures {
        let violation = &finding.violation;
        let class = violation.class.as_str();
        say(format_args!("seed {}: {class}: {}", finding.seed, violation.checker));
        say(format_args!("{}\n", violation.text));
        say(format_args!("{}", finding.plan));
        say(format_args!("replay it with: {}\n", finding.replay_command()));
    }
    let seconds = |span: Duration| format!("{:.1} s", span.as_secs_f64());
    let mut table = Table::new([("SWARM", Side::Left), ("", Side::Right)]);
    let per_second = totals.events as f64 / report.elapsed.as_secs_f64().max(1e-9);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("runs", totals.runs.to_string());
    row("failed", report.failures.len().to_string());
    row("simulated", seconds(totals.simulated));
    row("took", seconds(report.elapsed));
    row("simulated s per s", format!("{:.0}", report.speed()));
    row("events", totals.events.to_string());
    row("events per s", format!("{per_second:.0}"));
    row("operations done", totals.operations.done.to_string());
    row("operations failed", totals.operations.failed.to_string());
    row("operations unknown", totals.operations.unknown.to_string());
    for (kind, count) in &totals.faults {
        row(&format!("fault {}", kind.as_str()), count.to_string());
    }
    row("faults over budget", totals.over_budget.to_string());
    say(table);
}

fn as_json(report: &Report, wants_hashes: bool) -> serde_json::Value {
    let totals = &report.totals;
    let failure = |finding: &swarm::Finding| {
        json!({
            "seed": finding.seed,
            "class": finding.violation.class.as_str(),
            "checker": finding.violation.checker,
            "text": finding.violation.text,
            "plan": finding.plan,
            "replay": finding.replay_command(),
        })
    };
    let faults = totals.faults.iter().map(|(kind, count)| (kind.as_str().to_owned(), json!(count)));
    let mut value = json!({
        "runs": totals.runs,
        "events": totals.events,
        "simulated_s": totals.simulated.as_secs_f64(),
        "elapsed_s": report.elapsed.as_secs_f64(),
        "operations": {
            "done": totals.operations.done,
            "failed": totals.operations.failed,
            "unknown": totals.operations.unknown,
        },
        "faults": faults.collect::<serde_json::Map<_, _>>(),
        "faults_over_budget": totals.over_budget,
        "failures": report.failures.iter().map(failure).collect::<Vec<_>>(),
    });
    if wants_hashes {
        let line = |(seed, hash): &(u64, u64)| json!({"seed": seed, "hash": format!("{hash:016x}")});
        value["hashes"] = report.hashes.iter().map(line).collect();
    }
    value
}
