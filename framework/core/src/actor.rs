//! The contract between what decides and what performs.
//!
//! An actor is a value that takes one typed message at a time and answers with typed messages.
//! It never waits, and it knows no clock, socket, thread or random source but what it was handed.
//! Whoever runs it (the actix shell in production, the simulator in tests) hands it the time with
//! every call, performs what it asks for, and wakes it when its [`Actor::deadline`] has come.

use std::collections::VecDeque;
use std::ops::Add;
use std::time::Duration;

/// One concern of a node: decides, and leaves the performing to a runtime.
pub trait Actor {
    /// Everything that can happen to it, except time passing.
    type In;
    /// Everything it can ask for.
    type Out;

    /// Takes one message and puts what follows from it into `out`.
    fn handle(&mut self, now: Now, input: Self::In, out: &mut Outbox<Self::Out>);

    /// When it next wants [`Actor::wake`]; `None` while only a message can move it.
    ///
    /// May change with every call of `handle` or `wake`; the latest answer is the valid one.
    fn deadline(&self) -> Option<Instant>;

    /// Does what has fallen due. Waking it early is harmless.
    fn wake(&mut self, now: Now, out: &mut Outbox<Self::Out>);
}

/// A point on a node's own monotonic clock, in nanoseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// The time from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

/// A reading of a node's wall clock, in milliseconds since the Unix epoch.
///
/// Wall clocks of different nodes disagree, and each may jump: nothing but stamps (corrected by
/// the hybrid logical clock) and expiry is derived from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub u64);

impl Wall {
    /// The instant `span` later, rounded up to a whole millisecond.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

/// What an actor is told about time with every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock: for deadlines and latencies.
    pub tick: Instant,
    /// The wall clock: for stamps and expiry.
    pub wall: Wall,
}

/// What an actor asked for during one call, in order.
#[derive(Debug)]
pub struct Outbox<T>(VecDeque<T>);

impl<T> Outbox<T> {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Adds one order after those already there.
    pub fn push(&mut self, order: T) {
        self.0.push_back(order);
    }

    /// Takes the oldest order out.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    /// Takes all orders out, oldest first, and keeps the room they had.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.0.drain(..)
    }

    /// All orders, oldest first, left where they are.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.0.iter()
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many orders wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_below_a_millisecond_still_lives_one() {
        assert_eq!(Wall(5).after(Duration::from_nanos(1)), Wall(6));
        assert_eq!(Wall(5).after(Duration::from_millis(2)), Wall(7));
    }

    #[test]
    fn instants_do_not_overflow() {
        assert_eq!(Instant(3) + Duration::MAX, Instant(u64::MAX));
        assert_eq!(Instant(3).since(Instant(9)), Duration::ZERO);
    }
}
