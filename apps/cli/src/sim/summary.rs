//! What a swarm is reported as, to people and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;

use peer_ring_core::rare::Mark;
use peer_ring_sim::run::Operations;
use peer_ring_sim::swarm::Report;
use serde::Serialize;

use crate::sim::run::Saved;
use crate::table::{Side, Table, thousands};

/// Most failures that are printed.
const SHOWN_MAX: usize = 10;
/// Most lines of a shrunk schedule that are printed.
const SCHEDULE_LINES_MAX: usize = 40;
/// Most rare branches that were missed and are named.
const MISSED_SHOWN_MAX: usize = 12;
/// Most lines of a picture that are printed.
const PICTURE_LINES_MAX: usize = 80;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    runs: u64,
    jobs: usize,
    seconds: f64,
    simulated_seconds: f64,
    simulated_seconds_per_second: f64,
    events: u64,
    operations: Outcomes,
    faults: BTreeMap<&'static str, u64>,
    faults_over_budget: u64,
    /// How often each rare branch was taken.
    marks: BTreeMap<&'static str, u64>,
    /// Rare branches that no run took.
    marks_missed: Vec<&'static str>,
    /// The hash of the trace, of a single run.
    hash: Option<String>,
    failures: Vec<Failed>,
}

/// How many operations had which outcome.
#[derive(Clone, Copy, Debug, Serialize)]
struct Outcomes {
    done: u64,
    failed: u64,
    unknown: u64,
}

/// A run that broke a promise.
#[derive(Clone, Debug, Serialize)]
struct Failed {
    seed: u64,
    class: &'static str,
    checker: &'static str,
    text: String,
    /// What it was shrunk to; only the first failures are.
    shrunk: Option<Shrunk>,
}

#[derive(Clone, Debug, Serialize)]
struct Shrunk {
    steps: usize,
    schedule: String,
    schedule_file: String,
    shrunk_file: String,
    diagram_file: String,
    #[serde(skip)]
    picture: String,
}

impl Summary {
    pub(super) fn new(report: &Report, jobs: NonZeroUsize, saved: &[Saved]) -> Self {
        let totals = &report.totals;
        let Operations { done, failed, unknown } = totals.operations;
        let mut saved: BTreeMap<_, _> =
            saved.iter().map(|saved| (saved.found.seed, Shrunk::new(saved))).collect();
        let failures = report.failures.iter().map(|finding| Failed {
            seed: finding.seed,
            class: finding.violation.class.as_str(),
            checker: finding.violation.checker,
            text: finding.violation.text.clone(),
            shrunk: saved.remove(&finding.seed),
        });
        Self {
            runs: totals.runs,
            jobs: jobs.get(),
            seconds: report.elapsed.as_secs_f64(),
            simulated_seconds: totals.simulated.as_secs_f64(),
            simulated_seconds_per_second: report.speed(),
            events: totals.events,
            operations: Outcomes { done, failed, unknown },
            faults: totals.faults.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
            faults_over_budget: totals.over_budget,
            marks: totals.marks.iter().map(|(mark, count)| (mark.name(), *count)).collect(),
            marks_missed: Mark::ALL
                .iter()
                .filter(|mark| !totals.marks.contains_key(mark))
                .map(|mark| mark.name())
                .collect(),
            hash: match &report.hashes[..] {
                [(_, hash)] => Some(format!("{hash:016x}")),
                _ => None,
            },
            failures: failures.collect(),
        }
    }
}

impl Shrunk {
    fn new(saved: &Saved) -> Self {
        Self {
            steps: saved.found.steps,
            schedule: saved.found.shrunk.clone(),
            schedule_file: saved.files.schedule.display().to_string(),
            shrunk_file: saved.files.shrunk.display().to_string(),
            diagram_file: saved.files.diagram.display().to_string(),
            picture: saved.found.picture.clone(),
        }
    }
}

impl fmt::Display for Summary {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failed in self.failures.iter().take(SHOWN_MAX) {
            writeln!(f, "{failed}\n")?;
        }
        if self.failures.len() > SHOWN_MAX {
            writeln!(f, "and {} more failures\n", self.failures.len() - SHOWN_MAX)?;
        }
        let mut faults = Table::new([("FAULTS", Side::Left), ("BEGAN", Side::Right)]);
        for (kind, count) in &self.faults {
            faults.row([(*kind).to_owned(), thousands(*count)]);
        }
        writeln!(f, "{faults}")?;
        let Outcomes { done, failed, unknown } = self.operations;
        writeln!(
            f,
            "{} operations done, {} failed, {} unknown; {} events",
            thousands(done),
            thousands(failed),
            thousands(unknown),
            thousands(self.events)
        )?;
        let (taken, missed) = (self.marks.len(), &self.marks_missed);
        write!(f, "{taken} of {} rare branches taken", taken + missed.len())?;
        match missed.len() {
            0 => writeln!(f)?,
            1..=MISSED_SHOWN_MAX => writeln!(f, ", not {}", missed.join(", "))?,
            _ => writeln!(f)?,
        }
        let speed = thousands(self.simulated_seconds_per_second.round() as u64);
        let (runs, jobs) = (thousands(self.runs), self.jobs);
        writeln!(f, "{runs} runs in {:.1} s by {jobs} jobs, {speed} simulated s/s", self.seconds)?;
        if let Some(hash) = &self.hash {
            writeln!(f, "trace {hash}")?;
        }
        match self.failures.len() {
            0 => write!(f, "all promises were kept"),
            count => write!(f, "{} runs broke a promise", thousands(count as u64)),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, class, checker, text, shrunk } = self;
        write!(f, "seed {seed}: {class}: {checker}: {text}")?;
        let Some(shrunk) = shrunk else {
            return Ok(());
        };
        let Shrunk { steps, schedule, schedule_file, shrunk_file, diagram_file, picture } = shrunk;
        writeln!(f, "\n  shrunk to {steps} steps:")?;
        for line in schedule.lines().take(SCHEDULE_LINES_MAX) {
            writeln!(f, "    {line}")?;
        }
        writeln!(f)?;
        for line in picture.lines().take(PICTURE_LINES_MAX) {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "  schedule: {schedule_file}")?;
        writeln!(f, "  diagram: {diagram_file}")?;
        writeln!(f, "  replay: peer-ring sim replay {shrunk_file}")?;
        write!(f, "  explain: peer-ring sim explain {shrunk_file}")
    }
}
