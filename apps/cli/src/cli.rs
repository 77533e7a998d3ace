//! The command line.

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::exit::{self, Exit, Failure};
use crate::{bench, dev, flight, leave, node, ring, sim, status, transfers, wait};

/// A Dynamo-like key-value store: a server, a whole cluster for a laptop, a load generator, and
/// the simulator.
#[derive(Debug, Parser)]
#[command(name = "peer-ring", version, after_help = exit::HELP, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Options),
    Node(node::Options),
    Status(status::Options),
    Ring(ring::Options),
    Transfers(transfers::Options),
    Wait(wait::Options),
    Leave(leave::Options),
    Bench(bench::options::Options),
    Sim(sim::Options),
    Flight(flight::Options),
    /// Prints a script that completes this program's commands in a shell.
    #[command(after_help = "\
Examples:
  peer-ring completions bash > /etc/bash_completion.d/peer-ring
  peer-ring completions zsh > ~/.zfunc/_peer-ring
  peer-ring completions fish > ~/.config/fish/completions/peer-ring.fish")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

impl Cli {
    /// Does what it says.
    ///
    /// # Errors
    /// Says why it could not, and how the process ends for it.
    pub fn run(self) -> Result<Exit, Failure> {
        match self.command {
            Command::Dev(options) => dev::dev(&options),
            Command::Node(options) => node::node(&options),
            Command::Status(options) => status::status(&options),
            Command::Ring(options) => ring::ring(&options),
            Command::Transfers(options) => transfers::transfers(&options),
            Command::Wait(options) => wait::wait(&options),
            Command::Leave(options) => leave::leave(&options),
            Command::Bench(options) => bench::bench(&options),
            Command::Sim(options) => sim::sim(&options),
            Command::Flight(options) => flight::flight(&options),
            Command::Completions { shell } => {
                let mut command = Self::command();
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut command, "peer-ring", &mut script);
                exit::say(String::from_utf8_lossy(&script).trim_end());
                Ok(Exit::Ok)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_help_text() {
        let cli = Cli::command();
        let inner = cli.get_subcommands().flat_map(clap::Command::get_subcommands);
        for command in cli.get_subcommands().chain(inner) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }
}
