//! The garden: one build with all bugs in it, and the swarm run in it with one of them, or none.
//!
//! The build has a target directory of its own, since one with other flags would replace the
//! binaries of the usual build.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A built swarm that can make any of the planted bugs.
pub struct Garden {
    swarm: PathBuf,
}

/// What came of one swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crop {
    /// How many seeds were run.
    pub seeds: u64,
    /// How long that took.
    pub elapsed: Duration,
    /// What was found, if anything was.
    pub found: Option<Found>,
}

/// The first failure of a swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its seed.
    pub seed: u64,
    /// The checker that saw it.
    pub checker: String,
    /// The class of what it saw.
    pub class: String,
    /// How many calls and faults are left when all is taken out of its schedule that the failure
    /// does not need.
    pub steps: u64,
    /// How long that took.
    pub shrinking: Duration,
}

impl Garden {
    /// Builds it, unless it is built already.
    ///
    /// # Errors
    /// What cargo said, if it could not.
    pub fn build() -> Result<Self, String> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let target = workspace.join("target").join("planted");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .current_dir(&workspace)
            .env("RUSTFLAGS", "--cfg planted=\"any\"")
            .env("CARGO_TARGET_DIR", &target)
            .args(["build", "--quiet", "--offline", "--locked", "--release"])
            .args(["--package", "peer-ring-sim", "--example", "swarm"])
            .output()
            .map_err(|error| format!("cargo cannot be run: {error}"))?;
        if !built.status.success() {
            return Err(String::from_utf8_lossy(&built.stderr).into_owned());
        }
        let name = format!("swarm{}", std::env::consts::EXE_SUFFIX);
        Ok(Self { swarm: target.join("release").join("examples").join(name) })
    }

    /// Runs the default swarm on one thread from `first_seed` on, until something is found; with
    /// the bug called `bug`, or with none. What is found is shrunk, and kept in the directory
    /// `keep` if there is one.
    ///
    /// # Errors
    /// What the swarm said, if it did not run.
    pub fn run(
        &self,
        bug: Option<&str>,
        first_seed: u64,
        seeds: u64,
        keep: Option<&Path>,
    ) -> Result<Crop, String> {
        let mut swarm = Command::new(&self.swarm);
        swarm.args([first_seed.to_string(), seeds.to_string()]);
        swarm.args(["--jobs", "1", "--report"]);
        swarm.args(bug.iter().flat_map(|bug| ["--planted", bug]));
        swarm.args(keep.iter().flat_map(|keep| [Path::new("--keep"), keep]));
        said(&mut swarm, Crop::parse)
    }

    /// Carries out a schedule that was kept, with the bug called `bug`, or with none. The checker
    /// that found something, if one did.
    ///
    /// # Errors
    /// What the swarm said, if it did not run.
    pub fn replay(&self, bug: Option<&str>, schedule: &Path) -> Result<Option<String>, String> {
        let mut swarm = Command::new(&self.swarm);
        swarm.arg("--replay").arg(schedule);
        swarm.args(bug.iter().flat_map(|bug| ["--planted", bug]));
        said(&mut swarm, |line| {
            let (checker, _class) = line.split_once('\t')?;
            Some(Some(checker.to_owned()).filter(|checker| checker != "-"))
        })
    }

    /// The hashes of the first so many seeds with no bug, with so many jobs.
    ///
    /// # Errors
    /// What the swarm said, if it did not run.
    pub fn hashes(&self, seeds: u64, jobs: &str) -> Result<Vec<(u64, u64)>, String> {
        let mut swarm = Command::new(&self.swarm);
        swarm.args(["0", &seeds.to_string(), "--jobs", jobs, "--hashes"]);
        said(&mut swarm, |lines| {
            let hashes = lines.lines().map(|line| {
                let (seed, hash) = line.split_once(' ')?;
                Some((seed.parse().ok()?, u64::from_str_radix(hash, 16).ok()?))
            });
            hashes.collect()
        })
    }

    /// The events of a seed with no bug, each with the hash up to it.
    ///
    /// # Errors
    /// What the swarm said, if it did not run.
    pub fn events(&self, seed: u64) -> Result<Vec<String>, String> {
        let mut swarm = Command::new(&self.swarm);
        swarm.args(["--events", &seed.to_string()]);
        said(&mut swarm, |lines| Some(lines.lines().map(str::to_owned).collect()))
    }
}

/// What the swarm printed; or else why there is nothing.
fn said<T>(swarm: &mut Command, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    let output = swarm.output().map_err(|error| format!("no swarm: {error}"))?;
    let line = String::from_utf8_lossy(&output.stdout);
    let said = parse(line.trim_end());
    said.ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
}

impl Crop {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let seeds = fields.next()?.parse().ok()?;
        let elapsed = Duration::from_nanos(fields.next()?.parse().ok()?);
        let (seed, checker, class) = (fields.next()?, fields.next()?, fields.next()?);
        let (steps, shrinking) = (fields.next()?, fields.next()?);
        if seed == "-" {
            return Some(Self { seeds, elapsed, found: None });
        }
        let found = Found {
            seed: seed.parse().ok()?,
            checker: checker.to_owned(),
            class: class.to_owned(),
            steps: steps.parse().ok()?,
            shrinking: Duration::from_nanos(shrinking.parse().ok()?),
        };
        Some(Self { seeds, elapsed, found: Some(found) })
    }
}
