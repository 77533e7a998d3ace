//! A campaign: many runs of one subject, each with its own bad luck.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use peer_ring_core::app::App;

use crate::plan::{Plan, Swarm};
use crate::random::Stream;
use crate::run::{self, Outcomes};
use crate::schedule::{self, Mistake};
use crate::simulation::{Found, Seen, Yours};
use crate::subject::Subject;
use crate::swarm::{self, Report};

/// How many seeds are tried when nothing else is said.
const SEEDS: u64 = 100;

/// Many runs of one subject.
///
/// ```
/// use peer_ring_core::app::{App, Plan, Records};
/// use peer_ring_core::key::Key;
/// use peer_ring_sim::{Kind, Seen, Simulation, Swarm};
///
/// #[derive(Clone)]
/// struct Hits;
///
/// impl App for Hits {
///     const NAME: &'static str = "hits";
///     type Command = u64;
///     type Reply = u64;
///     fn key(page: &u64) -> Key { Key::new(&page.to_le_bytes()) }
///     fn plan(&self, _: &u64) -> Plan { Plan::owner(3, 2) }
///     fn handle(&mut self, records: &mut Records<'_>, page: u64) -> u64 {
///         let name = page.to_string();
///         let hits = records.get_as::<u64>(&name).unwrap_or(0) + 1;
///         records.put_as(&name, &hits);
///         hits
///     }
/// }
///
/// fn no_two_hits_have_one_number(seen: &Seen<Hits>) -> Result<(), String> {
///     let mut hits: Vec<_> = seen.done().map(|(entry, hit)| (*entry.call, *hit)).collect();
///     hits.sort();
///     match hits.windows(2).find(|two| two[0] == two[1]) {
///         Some(two) => Err(format!("page and hit {:?} came twice", two[0])),
///         None => Ok(()),
///     }
/// }
///
/// Simulation::new(1)
///     .nodes(3)
///     .app(Hits)
///     .faults(Swarm::default().without(Kind::Drift))
///     .workload(|draw| draw.below(3))
///     .check(no_two_hits_have_one_number)
///     .seeds(20)
///     .run();
/// ```
pub struct Campaign<S> {
    pub(crate) subject: S,
    pub(super) seed: u64,
    pub(super) options: swarm::Options,
    jobs: Option<NonZeroUsize>,
    directory: Option<PathBuf>,
}

impl<S> Campaign<S> {
    pub(super) fn new(seed: u64, subject: S) -> Self {
        let options = swarm::Options {
            first_seed: seed,
            seeds: SEEDS,
            is_until_failure: true,
            ..swarm::Options::default()
        };
        Self { subject, seed, options, jobs: None, directory: None }
    }

    /// Which faults are drawn; all of them when nothing is said.
    #[must_use]
    pub fn faults(mut self, faults: Swarm) -> Self {
        self.options.faults = faults;
        self
    }

    /// How many seeds are tried, from the simulation's own one on.
    #[must_use]
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.options.seeds = seeds;
        self
    }

    /// On how many threads; on one for each core when nothing is said.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Where a failure is written to; to a temporary directory when nothing is said.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }
}

impl<A: App> Campaign<Yours<A>> {
    /// What clients ask: whatever is drawn.
    #[must_use]
    pub fn workload(mut self, draw: impl Fn(&mut Stream) -> A::Command + Sync + 'static) -> Self {
        self.subject.workload = Some(Box::new(draw));
        self
    }

    /// Something that must be true of all that clients saw. It goes by the function's name.
    #[must_use]
    pub fn check<F>(mut self, check: F) -> Self
    where
        F: Fn(&Seen<A>) -> Result<(), String> + Sync + 'static,
    {
        let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
        let name = path.rsplit("::").next().unwrap_or(path);
        self.subject.checks.push((name, Box::new(check)));
        self
    }
}

impl<S: Subject> Campaign<S> {
    /// Carries out the runs; all of them keep what is promised.
    ///
    /// # Panics
    /// When one of them does not: with its seed, what was broken, and where its schedule, what that
    /// shrank to, and a diagram were written to.
    pub fn run(&self) -> Report {
        let report = self.swarm();
        if let Some(finding) = report.failures.first() {
            let found = Found::new(&self.subject, &self.options.faults, finding.seed);
            let somewhere = || std::env::temp_dir().join("peer-ring-simulations");
            let files = found.save(self.directory.clone().unwrap_or_else(somewhere));
            panic!("{found}\n{}", files.map_or_else(|e| e.to_string(), |files| files.to_string()));
        }
        report
    }

    fn swarm(&self) -> Report {
        let cores = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let jobs = self.jobs.unwrap_or_else(cores);
        swarm::run(&self.subject, &swarm::Options { jobs, ..self.options.clone() }, |_| {})
    }

    /// Looks for a run that breaks a promise, and shrinks it.
    #[must_use]
    pub fn find(&self) -> Option<Found> {
        let report = self.swarm();
        let finding = report.failures.first()?;
        Some(Found::new(&self.subject, &self.options.faults, finding.seed))
    }

    /// Carries out a schedule that was kept.
    ///
    /// # Errors
    /// What is wrong with its text.
    pub fn replay(&self, schedule: &str) -> Result<Outcomes, Mistake> {
        let schedule = schedule::read(&self.subject, schedule)?;
        Ok(run::run(&self.subject, &schedule.plan))
    }

    /// The plan that a seed draws.
    #[must_use]
    pub fn plan(&self, seed: u64) -> Plan<S> {
        Plan::draw(&self.subject, seed, &self.options.faults)
    }
}
