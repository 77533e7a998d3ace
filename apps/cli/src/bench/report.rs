//! What a run is reported as: text for people, JSON for programs.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::options::Options;
use super::tally::Tally;
use crate::table::{Side, Table, thousands};

/// What a run is reported as.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `put`, `get` or `mixed`.
    pub workload: &'static str,
    /// The servers.
    pub addresses: Vec<String>,
    /// How many clients.
    pub clients: u64,
    /// Operations that each had under way.
    pub pipeline: u64,
    /// The size of values, in bytes.
    pub value_bytes: u64,
    /// How many keys.
    pub keys: u64,
    /// Operations a second that were due, in an open loop.
    pub rate: Option<u64>,
    /// How long was measured.
    pub seconds: f64,
    /// Operations that succeeded.
    pub operations: u64,
    /// Those a second.
    pub operations_per_second: f64,
    /// Operations that did not succeed.
    pub errors: u64,
    /// Those by kind.
    pub errors_by_kind: BTreeMap<String, KindOfError>,
    /// Latencies of reads and writes together.
    pub latency: Latency,
    /// Latencies of reads, if there were any beside writes.
    pub gets: Option<Latency>,
    /// Latencies of writes, if there were any beside reads.
    pub puts: Option<Latency>,
}

/// Errors of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct KindOfError {
    /// How many.
    pub count: u64,
    /// What the first one said.
    pub example: String,
}

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// How many operations.
    pub operations: u64,
    /// The average.
    pub mean_us: f64,
    /// Half of all are at most this.
    pub p50_us: f64,
    /// 90 of a hundred.
    pub p90_us: f64,
    /// 99 of a hundred.
    pub p99_us: f64,
    /// 999 of a thousand.
    pub p99_9_us: f64,
    /// The slowest.
    pub max_us: f64,
}

impl Latency {
    /// The latencies of a histogram in nanoseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is for people")]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        Self {
            operations: histogram.len(),
            mean_us: histogram.mean() / 1_000.0,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: micros(histogram.max()),
        }
    }
}

impl Report {
    /// The report of a run.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is for people")]
    pub fn new(options: &Options, tally: &Tally, seconds: f64) -> Self {
        let all = tally.all();
        let has_both = !tally.gets.is_empty() && !tally.puts.is_empty();
        let of_kind = |(kind, errors): (&String, &super::tally::Errors)| {
            let (count, example) = (errors.count, errors.example.clone());
            (kind.clone(), KindOfError { count, example })
        };
        Self {
            workload: options.workload.as_str(),
            addresses: options.address.clone(),
            clients: options.clients,
            pipeline: options.pipeline,
            value_bytes: options.size,
            keys: options.keys,
            rate: options.rate,
            seconds,
            operations: all.len(),
            operations_per_second: if seconds > 0.0 { all.len() as f64 / seconds } else { 0.0 },
            errors: tally.failed(),
            errors_by_kind: tally.errors.iter().map(of_kind).collect(),
            latency: Latency::of(&all),
            gets: has_both.then(|| Latency::of(&tally.gets)),
            puts: has_both.then(|| Latency::of(&tally.puts)),
        }
    }
}

impl fmt::Display for Report {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workload, clients, pipeline, value_bytes, keys, .. } = self;
        let pace = match self.rate {
            Some(rate) => format!("{} a second due", thousands(rate)),
            None => "as fast as it goes".to_owned(),
        };
        writeln!(
            f,
            "{workload}: {clients} clients x {pipeline} under way, {value_bytes} bytes, {} keys, \
             {pace}",
            thousands(*keys)
        )?;
        let per_second = thousands(self.operations_per_second.round() as u64);
        let operations = thousands(self.operations);
        writeln!(f, "{per_second} operations/s ({operations} in {:.2} s)", self.seconds)?;
        writeln!(f)?;
        let mut table = Table::new(
            ["", "OPERATIONS", "MEAN", "P50", "P90", "P99", "P99.9", "MAX"]
                .map(|name| (name, if name.is_empty() { Side::Left } else { Side::Right })),
        );
        let rows = [("all", Some(self.latency)), ("get", self.gets), ("put", self.puts)];
        for (name, latency) in rows {
            let Some(l) = latency else { continue };
            let [mean, p50, p90, p99, p99_9, max] =
                [l.mean_us, l.p50_us, l.p90_us, l.p99_us, l.p99_9_us, l.max_us].map(micros);
            let operations = thousands(l.operations);
            table.row([name.to_owned(), operations, mean, p50, p90, p99, p99_9, max]);
        }
        write!(f, "{table}\n{} errors", thousands(self.errors))?;
        for (kind, KindOfError { count, example }) in &self.errors_by_kind {
            write!(f, "\n  {} x {kind}: {example}", thousands(*count))?;
        }
        Ok(())
    }
}

/// Microseconds in a unit that suits them.
fn micros(micros: f64) -> String {
    match micros {
        m if m < 1_000.0 => format!("{m:.0} us"),
        m if m < 100_000.0 => format!("{:.2} ms", m / 1_000.0),
        m => format!("{:.2} s", m / 1_000_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_suit_the_figure() {
        assert_eq!(micros(12.4), "12 us");
        assert_eq!(micros(1_234.0), "1.23 ms");
        assert_eq!(micros(2_500_000.0), "2.50 s");
    }

    #[test]
    fn a_latency_is_in_microseconds() {
        let mut histogram = Histogram::new_with_bounds(1_000, 1_000_000_000, 3).unwrap();
        for micros in 1..=1_000_u64 {
            histogram.record(micros * 1_000).unwrap();
        }
        let latency = Latency::of(&histogram);
        assert_eq!(latency.operations, 1_000);
        for (found, micros) in
            [(latency.p50_us, 500.0), (latency.p99_us, 990.0), (latency.max_us, 1_000.0)]
        {
            assert!((found - micros).abs() <= 1.5, "{found}, not {micros}");
        }
    }
}
