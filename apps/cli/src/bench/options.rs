//! What the load generator is told on the command line.

use std::time::Duration;

use clap::{Args, ValueEnum};

/// The largest value that the store takes by default.
const SIZE_MAX: u64 = 16 * 1024 * 1024;

/// Puts load on a cluster and says how it fared.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring bench put --address 127.0.0.1:7401 --duration 10s
  peer-ring bench mixed --ratio 0.9 --pipeline 16 --address 127.0.0.1:7401,127.0.0.1:7402
  peer-ring bench get --rate 20000 --duration 30s --json

Every reply is checked: a value is a function of its key. Before `get` and `mixed`, all keys are
written once. With --rate, operations are due at fixed instants and latencies count from there, so
that a stall is seen by every operation that fell into it.

Ends with 1 when any operation failed.")]
pub struct Options {
    /// What to do.
    pub workload: Kind,
    /// A node's address for the Redis protocol; several, separated by commas, share the clients.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7401", value_delimiter = ',')]
    pub address: Vec<String>,
    /// How many clients, one connection each.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = positive(10_000))]
    pub clients: u64,
    /// How many operations each client has under way.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive(10_000))]
    pub pipeline: u64,
    /// The size of values, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 100, value_parser = up_to(SIZE_MAX))]
    pub size: u64,
    /// How many keys.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = positive(1_000_000_000))]
    pub keys: u64,
    /// How long to measure: `10s`, `500ms`, `2m`.
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "requests")]
    pub duration: Option<Duration>,
    /// How many operations to measure, instead of for how long.
    #[arg(long, value_name = "N", value_parser = positive(u64::MAX))]
    pub requests: Option<u64>,
    /// The share of reads in `mixed`, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub ratio: f64,
    /// Operations a second, at fixed instants; as many as the cluster takes when not given.
    #[arg(long, value_name = "N", value_parser = positive(10_000_000))]
    pub rate: Option<u64>,
    /// How long to run before measuring.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub warm_up: Duration,
    /// How long a reply may take before its connection is given up.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,
    /// Threads of the generator; half of the cores when not given.
    #[arg(long, value_name = "N", value_parser = positive(256))]
    pub threads: Option<u64>,
    /// Do not write the keys before `get` and `mixed`: an earlier run with the same size did.
    #[arg(long)]
    pub no_fill: bool,
    /// The seed of the choice of keys.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Write.
    Put,
    /// Read.
    Get,
    /// Both, by --ratio.
    Mixed,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Mixed => "mixed",
        }
    }
}

impl Options {
    /// The share of reads.
    #[must_use]
    pub fn reads(&self) -> f64 {
        match self.workload {
            Kind::Put => 0.0,
            Kind::Get => 1.0,
            Kind::Mixed => self.ratio,
        }
    }

    /// How long to measure, if it is time that ends the run.
    #[must_use]
    pub fn measured(&self) -> Option<Duration> {
        match (self.duration, self.requests) {
            (None, Some(_)) => None,
            (duration, _) => Some(duration.unwrap_or(Duration::from_secs(10))),
        }
    }
}

fn positive(max: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=max)
}

fn up_to(max: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(0..=max)
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

/// A duration: a number and `ms`, `s`, `m` or `h`.
///
/// # Errors
/// Says how it is written.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds_each = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err("it needs a unit: 500ms, 10s, 2m, 1h".to_owned()),
    };
    let number: f64 = digits.parse().map_err(|_| "it must be like 10s or 500ms".to_owned())?;
    let span = Duration::try_from_secs_f64(number * seconds_each);
    span.ok()
        .filter(|span| *span <= Duration::from_secs(7 * 24 * 3_600))
        .ok_or_else(|| "it must be from 0 to seven days".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["10", "", "s", "-1s", "1d", "infs", "1e30s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_from_0_to_1() {
        assert_eq!(share("0.25"), Ok(0.25));
        for wrong in ["1.1", "-0.1", "NaN", "half"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
