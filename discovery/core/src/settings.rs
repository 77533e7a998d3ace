//! What the settings of the sources have in common.

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
    /// This field has this problem.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
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
    /// Checks that there are pauses, and that they grow.
    ///
    /// # Errors
    /// [`BadSetting`] names the field and what to do.
    pub fn check(&self) -> Result<(), BadSetting> {
        above_zero("backoff.min_ms", self.min_ms)?;
        if self.max_ms < self.min_ms {
            let problem = format!("{} is less than backoff.min_ms, {}", self.max_ms, self.min_ms);
            return Err(BadSetting::new("backoff.max_ms", problem));
        }
        Ok(())
    }

    /// The shortest and the longest pause.
    #[must_use]
    pub fn pauses(&self) -> (Duration, Duration) {
        (Duration::from_millis(self.min_ms), Duration::from_millis(self.max_ms))
    }
}

/// Checks that a span of time, in milliseconds, is one.
///
/// # Errors
/// [`BadSetting`] names the field.
pub fn above_zero(field: &'static str, value: u64) -> Result<(), BadSetting> {
    if value == 0 {
        return Err(BadSetting::new(field, "0 is not above 0; give it in milliseconds"));
    }
    Ok(())
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
}
