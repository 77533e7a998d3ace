//! How the records of a namespace are kept: the file's view of it.

use std::num::NonZeroU8;

use peer_ring_kv::namespace;
use serde::{Deserialize, Serialize};

/// How the records of a namespace are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Namespace {
    /// On how many nodes; on as many as the ring has owners of a partition when not given.
    pub n: Option<u8>,
    /// How many must answer a read; a majority of `n` when not given.
    pub r: Option<u8>,
    /// How many must acknowledge a write; a majority of `n` when not given.
    pub w: Option<u8>,
    /// For how long, when the writer does not say; for ever when not given.
    pub ttl_ms: Option<u64>,
}

impl Namespace {
    /// The settings that the store takes, in a ring with so many replicas; `None` when a count is
    /// zero.
    #[must_use]
    pub fn settings(&self, replicas: u8) -> Option<namespace::Settings> {
        let count = |given: Option<u8>| match given {
            Some(count) => NonZeroU8::new(count).map(Some),
            None => Some(None),
        };
        let n = NonZeroU8::new(self.n.unwrap_or(replicas))?;
        Some(namespace::Settings { n, r: count(self.r)?, w: count(self.w)?, ttl_ms: self.ttl_ms })
    }
}
