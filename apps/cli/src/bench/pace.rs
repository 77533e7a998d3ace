//! When a client's next operation is due.
//!
//! In a *closed loop* it is due as soon as there is room for it, so a slow server is asked less.
//! In an *open loop* it is due at an instant fixed beforehand, and its latency counts from there
//! whether or not it could be sent then: a stall of the server is then seen by every operation
//! that fell into it (Tene's "coordinated omission" is left out of nothing).
//!
//! Instants are nanoseconds since the origin of the run.

/// What a pace says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Now; its latency counts from this instant.
    Since(u64),
    /// Not before this instant.
    At(u64),
    /// Never any more.
    Over,
}

/// The pace of one client.
#[derive(Clone, Debug)]
pub struct Pace {
    /// The instant of the first operation and the time from one to the next; `None` in a closed
    /// loop.
    schedule: Option<Schedule>,
    /// Operations before this are a warm-up: they are not counted.
    counts_from: u64,
    /// No operation is due from here on.
    until: u64,
    /// How many that count are left.
    left: u64,
}

/// Instants of an open loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The first.
    pub first: f64,
    /// From one to the next.
    pub interval: f64,
}

impl Pace {
    /// A pace that counts operations from `counts_from` on, ends before `until`, and has `left`
    /// operations at the most that count.
    #[must_use]
    pub fn new(schedule: Option<Schedule>, counts_from: u64, until: u64, left: u64) -> Self {
        Self { schedule, counts_from, until, left }
    }

    /// Takes the next operation, if it is due.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is time")]
    pub fn next(&mut self, now: u64) -> Due {
        let at = match &mut self.schedule {
            None => now,
            Some(schedule) => {
                let at = schedule.first as u64;
                if at > now && at < self.until && self.left > 0 {
                    return Due::At(at);
                }
                schedule.first += schedule.interval;
                at
            }
        };
        if at >= self.until || self.left == 0 {
            return Due::Over;
        }
        if self.counts(at) {
            self.left -= 1;
        }
        Due::Since(at)
    }

    /// Whether nothing is due any more.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.until || self.left == 0
    }

    /// Whether it ends by itself, however few operations there were.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.until < u64::MAX
    }

    /// Whether an operation that was due at this instant counts.
    #[inline]
    #[must_use]
    pub fn counts(&self, at: u64) -> bool {
        at >= self.counts_from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_closed_loop_is_always_due_until_it_is_over() {
        let mut pace = Pace::new(None, 0, SECOND, u64::MAX);
        assert_eq!(pace.next(5), Due::Since(5));
        assert_eq!(pace.next(SECOND - 1), Due::Since(SECOND - 1));
        assert_eq!(pace.next(SECOND), Due::Over);
    }

    #[test]
    fn a_warm_up_takes_nothing_from_the_count() {
        let mut pace = Pace::new(None, 10, u64::MAX, 1);
        assert_eq!(pace.next(0), Due::Since(0));
        assert!(!pace.counts(0));
        assert_eq!(pace.next(10), Due::Since(10));
        assert_eq!(pace.next(11), Due::Over);
    }

    #[test]
    fn an_open_loop_that_fell_behind_counts_from_when_it_was_due() {
        let schedule = Schedule { first: 100.0, interval: 50.0 };
        let mut pace = Pace::new(Some(schedule), 0, 1_000, u64::MAX);
        assert_eq!(pace.next(0), Due::At(100));
        assert_eq!(pace.next(220), Due::Since(100));
        assert_eq!(pace.next(220), Due::Since(150));
        assert_eq!(pace.next(220), Due::Since(200));
        assert_eq!(pace.next(220), Due::At(250));
        let taken = (0..).take_while(|_| pace.next(5_000) != Due::Over).count();
        assert_eq!(taken, 15, "250, 300, .. 950");
    }
}
