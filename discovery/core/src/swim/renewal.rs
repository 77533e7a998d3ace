//! When a node that was declared dead says that it lives.
//!
//! At once, as a rule. But where two nodes bear one name, each takes the other's words for its own
//! death; if both answered at once, they would fill the network with it. So one that is declared
//! dead again soon waits, longer each time, and hears and says nothing meanwhile. It then asks
//! others which start they know of its seat, for it may be that its own is too low.

use std::time::Duration;

use peer_ring_core::actor::Instant;

/// The pause before the second renewal; it doubles with each.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A life of this length was no quarrel: the next renewal follows at once.
const GOOD_LIFE: Duration = Duration::from_secs(60);

/// When a node renews its identity.
#[derive(Default)]
pub(super) struct Renewal {
    at: Option<Instant>,
    pause: Duration,
    renewed_at: Option<Instant>,
}

impl Renewal {
    /// This node was declared dead.
    pub(super) fn died(&mut self, now: Instant) {
        if self.at.is_some() || peer_ring_core::planted!("dead-for-ever") {
            return;
        }
        let is_quarrel = self.renewed_at.is_some_and(|last| now.since(last) < GOOD_LIFE);
        self.pause = match is_quarrel {
            true => (self.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX),
            false => Duration::ZERO,
        };
        self.at = Some(now + self.pause);
    }

    /// Whether this node is dead still.
    pub(super) fn is_dead(&self) -> bool {
        self.at.is_some()
    }

    /// Whether renewing did not help for long the last time.
    pub(super) fn is_quarrel(&self) -> bool {
        !self.pause.is_zero()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Whether it renews its identity now.
    pub(super) fn renews(&mut self, now: Instant) -> bool {
        let renews = self.at.is_some_and(|at| at <= now);
        if renews {
            (self.at, self.renewed_at) = (None, Some(now));
        }
        renews
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn renews_at_once_and_then_less_and_less_often() {
        let mut renewal = Renewal::default();
        let mut now = Instant(5);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let died_at = now;
            renewal.died(now);
            now = renewal.deadline().unwrap();
            pauses.push(now.since(died_at).as_secs());
            assert!(renewal.renews(now) && !renewal.renews(now));
        }
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 30, 30]);
        renewal.died(now + GOOD_LIFE);
        assert!(renewal.renews(now + GOOD_LIFE));
    }

    #[test]
    fn who_is_dead_dies_no_more() {
        let mut renewal = Renewal::default();
        renewal.died(Instant(5));
        renewal.renews(Instant(5));
        renewal.died(Instant(5));
        let at = renewal.deadline();
        renewal.died(Instant(5) + SECOND / 2);
        assert!(renewal.is_dead());
        assert_eq!(renewal.deadline(), at);
    }
}
