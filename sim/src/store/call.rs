//! What clients ask of the store.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::plan::Planned;
use crate::schedule::span::Span;

/// One request. What it writes is the number of the call, so that a read tells which it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Reads a key.
    Get {
        /// Which.
        key: u32,
    },
    /// Reads a key at all of its replicas.
    Audit {
        /// Which.
        key: u32,
    },
    /// Writes a value.
    Put {
        /// Under which key.
        key: u32,
        /// How long the value is; at least eight bytes.
        bytes: u32,
        /// For how long it lives, by the clock of the node that is asked; for ever if `None`.
        lives: Option<Duration>,
    },
    /// Deletes a key.
    Delete {
        /// Which.
        key: u32,
    },
}

impl Call {
    /// The key it is about.
    #[must_use]
    pub fn key(&self) -> u32 {
        match self {
            Self::Get { key }
            | Self::Audit { key }
            | Self::Put { key, .. }
            | Self::Delete { key } => *key,
        }
    }

    /// The same about another key.
    #[must_use]
    fn with_key(self, key: u32) -> Self {
        match self {
            Self::Get { .. } => Self::Get { key },
            Self::Audit { .. } => Self::Audit { key },
            Self::Put { bytes, lives, .. } => Self::Put { key, bytes, lives },
            Self::Delete { .. } => Self::Delete { key },
        }
    }

    /// The same with the shortest value, if it is not that already.
    fn shortest(self) -> Self {
        match self {
            Self::Put { key, lives, .. } => Self::Put { key, bytes: 8, lives },
            Self::Get { .. } | Self::Audit { .. } | Self::Delete { .. } => self,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get { key } => write!(f, "get key-{key}"),
            Self::Audit { key } => write!(f, "audit key-{key}"),
            Self::Delete { key } => write!(f, "delete key-{key}"),
            Self::Put { key, bytes, lives } => {
                write!(f, "put key-{key}")?;
                if *bytes > 8 {
                    write!(f, " {bytes} bytes")?;
                }
                lives.map_or(Ok(()), |lives| write!(f, " for {}", Span(lives)))
            }
        }
    }
}

/// The same calls with all values short; and with each key merged into the first one.
pub(super) fn simpler(calls: &[Planned<Call>]) -> Vec<Vec<Planned<Call>>> {
    let changed = |change: &dyn Fn(Call) -> Call| {
        let change = |planned: &Planned<Call>| Planned { call: change(planned.call), ..*planned };
        calls.iter().map(change).collect::<Vec<_>>()
    };
    let mut simpler = vec![changed(&Call::shortest)];
    let keys: BTreeSet<_> = calls.iter().map(|planned| planned.call.key()).collect();
    if let Some(first) = keys.first() {
        for key in keys.iter().skip(1) {
            simpler.push(changed(&|call| {
                if call.key() == *key { call.with_key(*first) } else { call }
            }));
        }
    }
    simpler.retain(|simpler| simpler != calls);
    simpler
}
