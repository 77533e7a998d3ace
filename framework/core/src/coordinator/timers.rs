//! When commands are to be looked at though nobody answers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::actor::Instant;
use crate::id::RequestId;

/// How many timers are never worth a search for those whose commands have ended.
const IDLE_MAX: usize = 1024;

/// One timer or more for each command under way, and some of commands that have ended.
///
/// A command ends long before its deadline as a rule, and taking its timer out then would cost
/// more than leaving it; [`Timers::tidy`] takes out those that were left.
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, RequestId)>>,
    tidy_at: usize,
}

impl Timers {
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), tidy_at: IDLE_MAX }
    }

    pub fn set(&mut self, at: Instant, id: RequestId) {
        self.heap.push(Reverse((at, id)));
    }

    /// When the next one is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out one that is due at `tick`.
    pub fn pop_due(&mut self, tick: Instant) -> Option<RequestId> {
        if self.next_at()? > tick {
            return None;
        }
        self.heap.pop().map(|Reverse((_, id))| id)
    }

    /// Takes out those of commands that have ended, once there may be as many of them as of others.
    pub fn tidy(&mut self, is_under_way: impl Fn(RequestId) -> bool) {
        if self.heap.len() > self.tidy_at {
            self.heap.retain(|Reverse((_, id))| is_under_way(*id));
            self.tidy_at = self.heap.len() * 2 + IDLE_MAX;
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.heap.len()
    }
}
