//! A node's clocks: the only place where time comes from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use peer_ring_core::actor::{Instant, Now, Wall};

/// The monotonic and the wall clock of one node.
///
/// Monotonic time is tokio's, so that a test can pause it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: tokio::time::Instant,
    wall: WallClock,
}

#[derive(Clone, Copy, Debug)]
enum WallClock {
    System,
    Set(&'static SetClock),
}

/// A wall clock that goes with tokio's time, and shows what it was set to.
#[derive(Debug)]
pub struct SetClock {
    origin: tokio::time::Instant,
    origin_ms: AtomicU64,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self::over(WallClock::System)
    }

    /// A clock that starts now, with this wall clock instead of the system's.
    #[must_use]
    pub fn with_wall(wall: &'static SetClock) -> Self {
        Self::over(WallClock::Set(wall))
    }

    fn over(wall: WallClock) -> Self {
        // Zero means "never" to some counters: no reading is zero.
        Self { origin: tokio::time::Instant::now() - std::time::Duration::from_secs(1), wall }
    }

    /// What both clocks say.
    #[must_use]
    pub fn now(&self) -> Now {
        let span = self.origin.elapsed().as_nanos();
        let wall = match self.wall {
            WallClock::System => wall(),
            WallClock::Set(clock) => clock.wall(),
        };
        Now { tick: Instant(u64::try_from(span).unwrap_or(u64::MAX)), wall }
    }
}

impl SetClock {
    /// A clock that shows `at` now.
    #[must_use]
    pub fn new(at: Wall) -> Self {
        Self { origin: tokio::time::Instant::now(), origin_ms: AtomicU64::new(at.0) }
    }

    /// Sets it forward, or back if `by_ms` is negative.
    pub fn jump(&self, by_ms: i64) {
        let jump = |ms: u64| Some(ms.saturating_add_signed(by_ms));
        // There is always a new time, so this cannot fail.
        let _ = self.origin_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, jump);
    }

    fn wall(&self) -> Wall {
        let passed = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Wall(self.origin_ms.load(Ordering::Relaxed).saturating_add(passed))
    }
}

/// What the wall clock says; the Unix epoch if it is set to before that.
#[must_use]
pub fn wall() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
