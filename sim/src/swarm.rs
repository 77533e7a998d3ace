//! The swarm: many runs, each with its own bad luck, on as many threads as are given.
//!
//! A run is a function of its seed; which thread carries it out, and when, changes nothing, so a
//! report is the same for any number of jobs but for the time it took. One that stops at a failure
//! stops at that with the first seed: seeds are handed out in order, and what ran beyond it is left
//! out. This is the only file of the simulator that starts threads and reads a real clock: it runs
//! runs, and none of what is in them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use peer_ring_core::rare::Mark;

use crate::check::Violation;
use crate::faults::Kind;
use crate::plan::{Plan, Swarm};
use crate::run::{self, Operations, Outcomes};
use crate::subject::Subject;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// On how many threads.
    pub jobs: NonZeroUsize,
    /// Which faults are drawn.
    pub faults: Swarm,
    /// Whether to leave out the runs after the first one, in the order of seeds, that failed.
    pub is_until_failure: bool,
    /// After how long no more runs are begun. The report then depends on how fast they are.
    pub time_limit: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            first_seed: 0,
            seeds: 100,
            jobs: NonZeroUsize::MIN,
            faults: Swarm::default(),
            is_until_failure: false,
            time_limit: None,
        }
    }
}

/// How far a swarm is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Runs carried out.
    pub done: u64,
    /// Runs asked for.
    pub seeds: u64,
    /// Runs that broke a promise.
    pub failures: u64,
    /// Time simulated so far.
    pub simulated: Duration,
    /// Time that took.
    pub elapsed: Duration,
}

/// What came of a swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What came of all runs together.
    pub totals: Totals,
    /// Each run that broke a promise, in the order of seeds.
    pub failures: Vec<Finding>,
    /// The hash of each run's trace, in the order of seeds.
    pub hashes: Vec<(u64, u64)>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Sums over runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs carried out.
    pub runs: u64,
    /// Events that happened.
    pub events: u64,
    /// Time simulated.
    pub simulated: Duration,
    /// Operations by outcome.
    pub operations: Operations,
    /// Faults that began, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// Faults that the budget forbade.
    pub over_budget: u64,
    /// How often each rare branch was taken.
    pub marks: BTreeMap<Mark, u64>,
}

/// A run that broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its seed.
    pub seed: u64,
    /// Which promise.
    pub violation: Violation,
}

/// Carries out the runs of many seeds, and tells of its progress after each.
///
/// # Panics
/// When a thread cannot be started.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it times whole runs")]
pub fn run<S: Subject>(
    subject: &S,
    options: &Options,
    mut progress: impl FnMut(&Progress),
) -> Report {
    let started = std::time::Instant::now();
    let next = AtomicU64::new(0);
    // Runs from this one on are of no interest any more.
    let end = AtomicU64::new(options.seeds);
    let (sender, outcomes) = mpsc::channel();
    let mut runs = BTreeMap::new();
    thread::scope(|scope| {
        for _ in 0..options.jobs.get() {
            let (sender, next, end) = (sender.clone(), &next, &end);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let is_late = options.time_limit.is_some_and(|l| started.elapsed() >= l);
                    if at >= end.load(Ordering::Relaxed) || is_late {
                        return;
                    }
                    let seed = options.first_seed.wrapping_add(at);
                    let plan = Plan::draw(subject, seed, &options.faults);
                    // The other end lives as long as this scope.
                    let _ = sender.send((at, run::run(subject, &plan)));
                }
            });
        }
        drop(sender);
        let (mut failures, mut simulated) = (0, Duration::ZERO);
        for (at, outcome) in outcomes {
            failures += u64::from(outcome.violation.is_some());
            simulated += outcome.simulated;
            if outcome.violation.is_some() && options.is_until_failure {
                end.fetch_min(at + 1, Ordering::Relaxed);
            }
            runs.insert(at, outcome);
            let done = runs.len() as u64;
            let elapsed = started.elapsed();
            progress(&Progress { done, seeds: options.seeds, failures, simulated, elapsed });
        }
    });
    let mut report = Report { elapsed: started.elapsed(), ..Report::default() };
    runs.retain(|at, _| *at < end.load(Ordering::Relaxed));
    for (at, outcome) in runs {
        report.add(options.first_seed.wrapping_add(at), outcome);
    }
    report
}

impl Report {
    fn add(&mut self, seed: u64, outcome: Outcomes) {
        let totals = &mut self.totals;
        totals.runs += 1;
        totals.events += outcome.events;
        totals.simulated += outcome.simulated;
        totals.operations.done += outcome.operations.done;
        totals.operations.failed += outcome.operations.failed;
        totals.operations.unknown += outcome.operations.unknown;
        totals.over_budget += outcome.over_budget;
        for (kind, count) in outcome.faults {
            *totals.faults.entry(kind).or_default() += count;
        }
        for (mark, count) in outcome.marks {
            *totals.marks.entry(mark).or_default() += count;
        }
        self.hashes.push((seed, outcome.hash));
        if let Some(violation) = outcome.violation {
            self.failures.push(Finding { seed, violation });
        }
    }

    /// Simulated seconds per second of real time.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.totals.simulated.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Profile, Store};

    fn report(jobs: usize) -> Report {
        let jobs = NonZeroUsize::new(jobs).unwrap();
        let options = Options { seeds: 12, jobs, ..Options::default() };
        Report { elapsed: Duration::ZERO, ..run(&Store::default(), &options, |_| {}) }
    }

    #[test]
    fn two_jobs_report_what_one_does() {
        let one = report(1);
        assert_eq!(one, report(2));
        assert_eq!(one.failures, []);
        assert_eq!(one.totals.runs, 12);
    }

    #[test]
    fn a_swarm_stops_at_the_same_failure_with_any_number_of_jobs() {
        let weak = Store { profile: Profile::Weak, ..Store::default() };
        let failed = |jobs| {
            let jobs = NonZeroUsize::new(jobs).unwrap();
            let options =
                Options { seeds: 1_000, jobs, is_until_failure: true, ..Options::default() };
            Report { elapsed: Duration::ZERO, ..run(&weak, &options, |_| {}) }
        };
        let one = failed(1);
        assert_eq!(one.failures.len(), 1);
        assert!(one.totals.runs < 1_000);
        assert_eq!(one, failed(4));
    }

    #[test]
    fn no_run_is_begun_when_the_time_is_over() {
        let options = Options { time_limit: Some(Duration::ZERO), ..Options::default() };
        assert_eq!(run(&Store::default(), &options, |_| {}).totals.runs, 0);
    }
}
