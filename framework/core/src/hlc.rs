//! The hybrid logical clock: stamps that follow cause and effect and stay near wall time.
//!
//! Kulkarni, Demirbas, Madappa, Avva and Leone, *Logical Physical Clocks* (2014). A stamp is one
//! number: milliseconds since the Unix epoch in the upper 48 bits, a counter in the lower 16. The
//! counter may overflow into the milliseconds, which only means that the clock runs ahead of the
//! wall for a moment.

use serde::{Deserialize, Serialize};

use crate::actor::Wall;

const COUNTER_BITS: u32 = 16;

/// A moment of a hybrid logical clock. Zero comes before all others and stamps nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The stamp that comes before all others.
    pub const ZERO: Self = Self(0);
    /// The first stamp that no replica takes: it is of the year 6429, and nobody's true time.
    ///
    /// Whatever bore one would win for ever, and clocks that followed it would run out of numbers.
    pub const LIMIT: Self = Self(1 << 63);

    /// Whether a replica may take it: whether it is below [`Stamp::LIMIT`].
    #[must_use]
    pub fn is_credible(self) -> bool {
        self < Self::LIMIT
    }

    /// The stamp right after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Its wall part.
    #[must_use]
    pub fn wall(self) -> Wall {
        Wall(self.0 >> COUNTER_BITS)
    }
}

/// One node's hybrid logical clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    last: Stamp,
}

impl Clock {
    /// A stamp later than every one given or observed before, and not before `wall`.
    pub fn tick(&mut self, wall: Wall) -> Stamp {
        let physical = wall.0.min(Stamp::LIMIT.wall().0) << COUNTER_BITS;
        let next = if crate::planted!("same-stamp") { self.last } else { self.last.next() };
        self.last = Stamp(physical).max(next);
        self.last
    }

    /// Makes every later stamp come after `seen`, unless that is not credible.
    pub fn observe(&mut self, seen: Stamp) {
        if seen.is_credible() {
            self.last = self.last.max(seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_only_ever_grow() {
        let mut clock = Clock::default();
        let first = clock.tick(Wall(1_000));
        let jumped_back = clock.tick(Wall(10));
        assert!(jumped_back > first);
        assert_eq!(first.wall(), Wall(1_000));
    }

    #[test]
    fn a_stamp_comes_after_all_that_was_observed() {
        let mut clock = Clock::default();
        let ahead = Stamp(u64::from(u32::MAX) << 16 | 9);
        clock.observe(ahead);
        assert!(clock.tick(Wall(1)) > ahead);
    }

    #[test]
    fn a_stamp_that_nobody_can_have_given_does_not_move_the_clock() {
        let mut clock = Clock::default();
        clock.observe(Stamp(u64::MAX));
        assert_eq!(clock.tick(Wall(7)).wall(), Wall(7));
    }

    #[test]
    fn a_wall_clock_that_has_gone_mad_does_not_wrap_around() {
        let mut clock = Clock::default();
        assert!(clock.tick(Wall(u64::MAX)) >= Stamp::LIMIT);
    }

    #[test]
    fn a_full_counter_carries_into_the_milliseconds() {
        let mut clock = Clock::default();
        clock.observe(Stamp(5 << 16 | 0xffff));
        assert_eq!(clock.tick(Wall(5)).wall(), Wall(6));
    }
}
