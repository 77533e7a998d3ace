//! `peer-ring sim`: clusters that never were, each with its own bad luck.

mod choices;
mod draw;
mod files;
mod progress;
mod run;
mod summary;

use clap::{Args, Subcommand};
use peer_ring_sim::check::{Class, Violation};

use crate::exit::{Exit, Failure};

/// Runs whole clusters in a deterministic simulator, under faults.
///
/// What happens in a run is a function of its seed, or of its schedule, and of the code alone.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
All of these end with 0 when all promises were kept, 1 when something wrong was said or kept, 2
when a node panicked, 3 when a cluster did not recover in time; 65 when a schedule is not one.")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Run(run::Swarm),
    Draw(draw::Draw),
    Replay(files::Replay),
    Shrink(files::Shrink),
    Diagram(files::Diagram),
    Explain(files::Explain),
}

/// Runs the simulator.
///
/// # Errors
/// A file cannot be read or written, or is not a schedule. What the simulator finds is an outcome.
pub fn sim(options: &Options) -> Result<Exit, Failure> {
    match &options.command {
        Command::Run(swarm) => run::run(swarm),
        Command::Draw(options) => draw::draw(options),
        Command::Replay(replay) => files::replay(replay),
        Command::Shrink(shrink) => files::shrink(shrink),
        Command::Diagram(diagram) => files::diagram(diagram),
        Command::Explain(explain) => files::explain(explain),
    }
}

/// The exit code of the gravest violation.
fn exit<'a>(violations: impl Iterator<Item = &'a Violation> + Clone) -> Exit {
    let has = |class| violations.clone().any(|violation| violation.class == class);
    let of = |class| match class {
        Class::Correctness => Exit::Failed,
        Class::Crash => Exit::Crash,
        Class::Liveness => Exit::Liveness,
    };
    let gravest = [Class::Correctness, Class::Crash, Class::Liveness].into_iter().find(|c| has(*c));
    gravest.map_or(Exit::Ok, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_violation_has_the_exit_code() {
        let violation = |class| Violation { class, checker: "a", text: String::new() };
        let exit = |classes: &[Class]| {
            let violations: Vec<_> = classes.iter().map(|class| violation(*class)).collect();
            super::exit(violations.iter())
        };
        assert_eq!(exit(&[]), Exit::Ok);
        assert_eq!(exit(&[Class::Liveness]), Exit::Liveness);
        assert_eq!(exit(&[Class::Liveness, Class::Crash]), Exit::Crash);
        assert_eq!(exit(&[Class::Crash, Class::Correctness]), Exit::Failed);
    }
}
