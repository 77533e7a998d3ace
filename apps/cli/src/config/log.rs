//! What a node says on its standard error.

use serde::{Deserialize, Serialize};

/// What a node says on its standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How much: `error`, `warn`, `info`, `debug` or `trace`, or a filter such as
    /// `warn,peer_ring=debug`. The environment's `PEER_RING_LOG` is such a filter and goes before.
    pub level: String,
    /// In which form.
    pub format: Format,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people: a line of text.
    #[default]
    Text,
    /// For programs: a JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: Format::default() }
    }
}
