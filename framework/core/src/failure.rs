//! What can go wrong with a command, said so that a caller can act on it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a command was not acknowledged.
///
/// The question that matters after a failed write is whether it may have happened all the same:
/// [`Failure::may_have_happened`] answers it.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Failure {
    /// Too few replicas could be reached, or too many refused.
    #[error(
        "quorum not met: {acked} of {wanted} acknowledged{}",
        if *.may_have_happened { "; the write may have happened" } else { "" }
    )]
    QuorumNotMet {
        /// How many did.
        acked: u8,
        /// How many had to.
        wanted: u8,
        /// Whether the command may have taken effect somewhere.
        may_have_happened: bool,
    },
    /// Too few replicas answered within the command's deadline.
    #[error(
        "timed out: {acked} of {wanted} acknowledged{}",
        if *.may_have_happened { "; the write may have happened" } else { "" }
    )]
    TimedOut {
        /// How many did.
        acked: u8,
        /// How many had to.
        wanted: u8,
        /// Whether the command may have taken effect somewhere.
        may_have_happened: bool,
    },
    /// This node has as much to do as it admits. Nothing happened; try again later.
    #[error("overloaded: this node has as many requests in flight as it admits")]
    Overloaded,
    /// The only node that may run this command is down. Nothing happened.
    #[error("the primary of partition {partition} is down")]
    PrimaryDown {
        /// The key's partition.
        partition: u16,
    },
    /// No owner of the key can be reached. Nothing happened.
    #[error("no owner of partition {partition} can be reached")]
    OwnersDown {
        /// The key's partition.
        partition: u16,
    },
    /// The node has no ring yet: it has just started. Nothing happened.
    #[error("not ready: this node has no ring yet")]
    NotReady,
    /// The replica that had to run it does not have its data back yet. Nothing happened.
    #[error("not ready: the primary of partition {partition} is being filled from its peers")]
    PrimaryBlank {
        /// The key's partition.
        partition: u16,
    },
    /// The node that was asked has no such app. Nothing happened.
    #[error("no app with id {app:08x} runs here")]
    UnknownApp {
        /// The app's id.
        app: u32,
    },
    /// The app could not read its own command (versions of it differ), or wrote although the
    /// command's plan only reads (a mistake in the app). Nothing happened.
    #[error("the app cannot run this command: it cannot decode it, or its plan only reads")]
    BadCommand,
    /// The command is larger than the limit. Nothing happened.
    #[error("{what} of {bytes} bytes is larger than {bytes_max}")]
    TooLarge {
        /// What is: `key`, `value` or `command`.
        what: SizeOf,
        /// Its size in bytes.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// Coordinator and replica do not agree on the ring.
    #[error("the ring changed under this command{}",
        if *.may_have_happened { "; the write may have happened" } else { "" }
    )]
    WrongEpoch {
        /// Whether the command may have taken effect somewhere.
        may_have_happened: bool,
    },
    /// The node is stopping.
    #[error("this node is stopping{}",
        if *.may_have_happened { "; the write may have happened" } else { "" }
    )]
    Stopping {
        /// Whether the command may have taken effect somewhere.
        may_have_happened: bool,
    },
}

/// What was too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeOf {
    /// A key.
    Key,
    /// A value.
    Value,
    /// A whole command.
    Command,
}

impl std::fmt::Display for SizeOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key => "a key",
            Self::Value => "a value",
            Self::Command => "a command",
        })
    }
}

impl Failure {
    /// Whether the command may have taken effect although it was not acknowledged.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::QuorumNotMet { may_have_happened, .. }
            | Self::TimedOut { may_have_happened, .. }
            | Self::WrongEpoch { may_have_happened }
            | Self::Stopping { may_have_happened } => *may_have_happened,
            Self::Overloaded
            | Self::PrimaryDown { .. }
            | Self::OwnersDown { .. }
            | Self::NotReady
            | Self::PrimaryBlank { .. }
            | Self::UnknownApp { .. }
            | Self::BadCommand
            | Self::TooLarge { .. } => false,
        }
    }

    /// A stable word for programs to match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::QuorumNotMet { .. } => "quorum_not_met",
            Self::TimedOut { .. } => "timed_out",
            Self::Overloaded => "overloaded",
            Self::PrimaryDown { .. } => "primary_down",
            Self::OwnersDown { .. } => "owners_down",
            Self::NotReady => "not_ready",
            Self::PrimaryBlank { .. } => "primary_blank",
            Self::UnknownApp { .. } => "unknown_app",
            Self::BadCommand => "bad_command",
            Self::TooLarge { .. } => "too_large",
            Self::WrongEpoch { .. } => "wrong_epoch",
            Self::Stopping { .. } => "stopping",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_whether_the_write_may_have_happened() {
        let failure = Failure::QuorumNotMet { acked: 1, wanted: 2, may_have_happened: true };
        assert_eq!(
            failure.to_string(),
            "quorum not met: 1 of 2 acknowledged; the write may have happened"
        );
        assert!(failure.may_have_happened());
        assert!(!Failure::Overloaded.may_have_happened());
    }
}
