//! What came of the operations: latencies, bytes and errors by kind.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::workload::Verb;

/// Latencies are kept from a microsecond to an hour, to three digits.
const LATENCY_NS_MIN: u64 = 1_000;
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;

/// Most kinds of error that are told apart.
const KINDS_MAX: usize = 32;

/// What came of some operations.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Latencies of the reads that succeeded, in nanoseconds.
    pub gets: Histogram<u64>,
    /// Latencies of the writes that succeeded, in nanoseconds.
    pub puts: Histogram<u64>,
    /// What did not succeed, by kind.
    pub errors: BTreeMap<String, Errors>,
    /// When the last reply came, in nanoseconds since the origin of the run.
    pub last_reply_at: u64,
}

/// Errors of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors {
    /// How many.
    pub count: u64,
    /// What the first one said.
    pub example: String,
}

impl Default for Tally {
    fn default() -> Self {
        Self { gets: latencies(), puts: latencies(), errors: BTreeMap::new(), last_reply_at: 0 }
    }
}

impl Tally {
    /// Counts a success.
    #[inline]
    pub fn succeed(&mut self, verb: Verb, latency_ns: u64) {
        match verb {
            Verb::Get => self.gets.saturating_record(latency_ns),
            Verb::Put => self.puts.saturating_record(latency_ns),
        }
    }

    /// Counts errors of one kind.
    pub fn fail(&mut self, kind: &str, example: &str, count: u64) {
        let is_new = !self.errors.contains_key(kind);
        let kind = if is_new && self.errors.len() >= KINDS_MAX { "other" } else { kind };
        let errors = || Errors { count: 0, example: example.to_owned() };
        self.errors.entry(kind.to_owned()).or_insert_with(errors).count += count;
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        let same_bounds = "all histograms have the same bounds";
        self.gets.add(&other.gets).expect(same_bounds);
        self.puts.add(&other.puts).expect(same_bounds);
        for (kind, errors) in &other.errors {
            self.fail(kind, &errors.example, errors.count);
        }
        self.last_reply_at = self.last_reply_at.max(other.last_reply_at);
    }

    /// Reads and writes together.
    #[must_use]
    pub fn all(&self) -> Histogram<u64> {
        let mut all = self.gets.clone();
        all.add(&self.puts).expect("all histograms have the same bounds");
        all
    }

    /// How many operations did not succeed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.errors.values().map(|errors| errors.count).sum()
    }
}

fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(LATENCY_NS_MIN, LATENCY_NS_MAX, DIGITS).expect("bounds are sound")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let mut tally = Tally::default();
        for micros in 1..=10_000 {
            tally.succeed(Verb::Get, micros * 1_000);
        }
        for (quantile, micros) in [(0.5, 5_000.0), (0.9, 9_000.0), (0.99, 9_900.0), (1.0, 1e4)] {
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            let found = tally.gets.value_at_quantile(quantile) as f64 / 1_000.0;
            assert!((found / micros - 1.0).abs() < 0.001, "{quantile}: {found}, not {micros}");
        }
    }

    #[test]
    fn tallies_of_several_threads_add_up() {
        let mut one = Tally { last_reply_at: 5, ..Tally::default() };
        one.succeed(Verb::Put, 1_000_000);
        one.fail("ERR", "ERR one", 2);
        let mut other = Tally { last_reply_at: 3, ..Tally::default() };
        other.succeed(Verb::Get, 9_000_000);
        other.fail("ERR", "ERR other", 3);
        one.add(&other);
        assert_eq!(one.all().len(), 2);
        assert_eq!(one.errors["ERR"], Errors { count: 5, example: "ERR one".to_owned() });
        assert_eq!((one.failed(), one.last_reply_at), (5, 5));
    }

    #[test]
    fn a_server_that_makes_up_errors_does_not_fill_the_memory() {
        let mut tally = Tally::default();
        for number in 0..1_000 {
            tally.fail(&format!("E{number}"), "", 1);
        }
        assert_eq!(tally.errors.len(), KINDS_MAX + 1);
        assert_eq!(tally.failed(), 1_000);
    }

    #[test]
    fn a_latency_beyond_an_hour_is_an_hour() {
        let mut tally = Tally::default();
        tally.succeed(Verb::Get, u64::MAX);
        assert_eq!(tally.gets.len(), 1);
    }
}
