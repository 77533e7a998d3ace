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
    /// the bug called `bug`, or with none.
    ///
    /// # Errors
    /// What the swarm said, if it did not run.
    pub fn run(&self, bug: Option<&str>, first_seed: u64, seeds: u64) -> Result<Crop, String> {
        let mut swarm = Command::new(&self.swarm);
        swarm.args([first_seed.to_string(), seeds.to_string()]);
        swarm.args(["--jobs", "1", "--report"]);
        swarm.args(bug.iter().flat_map(|bug| ["--planted", bug]));
        let output = swarm.output().map_err(|error| format!("no swarm: {error}"))?;
        let line = String::from_utf8_lossy(&output.stdout);
        let crop = Crop::parse(line.trim_end());
        crop.ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }
}

impl Crop {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let seeds = fields.next()?.parse().ok()?;
        let elapsed = Duration::from_nanos(fields.next()?.parse().ok()?);
        let (seed, checker, class) = (fields.next()?, fields.next()?, fields.next()?);
        let found = |seed| Found { seed, checker: checker.to_owned(), class: class.to_owned() };
        Some(Self { seeds, elapsed, found: seed.parse().ok().map(found) })
    }
}
