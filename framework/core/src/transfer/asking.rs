//! When a peer is asked for a page: not while it is asked for one, nor while it rests.

use std::time::Duration;

use crate::actor::Instant;
use crate::id::Seat;
use crate::peer::{Refusal, Response};
use crate::transfer::{RETRY_PAUSE, Waits};

/// How long a peer that was of no use rests at first, and at most.
const REST_FIRST: Duration = Duration::from_millis(10);
const REST_MAX: Duration = Duration::from_millis(200);

/// The asking of one peer for the pages of one partition.
#[derive(Debug)]
pub(crate) struct Asking {
    asked_at: Option<Instant>,
    rests_until: Instant,
    /// How long it rests the next time.
    rest: Duration,
}

impl Asking {
    /// Of one that was not asked yet.
    pub fn new() -> Self {
        Self { asked_at: None, rests_until: Instant::default(), rest: REST_FIRST }
    }

    /// Whether it may be asked for its next page.
    pub fn may_begin(&self, now: Instant) -> bool {
        self.asked_at.is_none() && self.rests_until <= now
    }

    /// Takes note that it is asked.
    pub fn begin(&mut self, now: Instant) {
        self.asked_at = Some(now);
    }

    /// Since when it is asked for a page that has not come.
    pub fn asked_at(&self) -> Option<Instant> {
        self.asked_at
    }

    /// Takes note that the page has come.
    pub fn end(&mut self) {
        self.asked_at = None;
    }

    /// Takes note that what came was of use.
    pub fn was_of_use(&mut self) {
        self.rest = REST_FIRST;
    }

    /// Lets it rest for `at_least` so long, and longer when it has been of no use before. Until
    /// when.
    pub fn rest(&mut self, now: Instant, at_least: Duration) -> Instant {
        self.asked_at = None;
        self.rests_until = now + self.rest.max(at_least);
        self.rest = (self.rest * 2).min(REST_MAX);
        self.rests_until
    }
}

/// How long `peer` rests at least when this is all that it answers, and what is waited for then.
pub(crate) fn rest_after(peer: Seat, response: &Response) -> (Duration, Option<Waits>) {
    let Response::Refused(refusal) = response else {
        return (RETRY_PAUSE, None);
    };
    match refusal {
        Refusal::WrongEpoch | Refusal::Behind | Refusal::NotReady => {
            (Duration::ZERO, Some(Waits::OtherRing(peer)))
        }
        Refusal::Overloaded => (Duration::ZERO, Some(Waits::Busy(peer))),
        Refusal::Blank => (RETRY_PAUSE, Some(Waits::Blank(peer))),
        Refusal::NotOwner | Refusal::NotPrimary | Refusal::UnknownApp | Refusal::BadCommand => {
            (RETRY_PAUSE, None)
        }
    }
}
