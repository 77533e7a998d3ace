//! Virtual time: nanoseconds since the world began, the same for everything in it.
//!
//! Nobody inside the world sees it. Nodes see their own clocks ([`crate::world::clock`]), which
//! may run and jump as they like; virtual time only says what happens before what.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// A point in virtual time, in nanoseconds since the world began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// The beginning of the world.
    pub const ZERO: Self = Self(0);

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl fmt::Display for Time {
    /// Seconds with microseconds: `1.250000 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} s", self.0 / 1_000_000_000, self.0 % 1_000_000_000 / 1_000)
    }
}

/// When something happened: the number of the event, which orders everything, and the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// How many events came before it.
    pub event: u64,
    /// The virtual time, for people.
    pub at: Time,
}
