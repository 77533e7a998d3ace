//! What the process says on its standard error while it runs.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::log::{Format, Log};

/// The variable that goes before the configuration's level: a filter, such as
/// `warn,peer_ring=debug`.
pub const VARIABLE: &str = "PEER_RING_LOG";

/// Starts logging, for the whole process and once.
///
/// # Errors
/// When the filter is none, or logging has been started before.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let (from, filter) = match std::env::var(VARIABLE) {
        Ok(filter) if !filter.is_empty() => (VARIABLE, filter),
        _ => ("log.level", log.level.clone()),
    };
    let filter = EnvFilter::try_new(&filter).with_context(|| format!("{from}: {filter:?}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging has been started: {error}"))
}
