//! How the process ends: exit codes, and errors as one line with their causes.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// The exit codes, for `--help`.
pub const HELP: &str = "\
Exit codes:
  0    all is well
  1    the command failed, or the node refused; `wait`: it is not so yet; `sim`: a node did
       something wrong
  2    `sim`: a node crashed
  3    `sim`: a cluster did not recover after the faults ended
  4    `flight replay`: the replay did otherwise than the node
  64   the command line is wrong
  65   a file is not what it should be
  69   nobody answers at the address
  70   the node stopped by itself
  71   an address or a data directory is in use, or the system refused something else
  78   the configuration is wrong
  130, 143   a second SIGINT or SIGTERM cut a stop short";

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok,
    /// The command failed, or a simulated node did something wrong.
    Failed,
    /// A simulated node crashed.
    Crash,
    /// A simulated cluster did not recover.
    Liveness,
    /// A replayed node did otherwise than the recorded one.
    Diverged,
    /// The command line is wrong.
    Usage,
    /// A file is not what it should be.
    Data,
    /// Nobody answers.
    Unavailable,
    /// The node stopped by itself.
    NodeDied,
    /// The system refused something, most likely an address that is in use.
    System,
    /// The configuration is wrong.
    Config,
}

impl Exit {
    /// Its number, by `sysexits.h` where that has one.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Crash => 2,
            Self::Liveness => 3,
            Self::Diverged => 4,
            Self::Usage => 64,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::NodeDied => 70,
            Self::System => 71,
            Self::Config => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command failed, and how the process ends for it.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// Why.
    pub cause: anyhow::Error,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self { exit: Exit::Failed, cause: cause.into() }
    }
}

/// Says how the process ends when this fails.
pub trait OrExit<T> {
    /// The value, or a failure that ends the process with `exit`.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|cause| Failure { exit, cause: cause.into() })
    }
}

/// Ends the process: a failure is said on the standard error first.
pub fn conclude(outcome: Result<Exit, Failure>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(Failure { exit, cause }) => {
            complain(format_args!("{cause:#}"));
            exit.into()
        }
    }
}

/// Says something on the standard output. Whoever closed it does not want to hear more.
pub fn say(what: impl Display) {
    let _ = writeln!(std::io::stdout(), "{what}");
}

/// Says something on the standard error, in the program's name.
pub fn complain(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "peer-ring: {what}");
}
