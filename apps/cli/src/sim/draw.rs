//! `peer-ring sim draw`: what a seed draws, as a schedule to be read and edited.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use peer_ring_sim::plan::Plan;
use peer_ring_sim::schedule::{self, Schedule};

use crate::exit::{Exit, Failure, say};
use crate::sim::choices::Choices;

/// Writes down what a seed draws: a schedule to start from.
#[derive(Clone, Debug, Args)]
pub struct Draw {
    /// The seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    choices: Choices,
    /// Where to write it; to the standard output when not given.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn draw(options: &Draw) -> Result<Exit, Failure> {
    let store = options.choices.store();
    let plan = Plan::draw(&store, options.seed, &options.choices.swarm());
    let text = schedule::write(&store, &Schedule { plan, found: None });
    match &options.out {
        None => say(text.trim_end()),
        Some(file) => {
            std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
    }
    Ok(Exit::Ok)
}
