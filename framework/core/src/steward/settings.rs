//! When the ring changes.

use std::time::Duration;

/// When the ring changes, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A cluster is founded when so many nodes see each other, none of whom has a ring.
    pub bootstrap_expect: usize,
    /// How long a node that is to found a cluster and meets nobody waits before it does, by
    /// itself. If it has forgotten a cluster, the members of that come to it meanwhile.
    pub alone_for: Duration,
    /// Whether nodes join and go without an operator's order.
    pub change: ChangeMode,
    /// How long nothing may have come or gone before the ring changes: nodes that start together
    /// make one change.
    pub settle_delay: Duration,
    /// A member that is down for so long is evicted; `None` for never.
    pub evict_after: Option<Duration>,
    /// How long the others wait for the steward to do what is due.
    pub patience: Duration,
    /// Bytes of records a second that a node may take in: what a plan counts with.
    pub bytes_per_second: u64,
}

/// Who lets nodes join and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeMode {
    /// The cluster itself.
    #[default]
    Automatic,
    /// An operator, with [`crate::steward::Order::Apply`].
    Manual,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bootstrap_expect: 1,
            alone_for: Duration::from_secs(3),
            change: ChangeMode::Automatic,
            settle_delay: Duration::from_secs(2),
            evict_after: Some(Duration::from_secs(600)),
            patience: Duration::from_secs(1),
            bytes_per_second: 64 * 1024 * 1024,
        }
    }
}
