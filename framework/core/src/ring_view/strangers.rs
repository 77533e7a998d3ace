//! Members that this node was never linked to. For a while none of them is missed.
//!
//! A ring may be decided before all its members are linked with each other, and a node that restarts
//! on a ring that it kept is linked with nobody yet. If it said at once whom it cannot reach, a
//! majority of such nodes would take a healthy member for down, and relieve it as a primary.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::actor::Instant;
use crate::id::Seat;

/// Those members, and until when each may take its time.
#[derive(Debug, Default)]
pub(super) struct Strangers(BTreeMap<Seat, Stranger>);

#[derive(Debug)]
struct Stranger {
    until: Instant,
    is_missed: bool,
}

impl Strangers {
    /// These are the members that were never linked by now. One that is new among them may take
    /// so long.
    pub(super) fn note(&mut self, now: Instant, never_linked: &[Seat], patience: Duration) {
        self.0.retain(|seat, _| never_linked.contains(seat));
        for seat in never_linked {
            let stranger = Stranger { until: now + patience, is_missed: false };
            let stranger = self.0.entry(*seat).or_insert(stranger);
            stranger.is_missed |= stranger.until <= now;
        }
    }

    /// Whether a member may still take its time.
    pub(super) fn may_come(&self, seat: Seat) -> bool {
        self.0.get(&seat).is_some_and(|stranger| !stranger.is_missed)
    }

    /// When the next of them is missed.
    pub(super) fn due(&self) -> Option<Instant> {
        let awaited = self.0.values().filter(|stranger| !stranger.is_missed);
        awaited.map(|stranger| stranger.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_member_that_was_never_linked_is_missed_after_a_while() {
        let (start, seat) = (Instant::default(), Seat(7));
        let mut strangers = Strangers::default();
        strangers.note(start, &[seat], SECOND);
        assert_eq!((strangers.may_come(seat), strangers.due()), (true, Some(start + SECOND)));
        strangers.note(start + SECOND / 2, &[seat], SECOND);
        assert_eq!(strangers.due(), Some(start + SECOND), "its time has begun");
        strangers.note(start + SECOND, &[seat], SECOND);
        assert_eq!((strangers.may_come(seat), strangers.due()), (false, None));
    }

    #[test]
    fn one_that_was_linked_is_no_stranger_any_more() {
        let (start, seat) = (Instant::default(), Seat(7));
        let mut strangers = Strangers::default();
        strangers.note(start, &[seat], SECOND);
        strangers.note(start, &[], SECOND);
        assert!(!strangers.may_come(seat));
    }
}
