//! What foca wants to be told later, in the order in which it falls due.

use std::collections::BTreeMap;
use std::time::Duration;

use foca::Timer;
use peer_ring_core::actor::Instant;

use super::identity::Identity;

/// Timers of foca.
#[derive(Default)]
pub(super) struct Timers {
    /// By when they fall due, and among equals by which was set first.
    due: BTreeMap<(Instant, u64), Timer<Identity>>,
    set: u64,
}

impl Timers {
    pub(super) fn set(&mut self, at: Instant, timer: Timer<Identity>) {
        self.set += 1;
        self.due.insert((at, self.set), timer);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first one that has fallen due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer<Identity>> {
        let first = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }

    /// Puts all off: while this node slept, nobody else was given the time to answer.
    pub(super) fn put_off(&mut self, by: Duration) {
        let due = std::mem::take(&mut self.due);
        self.due = due.into_iter().map(|((at, set), timer)| ((at + by, set), timer)).collect();
    }
}
