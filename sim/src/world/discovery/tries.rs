//! When a client tries its backend again: production's pauses, on the node's clock.

use std::time::Duration;

use peer_ring_core::actor::Instant;
use peer_ring_discovery_core::retry::{Retry, Trouble, Verdict};

use crate::random::Stream;

/// The shortest and the longest pause; production's longest is longer.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// What came of a client's attempts so far.
pub(super) struct Tries {
    retry: Retry,
    works_since: Option<Instant>,
    chances: Stream,
}

impl Tries {
    pub fn new(chances: Stream) -> Self {
        Self { retry: Retry::new(PAUSES), works_since: None, chances }
    }

    /// The backend has answered as it should.
    pub fn work(&mut self, now: Instant) {
        self.works_since.get_or_insert(now);
        self.retry.works();
    }

    /// The latest attempt is over. When the next one is due.
    pub fn fail(&mut self, now: Instant) -> Instant {
        if let Some(since) = self.works_since.take() {
            self.retry.broke(now.since(since));
        }
        let chance = Duration::from_nanos(self.chances.below(1_000_000_000)).as_secs_f64();
        match self.retry.failed(&Trouble::Outage(String::new()), chance) {
            Verdict::Again(pause) => now + pause,
            Verdict::GiveUp => unreachable!("an outage never ends a source"),
        }
    }
}
