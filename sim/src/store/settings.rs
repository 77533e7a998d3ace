//! What differs between runs of the store besides sizes.

use std::fmt;

use crate::store::Promise;

/// Quorums, and what is promised with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// On how many nodes a key lies.
    pub n: u8,
    /// How many of those answer a read.
    pub r: u8,
    /// How many acknowledge a write.
    pub w: u8,
    /// What is promised.
    pub promise: Promise,
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n, r, w, promise } = self;
        write!(f, "n={n} r={r} w={w} {}", promise.as_str())
    }
}
