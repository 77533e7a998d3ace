//! `peer-ring sim run`: one simulated cluster for each seed.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use clap::Args;
use peer_ring_sim::plan::Plan;
use peer_ring_sim::shrink;
use peer_ring_sim::simulation::{Files, Found};
use peer_ring_sim::store::Store;
use peer_ring_sim::swarm::{self, Finding, Report};

use crate::bench::options::duration;
use crate::exit::{Exit, Failure, complain, say};
use crate::sim::choices::Choices;
use crate::sim::exit;
use crate::sim::progress::Shown;
use crate::sim::summary::Summary;

/// Most failures that are shrunk and written to files.
const SAVED_MAX: usize = 3;

/// Runs one simulated cluster for each seed and checks everything that it promises.
///
/// The first failures are made as small as they can be and written to files: what happened, what
/// that comes down to, and a picture of it.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring sim run --seeds 2000
  peer-ring sim run --seed 4711 --seeds 1
  peer-ring sim run --seeds 100000 --until-failure --time-limit 10m --json
  peer-ring sim run --faults crash,partition --topology nodes=5,n=3,r=2,w=2 --workload hot-key")]
pub struct Swarm {
    /// How many seeds.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = seeds())]
    pub(super) seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(super) seed: u64,
    /// On how many threads; one for each core when not given.
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Begin no more runs after this time.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time_limit: Option<Duration>,
    /// Begin no more runs after the first one that fails.
    #[arg(long)]
    until_failure: bool,
    #[command(flatten)]
    choices: Choices,
    /// Where failures are written to.
    #[arg(long, value_name = "DIR", default_value = "sim-failures")]
    out: PathBuf,
    /// How long a failure may be made smaller.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    shrink_limit: Duration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn seeds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

/// A failure that was written to files.
pub(super) struct Saved {
    pub(super) found: Found,
    pub(super) files: Files,
}

pub(super) fn run(swarm: &Swarm) -> Result<Exit, Failure> {
    let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let options = swarm::Options {
        first_seed: swarm.seed,
        seeds: swarm.seeds,
        jobs: swarm.jobs.unwrap_or(cores),
        faults: swarm.choices.swarm(),
        is_until_failure: swarm.until_failure,
        time_limit: swarm.time_limit,
    };
    if swarm.seeds > 1 {
        // A node's panic is a finding, told with all others; the replay of its seed shows where.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let store = swarm.choices.store();
    let mut shown = Shown::new(swarm.seeds);
    let report = swarm::run(&store, &options, |progress| shown.show(progress));
    shown.finish();
    let saved = save(swarm, &store, &report)?;
    let summary = Summary::new(&report, options.jobs, &saved);
    if swarm.json {
        say(serde_json::to_string_pretty(&summary)?);
    } else {
        say(&summary);
    }
    Ok(exit(report.failures.iter().map(|finding| &finding.violation)))
}

fn save(swarm: &Swarm, store: &Store, report: &Report) -> Result<Vec<Saved>, Failure> {
    let mut saved = Vec::new();
    for Finding { seed, .. } in report.failures.iter().take(SAVED_MAX) {
        if !swarm.json {
            complain(format_args!("seed {seed} failed; making it smaller"));
        }
        let plan = Plan::draw(store, *seed, &swarm.choices.swarm());
        let end = Instant::now() + swarm.shrink_limit;
        let shrunk = shrink::shrink(store, &plan, |_| Instant::now() < end);
        let Some(shrunk) = shrunk else {
            let text =
                format!("seed {seed} failed once, and not again: a run is not deterministic");
            return Err(anyhow::anyhow!(text).into());
        };
        let found = Found::of(store, plan, shrunk);
        let files = found.save(&swarm.out)?;
        saved.push(Saved { found, files });
    }
    Ok(saved)
}
