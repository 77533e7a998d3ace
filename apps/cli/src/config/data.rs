//! What a node keeps on its disk.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a node keeps on its disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The directory in which the node keeps what it must not forget of its votes on the ring; when
    /// not given, it is a new node at each start.
    pub directory: Option<PathBuf>,
}
