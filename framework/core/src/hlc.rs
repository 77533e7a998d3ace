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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The stamp that comes before all others.
    pub const ZERO: Self = Self(0);

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
        let physical = wall.0 << COUNTER_BITS;
        self.last = Stamp(physical.max(self.last.0.saturating_add(1)));
        self.last
    }

    /// Makes every later stamp come after `seen`.
    pub fn observe(&mut self, seen: Stamp) {
        self.last = self.last.max(seen);
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
    fn a_full_counter_carries_into_the_milliseconds() {
        let mut clock = Clock::default();
        clock.observe(Stamp(5 << 16 | 0xffff));
        assert_eq!(clock.tick(Wall(5)).wall(), Wall(6));
    }
}
