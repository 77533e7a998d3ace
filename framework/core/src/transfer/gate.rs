//! The gate through which data moves: so many bytes a second, and a trickle while clients wait.

use std::time::Duration;

use crate::actor::Instant;
use crate::transfer::{Settings, Waits};

/// How far it may be in debt before it closes, as time at the full rate.
const BURST: Duration = Duration::from_millis(50);

/// How often a page goes through all the same while clients wait: however many they are, and for
/// however long, a move comes to an end.
const TRICKLE_PAUSE: Duration = Duration::from_millis(100);

/// Lets one page through, now and then.
#[derive(Debug, Default)]
pub struct Trickle {
    /// When the next one may go through.
    at: Instant,
}

impl Trickle {
    /// Whether a page may go through.
    #[must_use]
    pub fn is_open(&self, now: Instant) -> bool {
        now >= self.at
    }

    /// Takes note that one does.
    pub fn pass(&mut self, now: Instant) {
        self.at = now + TRICKLE_PAUSE;
    }
}

/// A token bucket that may go into debt, since nobody knows how long a page is before it is there.
#[derive(Debug)]
pub struct Gate {
    bytes_per_second: u64,
    /// When all that went through is paid for.
    paid_at: Instant,
    is_foreground_busy: bool,
    trickle: Trickle,
}

impl Gate {
    /// An open gate.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let bytes_per_second = settings.bytes_per_second.max(1);
        Self {
            bytes_per_second,
            paid_at: Instant::default(),
            is_foreground_busy: false,
            trickle: Trickle::default(),
        }
    }

    /// Takes note of whether so many commands are under way that data only trickles.
    pub fn set_foreground_busy(&mut self, is_busy: bool) {
        self.is_foreground_busy = is_busy;
    }

    /// Takes note that a page goes through for which no client waits.
    pub fn pass(&mut self, now: Instant) {
        self.trickle.pass(now);
    }

    /// Pays for what has gone through.
    pub fn spend(&mut self, now: Instant, bytes: u64) {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.paid_at = self.paid_at.max(now) + cost;
    }

    /// Why nothing may go through now; `None` when it may. What `is_urgent` is what clients wait
    /// for, and they are not its rivals.
    #[must_use]
    pub fn closed(&self, now: Instant, is_urgent: bool) -> Option<Waits> {
        if self.is_foreground_busy && !is_urgent && !self.trickle.is_open(now) {
            return Some(Waits::Foreground);
        }
        (self.paid_at > now + BURST).then_some(Waits::Limit)
    }

    /// When enough of what went through is paid for and, while clients wait, the next page may go
    /// through.
    #[must_use]
    pub fn opens_at(&self) -> Instant {
        let burst = u64::try_from(BURST.as_nanos()).unwrap_or(u64::MAX);
        let paid_at = Instant(self.paid_at.0.saturating_sub(burst));
        if self.is_foreground_busy { paid_at.max(self.trickle.at) } else { paid_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(bytes_per_second: u64) -> Gate {
        Gate::new(&Settings { bytes_per_second, ..Settings::default() })
    }

    #[test]
    fn no_more_goes_through_in_a_second_than_allowed_but_for_one_page() {
        let mut gate = gate(1_000_000);
        let (mut now, mut bytes) = (Instant(1_000_000_000), 0);
        let end = now + Duration::from_secs(1);
        while now < end {
            match gate.closed(now, false) {
                None => {
                    gate.spend(now, 10_000);
                    bytes += 10_000;
                }
                Some(why) => {
                    assert_eq!(why, Waits::Limit);
                    now = gate.opens_at();
                }
            }
        }
        assert!((990_000..=1_070_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn while_clients_are_many_only_what_they_wait_for_goes_through_and_a_trickle() {
        let mut gate = gate(1_000);
        gate.set_foreground_busy(true);
        gate.pass(Instant(1));
        assert_eq!(gate.closed(Instant(2), false), Some(Waits::Foreground));
        assert_eq!(gate.closed(Instant(2), true), None);
        assert_eq!(gate.opens_at(), Instant(1) + TRICKLE_PAUSE);
        assert_eq!(gate.closed(gate.opens_at(), false), None);
        gate.set_foreground_busy(false);
        assert_eq!(gate.closed(Instant(2), false), None);
    }
}
