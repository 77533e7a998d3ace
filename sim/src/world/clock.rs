//! The clocks of a node: they start apart, run at rates of their own, and one of them may jump.
//!
//! Both clocks hang on one oscillator, which may be fast or slow by some parts per million. The
//! monotonic clock shows just that; the wall clock can also be set. They belong to the machine
//! and go on while the node on it is down.

use std::time::Duration;

use peer_ring_core::actor::{Instant, Now, Wall};

use crate::time::Time;

/// What a right wall clock shows when the world begins, in milliseconds since the Unix epoch.
pub const EPOCH_MS: u64 = 1_700_000_000_000;

const NANOS_PER_MILLI: u64 = 1_000_000;
const MILLION: u64 = 1_000_000;

/// The clocks of one node.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The last time that something about the clock was changed, and what it showed then.
    set_at: Time,
    tick: u64,
    wall_ns: u64,
    /// Nanoseconds that pass here during a million of virtual time.
    rate: u64,
    /// How the wall clock went between earlier changes, the earliest first.
    before: Vec<Phase>,
}

/// How a wall clock went between two changes.
#[derive(Clone, Copy, Debug)]
struct Phase {
    from: Time,
    until: Time,
    /// What it showed in the beginning.
    wall_ns: u64,
    rate: u64,
}

impl Clock {
    /// A clock that is right.
    #[must_use]
    pub fn new() -> Self {
        // Production's monotonic clock starts at one second: zero is "never" to some counters.
        let tick = Duration::from_secs(1).as_nanos();
        Self {
            set_at: Time::ZERO,
            tick: u64::try_from(tick).expect("a second is not long"),
            wall_ns: EPOCH_MS * NANOS_PER_MILLI,
            rate: MILLION,
            before: Vec::new(),
        }
    }

    /// What it shows at `time`, which is not before the last change.
    #[must_use]
    pub fn read(&self, time: Time) -> Now {
        let passed = self.passed(time);
        Now {
            tick: Instant(self.tick + passed),
            wall: Wall((self.wall_ns + passed) / NANOS_PER_MILLI),
        }
    }

    /// The earliest time that the wall clock has shown from `since` on.
    #[must_use]
    pub fn earliest_wall(&self, since: Time) -> Wall {
        // Between two changes it only goes forward.
        let last = self.phase(since.max(self.set_at));
        let phases = self.before.iter().filter(|phase| phase.until >= since);
        let walls = phases.chain([&last]).map(|phase| phase.wall_ns_at(since.max(phase.from)));
        Wall(walls.min().expect("there is the last phase") / NANOS_PER_MILLI)
    }

    /// The first time at which its monotonic clock shows `tick`, if its rate stays as it is.
    #[must_use]
    pub fn when(&self, tick: Instant) -> Time {
        let left = tick.0.saturating_sub(self.tick);
        if self.rate == MILLION {
            return Time(self.set_at.0.saturating_add(left));
        }
        let left = (u128::from(left) * u128::from(MILLION)).div_ceil(u128::from(self.rate));
        Time(self.set_at.0.saturating_add(u64::try_from(left).unwrap_or(u64::MAX)))
    }

    /// Sets the wall clock forward, or back if `by_ms` is negative.
    pub fn jump(&mut self, time: Time, by_ms: i64) {
        self.settle(time);
        self.wall_ns = self.wall_ns.saturating_add_signed(by_ms.saturating_mul(1_000_000));
    }

    /// Lets both clocks run fast by `ppm` parts per million from now on, or slow if negative.
    pub fn drift(&mut self, time: Time, ppm: i32) {
        self.settle(time);
        self.rate = MILLION.saturating_add_signed(ppm.into()).max(1);
    }

    fn phase(&self, until: Time) -> Phase {
        Phase { from: self.set_at, until, wall_ns: self.wall_ns, rate: self.rate }
    }

    fn settle(&mut self, time: Time) {
        self.before.push(self.phase(time));
        let passed = self.passed(time);
        self.tick += passed;
        self.wall_ns += passed;
        self.set_at = time;
    }

    fn passed(&self, time: Time) -> u64 {
        passed(time.0 - self.set_at.0, self.rate)
    }
}

impl Phase {
    fn wall_ns_at(&self, time: Time) -> u64 {
        self.wall_ns + passed(time.0 - self.from.0, self.rate)
    }
}

/// How much passes on a clock of this rate in so much virtual time.
fn passed(time: u64, rate: u64) -> u64 {
    if rate == MILLION {
        return time;
    }
    let passed = u128::from(time) * u128::from(rate) / u128::from(MILLION);
    u64::try_from(passed).expect("worlds do not last for centuries")
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let mut clock = Clock::new();
        let before = clock.read(Time(SECOND));
        clock.jump(Time(SECOND), -5_000);
        let after = clock.read(Time(SECOND));
        assert_eq!(before.tick, after.tick);
        assert_eq!(before.wall.0 - after.wall.0, 5_000);
    }

    #[test]
    fn a_fast_clock_has_shown_a_tick_at_the_time_it_names_and_not_before() {
        let mut clock = Clock::new();
        clock.drift(Time(0), 333);
        let tick = Instant(clock.read(Time(0)).tick.0 + 7 * SECOND);
        let when = clock.when(tick);
        assert!(when < Time(7 * SECOND));
        assert!(clock.read(when).tick >= tick);
        assert!(clock.read(Time(when.0 - 1)).tick < tick);
    }

    #[test]
    fn the_earliest_wall_is_the_one_right_after_the_clock_was_set_back() {
        let mut clock = Clock::new();
        clock.jump(Time(SECOND), -5_000);
        clock.jump(Time(3 * SECOND), 5_000);
        let shown = |since| clock.earliest_wall(Time(since)).0 - (EPOCH_MS - 10_000);
        assert_eq!(shown(SECOND / 2), 6_000);
        assert_eq!(shown(2 * SECOND), 7_000);
        assert_eq!(shown(4 * SECOND), 14_000);
    }

    #[test]
    fn a_change_of_rate_changes_nothing_that_was() {
        let mut clock = Clock::new();
        clock.drift(Time(0), 100_000);
        let before = clock.read(Time(SECOND));
        clock.drift(Time(SECOND), 0);
        assert_eq!(clock.read(Time(SECOND)), before);
        assert_eq!(clock.read(Time(2 * SECOND)).tick.0 - before.tick.0, SECOND);
    }
}
