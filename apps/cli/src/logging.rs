//! What the process says on its standard error while it runs.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::log::{Format, Log};

/// The variable that goes before the configuration's level: a filter, such as
/// `warn,peer_ring=debug`.
pub const VARIABLE: &str = "PEER_RING_LOG";

/// What clients of discovery's servers say of each attempt that fails; the source tells the same,
/// once when it begins, now and then, and once when it is over. A filter that names them hears them.
const REPEATED: &str = "kube_client=off,zookeeper_client=off";

/// Starts logging, for the whole process and once.
///
/// # Errors
/// When the filter is none, or logging has been started before.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let (from, filter) = match std::env::var(VARIABLE) {
        Ok(filter) if !filter.is_empty() => (VARIABLE, filter),
        _ => ("log.level", log.level.clone()),
    };
    let filter = EnvFilter::try_new(format!("{REPEATED},{filter}"))
        .with_context(|| format!("{from}: {filter:?}"))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_heard_by_who_names_it() {
        let filter =
            |level: &str| EnvFilter::try_new(format!("{REPEATED},{level}")).unwrap().to_string();
        let of_all = filter("debug");
        assert!(of_all.contains("kube_client=off") && of_all.contains("debug"), "{of_all}");
        let named = filter("info,kube_client=debug");
        assert!(named.contains("kube_client=debug"), "{named}");
        assert!(!named.contains("kube_client=off"), "{named}");
    }
}
