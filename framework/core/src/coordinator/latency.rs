//! How long a peer takes to answer, and when it is late.
//!
//! Jacobson, *Congestion Avoidance and Control* (1988): a smoothed mean and a smoothed deviation,
//! in integers. An answer is late after the mean and four deviations.

use std::time::Duration;

use crate::coordinator::Coordinator;
use crate::id::Seat;
use crate::view::PeerState;

/// The response times of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    mean_ns: u64,
    deviation_ns: u64,
}

impl Latency {
    /// Takes one response time into account.
    pub fn sample(&mut self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX >> 8);
        if self.mean_ns == 0 {
            self.mean_ns = time.max(1);
            self.deviation_ns = time / 2;
            return;
        }
        let error = time.abs_diff(self.mean_ns);
        self.deviation_ns = self.deviation_ns - self.deviation_ns / 4 + error / 4;
        self.mean_ns = (self.mean_ns - self.mean_ns / 8 + time / 8).max(1);
    }

    /// The smoothed mean in nanoseconds; zero before the first sample.
    #[must_use]
    pub fn mean_ns(self) -> u64 {
        self.mean_ns
    }

    /// How long to wait before an answer is late.
    #[must_use]
    pub fn late_after(self) -> Duration {
        Duration::from_nanos(self.mean_ns.saturating_add(self.deviation_ns.saturating_mul(4)))
    }
}

impl Coordinator {
    /// The index of the one of `replicas` that is likely to answer soonest, of those not passed
    /// over; of those preferred unless they are down.
    pub(super) fn fastest(
        &self,
        replicas: &[Seat],
        is_passed_over: impl Fn(u8) -> bool,
        is_preferred: impl Fn(u8) -> bool,
    ) -> Option<u8> {
        let speed = |seat: Seat| {
            if seat == self.seat {
                return (PeerState::Alive, 0);
            }
            let mean = self.latencies.get(&seat).map_or(1, |latency| latency.mean_ns());
            (self.view.health.state(seat), mean)
        };
        let rank = |index, seat| {
            let speed = speed(seat);
            (speed.0 == PeerState::Down, !is_preferred(index), speed)
        };
        let left = (0..).zip(replicas).filter(|(index, _)| !is_passed_over(*index));
        left.min_by_key(|(index, seat)| rank(*index, **seat)).map(|(index, _)| index)
    }

    /// Takes note that `seat` took so long, or has not answered for so long.
    pub(super) fn sample(&mut self, seat: Seat, time: Duration) {
        if seat != self.seat {
            self.latencies.entry(seat).or_default().sample(time);
        }
    }

    /// How long to wait for `seat`; nothing for this node's own replica, which answers at once.
    pub(super) fn late_after(&self, seat: Seat) -> Duration {
        if seat == self.seat {
            return Duration::ZERO;
        }
        let known = self.latencies.get(&seat);
        known.map_or(self.settings.hedge_after_max, |latency| latency.late_after())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_peer_is_late_soon_after_its_usual_time() {
        let mut latency = Latency::default();
        for _ in 0..100 {
            latency.sample(Duration::from_millis(2));
        }
        assert!(latency.late_after() < Duration::from_millis(3));
        assert!(latency.late_after() >= Duration::from_micros(1_990));
    }

    #[test]
    fn a_jittery_peer_is_given_more_time() {
        let mut latency = Latency::default();
        for round in 0..100 {
            latency.sample(Duration::from_millis(if round % 2 == 0 { 1 } else { 9 }));
        }
        assert!(latency.late_after() > Duration::from_millis(12));
    }
}
