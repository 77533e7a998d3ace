//! `peer-ring sim`: being wired up.

use crate::exit::{Exit, Failure};

/// Runs the simulator.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {}

/// Runs the simulator.
pub fn sim(_: &Options) -> Result<Exit, Failure> {
    Err(anyhow::anyhow!("being wired up").into())
}
