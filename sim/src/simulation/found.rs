//! A failure that was found: its schedule, what that shrank to, and a picture of it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::check::Violation;
use crate::diagram;
use crate::plan::{Plan, Swarm};
use crate::run;
use crate::schedule::{self, Schedule};
use crate::shrink::{self, Shrunk};
use crate::subject::Subject;

/// Most plans that are tried to make one smaller.
const TRIES_MAX: u64 = 5_000;

/// A run that broke a promise.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its app.
    pub app: String,
    /// Its seed.
    pub seed: u64,
    /// What it broke, after it was shrunk.
    pub violation: Violation,
    /// What happened in it, as a schedule.
    pub schedule: String,
    /// The same with nothing in it that is not needed.
    pub shrunk: String,
    /// How many calls and faults that has.
    pub steps: usize,
    /// A picture of it: one SVG file.
    pub diagram: String,
    /// The same as text, for a terminal.
    pub picture: String,
}

/// Where a failure was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Its schedule.
    pub schedule: PathBuf,
    /// What that shrank to.
    pub shrunk: PathBuf,
    /// The picture.
    pub diagram: PathBuf,
}

impl Found {
    /// What the plan of a seed, which breaks a promise, comes down to.
    ///
    /// # Panics
    /// When it breaks none.
    #[must_use]
    pub fn new<S: Subject>(subject: &S, faults: &Swarm, seed: u64) -> Self {
        let plan = Plan::draw(subject, seed, faults);
        let shrunk = shrink::shrink(subject, &plan, |tried| tried < TRIES_MAX);
        Self::of(subject, plan, shrunk.expect("a run that failed fails again"))
    }

    /// A plan that breaks a promise, and what it shrank to.
    #[must_use]
    pub fn of<S: Subject>(subject: &S, plan: Plan<S>, shrunk: Shrunk<S>) -> Self {
        let Shrunk { plan: smaller, violation, .. } = shrunk;
        let (class, checker) = (violation.class, violation.checker.to_owned());
        let found = Some(schedule::Found { class, checker });
        let (seed, steps) = (plan.seed, smaller.steps());
        let (_, story) = run::record(subject, &smaller);
        let options = diagram::Options::default();
        let (diagram, picture) = (diagram::svg(&story, &options), diagram::text(&story, &options));
        let schedule = schedule::write(subject, &Schedule { plan, found: found.clone() });
        let shrunk = schedule::write(subject, &Schedule { plan: smaller, found });
        let app = subject.name().to_owned();
        Self { app, seed, violation, schedule, shrunk, steps, diagram, picture }
    }

    /// Writes all of it into a directory, which is made if it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&self, directory: impl AsRef<Path>) -> io::Result<Files> {
        let directory = directory.as_ref();
        std::fs::create_dir_all(directory)?;
        let stem = format!("{}-seed-{}", self.app, self.seed);
        let files = Files {
            schedule: directory.join(format!("{stem}.schedule")),
            shrunk: directory.join(format!("{stem}.shrunk.schedule")),
            diagram: directory.join(format!("{stem}.svg")),
        };
        std::fs::write(&files.diagram, &self.diagram)?;
        std::fs::write(&files.schedule, &self.schedule)?;
        std::fs::write(&files.shrunk, &self.shrunk)?;
        Ok(files)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app, seed, violation, steps, shrunk, picture, .. } = self;
        let Violation { class, checker, text } = violation;
        writeln!(f, "{app}, seed {seed}: {}: {checker}: {text}", class.as_str())?;
        write!(f, "shrunk to {steps} steps:\n\n{shrunk}\n{picture}")
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedule, shrunk, diagram } = self;
        writeln!(f, "schedule: {}", schedule.display())?;
        writeln!(f, "shrunk:   {}", shrunk.display())?;
        write!(f, "diagram:  {}", diagram.display())
    }
}
