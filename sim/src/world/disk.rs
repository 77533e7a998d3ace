//! The disk of a machine, for what a node must not forget: who it is, and what it voted for.
//!
//! Records are not on it. Who a node is was kept before the node does anything. What it voted for
//! is kept a little after it asks for that; a crash before that may lose it, or not.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use peer_ring_core::chain::State;
use peer_ring_core::identity::Kept;
use peer_ring_core::ring::Ring;

use crate::random::{Chance, Stream};
use crate::time::Time;

/// What one machine keeps.
#[derive(Clone, Debug)]
pub struct Disk {
    takes: RangeInclusive<Duration>,
    stream: Stream,
    identity: Option<Kept>,
    state: State,
    /// What is being kept, the oldest first, by number.
    under_way: VecDeque<(u64, State)>,
    /// When the last of that is done.
    busy_until: Time,
}

impl Disk {
    /// An empty disk that takes so long to keep something.
    #[must_use]
    pub fn new(takes: RangeInclusive<Duration>, stream: Stream) -> Self {
        Self {
            takes,
            stream,
            identity: None,
            state: State::default(),
            under_way: VecDeque::new(),
            busy_until: Time::ZERO,
        }
    }

    /// Who the node on it was, if there ever was one.
    #[must_use]
    pub fn identity(&self) -> Option<Kept> {
        self.identity
    }

    /// The latest ring that was kept on it.
    #[must_use]
    pub fn ring(&self) -> Option<&Arc<Ring>> {
        self.state.ring.as_ref()
    }

    /// Keeps who the node is that starts. What it kept before.
    pub fn start(&mut self, identity: Kept) -> State {
        self.identity = Some(identity);
        self.state.clone()
    }

    /// Begins to keep something. When that is done.
    pub fn keep(&mut self, now: Time, number: u64, state: State) -> Time {
        let done = now.max(self.busy_until) + self.stream.span(&self.takes);
        self.under_way.push_back((number, state));
        self.busy_until = done;
        done
    }

    /// What was being kept under this number, and all before it, is kept now.
    pub fn kept(&mut self, number: u64) {
        while self.under_way.front().is_some_and(|(other, _)| *other <= number) {
            self.state = self.under_way.pop_front().expect("there is a first").1;
        }
    }

    /// The node dies: of what was being kept some may be, and nothing after it.
    pub fn crash(&mut self) {
        let under_way = std::mem::take(&mut self.under_way);
        for (_, state) in under_way {
            if !self.stream.happens(Chance::percent(50)) {
                break;
            }
            self.state = state;
        }
        self.busy_until = Time::ZERO;
    }

    /// All that was on it is gone.
    pub fn wipe(&mut self) {
        (self.identity, self.state) = (None, State::default());
        self.under_way.clear();
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::chain::Ballot;
    use peer_ring_core::id::{NodeId, Seat};

    use super::*;

    fn state(round: u64) -> State {
        State { promised: Ballot { round, seat: Seat(1) }, ..State::default() }
    }

    fn disk(seed: u64) -> Disk {
        let millis = Duration::from_millis;
        Disk::new(millis(1)..=millis(5), Stream::new(seed, "disk", &[]))
    }

    const WHO: Kept = Kept { id: NodeId(3), vote: NodeId(5) };

    #[test]
    fn what_is_kept_is_there_at_the_next_start() {
        let mut disk = disk(1);
        assert_eq!(disk.identity(), None);
        assert_eq!(disk.start(WHO), State::default());
        let first = disk.keep(Time::ZERO, 1, state(1));
        assert!(disk.keep(Time::ZERO, 2, state(2)) > first, "one after another");
        disk.kept(2);
        disk.crash();
        assert_eq!((disk.identity(), disk.start(WHO)), (Some(WHO), state(2)));
        disk.wipe();
        assert_eq!((disk.identity(), disk.start(WHO)), (None, State::default()));
    }

    #[test]
    fn a_crash_may_lose_what_was_being_kept_and_then_all_that_came_after_it() {
        let left = |seed| {
            let mut disk = disk(seed);
            disk.keep(Time::ZERO, 1, state(1));
            disk.keep(Time::ZERO, 2, state(2));
            disk.crash();
            disk.start(WHO).promised.round
        };
        let left: Vec<_> = (0..40).map(left).collect();
        assert!([0, 1, 2].iter().all(|round| left.contains(round)), "{left:?}");
    }
}
