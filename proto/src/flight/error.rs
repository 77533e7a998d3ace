//! What can be wrong with a recording.

use thiserror::Error;

use crate::error::WireError;
use crate::flight::VERSION;

/// What is wrong with a recording. One that was cut is not wrong: see [`crate::flight::Ending`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FlightError {
    /// It does not begin as one.
    #[error("this is no recording of a node's flight recorder")]
    NotARecording,
    /// Another version of peer-ring wrote it.
    #[error("this recording is of version {found}, and this build reads version {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// It was cut before it said whose it is.
    #[error("this recording was cut before the end of its header")]
    NoHeader,
    /// Its checksum is right and its content is not.
    #[error("{what} in the recording is malformed at its {part}")]
    Malformed {
        /// What is.
        what: &'static str,
        /// Where in it.
        part: &'static str,
    },
    /// A message in it that cannot be read.
    #[error("a message in the recording: {0}")]
    Wire(#[from] WireError),
}
