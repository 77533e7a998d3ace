//! What the settings of the sources have in common.

#![cfg_attr(
    not(any(feature = "_backend", feature = "dns")),
    allow(dead_code, reason = "gossip has no backend to be tried again")
)]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct BadSetting {
    /// The field, as a path below the source's block.
    pub field: &'static str,
    /// What is wrong with it, and what to do.
    pub problem: String,
}

impl BadSetting {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// How long a source waits before it tries its backend again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// The pause after the first failure, in milliseconds; it doubles with each. 100 by default.
    pub min_ms: u64,
    /// The longest pause, in milliseconds. 5,000 by default.
    pub max_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { min_ms: 100, max_ms: 5_000 }
    }
}

impl Backoff {
    pub(crate) fn check(&self) -> Result<(), BadSetting> {
        above_zero("backoff.min_ms", self.min_ms)?;
        if self.max_ms < self.min_ms {
            let problem = format!("{} is less than backoff.min_ms, {}", self.max_ms, self.min_ms);
            return Err(BadSetting::new("backoff.max_ms", problem));
        }
        Ok(())
    }

    pub(crate) fn pauses(&self) -> (Duration, Duration) {
        (Duration::from_millis(self.min_ms), Duration::from_millis(self.max_ms))
    }
}

pub(crate) fn above_zero(field: &'static str, value: u64) -> Result<(), BadSetting> {
    if value == 0 {
        return Err(BadSetting::new(field, "0 is not above 0; give it in milliseconds"));
    }
    Ok(())
}

/// Checks that a file can be read, so that a mistake shows before the node starts.
#[cfg(feature = "_backend")]
pub(crate) fn readable(
    field: &'static str,
    path: Option<&std::path::Path>,
) -> Result<(), BadSetting> {
    let Some(path) = path else { return Ok(()) };
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let problem = format!(
                "cannot read {}: {error}; give the path of a file that this process may read",
                path.display()
            );
            Err(BadSetting::new(field, problem))
        }
    }
}

/// Checks that a PEM file can be read and has a part of this kind.
#[cfg(any(feature = "etcd", feature = "kubernetes"))]
pub(crate) fn pem(
    field: &'static str,
    path: Option<&std::path::Path>,
    kind: &str,
) -> Result<(), BadSetting> {
    readable(field, path)?;
    let Some(path) = path else { return Ok(()) };
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let is_there = text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains(kind));
    if is_there {
        return Ok(());
    }
    let problem = format!("{} has no {kind} in PEM format; it needs one", path.display());
    Err(BadSetting::new(field, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_cannot_grow_is_refused_by_the_name_of_its_field() {
        let backoff = Backoff { min_ms: 200, max_ms: 100 };
        let error = backoff.check().unwrap_err();
        assert_eq!(error.to_string(), "backoff.max_ms: 100 is less than backoff.min_ms, 200");
        assert_eq!(Backoff { min_ms: 0, max_ms: 1 }.check().unwrap_err().field, "backoff.min_ms");
        assert_eq!(Backoff::default().check(), Ok(()));
    }

    #[test]
    fn a_file_that_is_not_there_is_refused_by_its_path() {
        let path = std::path::Path::new("/no/such/ca.pem");
        let error = readable("ca_file", Some(path)).unwrap_err();
        assert!(error.to_string().starts_with("ca_file: cannot read /no/such/ca.pem: "), "{error}");
    }
}
