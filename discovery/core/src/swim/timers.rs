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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(secs: u32) -> Instant {
        Instant::default() + SECOND * secs
    }

    /// The tokens of the timers that have fallen due.
    fn due(timers: &mut Timers, now: Instant) -> Vec<u8> {
        let token = |timer| match timer {
            Timer::ProbeRandomMember(token) => token,
            other => panic!("{other:?} was not set"),
        };
        std::iter::from_fn(|| timers.pop(now)).map(token).collect()
    }

    #[test]
    fn fall_due_in_their_order_and_not_before() {
        let mut timers = Timers::default();
        for (secs, token) in [(3, 1), (1, 2), (3, 3), (2, 4)] {
            timers.set(at(secs), Timer::ProbeRandomMember(token));
        }
        assert_eq!(timers.deadline(), Some(at(1)));
        assert_eq!(due(&mut timers, at(2)), [2, 4]);
        assert_eq!(due(&mut timers, at(9)), [1, 3]);
        assert_eq!(timers.deadline(), None);
    }

    #[test]
    fn what_is_put_off_keeps_its_order_and_its_distance() {
        let mut timers = Timers::default();
        for (secs, token) in [(3, 1), (1, 2), (3, 3)] {
            timers.set(at(secs), Timer::ProbeRandomMember(token));
        }
        timers.put_off(SECOND * 60);
        assert_eq!(due(&mut timers, at(61)), [2]);
        assert_eq!(due(&mut timers, at(62)), [0; 0]);
        assert_eq!(due(&mut timers, at(63)), [1, 3]);
    }
}
