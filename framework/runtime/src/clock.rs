//! A node's clocks: the only place where time comes from outside.

use std::time::{SystemTime, UNIX_EPOCH};

use peer_ring_core::actor::{Instant, Now, Wall};

/// The monotonic and the wall clock of one node.
///
/// Monotonic time is tokio's, so that a test can pause it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        // Zero means "never" to some counters: no reading is zero.
        Self { origin: tokio::time::Instant::now() - std::time::Duration::from_secs(1) }
    }

    /// What both clocks say.
    #[must_use]
    pub fn now(&self) -> Now {
        let span = self.origin.elapsed().as_nanos();
        Now { tick: Instant(u64::try_from(span).unwrap_or(u64::MAX)), wall: wall() }
    }
}

/// What the wall clock says; the Unix epoch if it is set to before that.
#[must_use]
pub fn wall() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
