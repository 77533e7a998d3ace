//! Whether and where a node records what its actors are given.

use std::path::PathBuf;

use peer_ring::FlightSettings;
use serde::{Deserialize, Serialize};

/// The flight recorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flight {
    /// The directory of the recordings, one for each start of a node; none is made when not given.
    pub directory: Option<PathBuf>,
    /// Most bytes of one recording; it ends when it has them.
    pub bytes_max: u64,
    /// Most recordings of a node in the directory; a start removes the oldest to make room.
    pub recordings_max: usize,
}

impl Flight {
    /// What the node takes.
    #[must_use]
    pub fn settings(&self) -> Option<FlightSettings> {
        let Self { directory, bytes_max, recordings_max } = self;
        let settings = FlightSettings::new(directory.as_ref()?);
        let (bytes_max, recordings_max) = (*bytes_max, *recordings_max);
        Some(FlightSettings { bytes_max, recordings_max, ..settings })
    }
}

impl Default for Flight {
    fn default() -> Self {
        let FlightSettings { bytes_max, recordings_max, .. } = FlightSettings::new("");
        Self { directory: None, bytes_max, recordings_max }
    }
}
