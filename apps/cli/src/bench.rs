//! `peer-ring bench`: puts load on a cluster through the Redis protocol, and says how it fared.

mod clockwork;
mod connection;
pub mod options;
mod pace;
mod report;
mod resp;
mod run;
mod tally;
#[cfg(test)]
mod tests;
mod workload;

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::bail;
use tokio::net::TcpStream;

use crate::exit::{Exit, Failure, OrExit, say};
use crate::http;
use options::{Kind, Options};
use report::Report;
use run::{End, Load, Run};
use workload::Values;

/// Operations that each client has under way, at least, while keys are written beforehand.
const FILL_PIPELINE_MIN: u64 = 16;

/// Runs the load generator.
///
/// # Errors
/// When nobody answers at an address, or the keys cannot be written beforehand.
pub fn bench(options: &Options) -> Result<Exit, Failure> {
    for address in &options.address {
        knock(address, options.timeout).or_exit(Exit::Unavailable)?;
    }
    let size = usize::try_from(options.size)?;
    let cores = available_parallelism().map_or(1, NonZero::get) as u64;
    let run = Run {
        title: options.workload.as_str(),
        addresses: options.address.clone(),
        clients: options.clients,
        threads: options.threads.unwrap_or((cores / 2).max(1)),
        pipeline: options.pipeline,
        keys: options.keys,
        values: Arc::new(Values::new(size)),
        load: Load::Random {
            reads: options.reads(),
            rate: options.rate,
            end: match options.measured() {
                Some(time) => End::Time(time),
                None => End::Operations(options.requests.unwrap_or(1)),
            },
        },
        warm_up: options.warm_up,
        reply_timeout: options.timeout,
        seed: options.seed,
    };
    if options.workload != Kind::Put && !options.no_fill {
        fill(&run)?;
    }
    let (tally, seconds) = run.go()?;
    let report = Report::new(options, &tally, seconds);
    let exit = if report.errors == 0 { Exit::Ok } else { Exit::Failed };
    if options.json {
        say(serde_json::to_string_pretty(&report)?);
    } else {
        say(report);
    }
    Ok(exit)
}

/// Writes every key once, so that there is something to read.
fn fill(run: &Run) -> anyhow::Result<()> {
    let pipeline = run.pipeline.max(FILL_PIPELINE_MIN);
    let fill =
        Run { title: "fill", load: Load::Fill, warm_up: Duration::ZERO, pipeline, ..run.clone() };
    let (tally, _) = fill.go()?;
    match tally.errors.iter().next() {
        None => Ok(()),
        Some((kind, errors)) => bail!(
            "{} of {} keys could not be written beforehand; {kind}: {}",
            tally.failed(),
            run.keys,
            errors.example
        ),
    }
}

/// Looks whether anybody listens.
fn knock(address: &str, timeout: Duration) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match tokio::time::timeout(timeout, TcpStream::connect(address)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(http::unreachable(address, &error)),
            Err(_) => bail!("cannot connect to {address}: no answer in {timeout:?}"),
        }
    })
}
