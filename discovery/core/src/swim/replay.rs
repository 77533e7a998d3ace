//! What was heard already, so that nobody can say it again.
//!
//! Each start of a sender has a number of its own, a *run*, drawn at random, and counts what it
//! sends. A receiver notes for each run which of the last counts it has heard. It may forget a run
//! in time, since a datagram also carries its sender's clock, and an old one is refused for its
//! age. So neither a sender's restart nor a receiver's needs anything on disk. A receiver that has
//! just started knows no runs, and for as long as `clock_skew_max_ms` a recorded datagram could
//! reach it again: it would be addressed to an identity that the receiver had before its start,
//! which foca drops, or ask for an answer, which harms nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::actor::Wall;

/// How far a datagram may fall behind later ones of its sender, in datagrams.
const WINDOW: u64 = 1_024;

/// The runs heard of late.
pub(super) struct Heard {
    skew_max: Duration,
    runs: BTreeMap<u64, Run>,
}

struct Run {
    /// The highest count heard.
    highest: u64,
    /// Bit `count % WINDOW`: whether that count was heard.
    seen: [u64; (WINDOW / 64) as usize],
    heard_at: Wall,
}

/// Why a datagram that is signed is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unheard {
    /// It was heard before, or too many later ones were.
    Replayed,
    /// Its sender's clock, when it was sent, and this node's are too far apart.
    Stale,
}

impl Heard {
    pub(super) fn new(skew_max: Duration) -> Self {
        Self { skew_max, runs: BTreeMap::new() }
    }

    /// Notes the datagram of this run with this count, sent at `sent`, unless it must not be heard.
    pub(super) fn note(
        &mut self,
        now: Wall,
        run: u64,
        count: u64,
        sent: Wall,
    ) -> Result<(), Unheard> {
        if u128::from(now.0.abs_diff(sent.0)) > self.skew_max.as_millis() {
            return Err(Unheard::Stale);
        }
        if !self.runs.contains_key(&run) {
            self.forget(now);
        }
        let run =
            self.runs.entry(run).or_insert(Run { highest: 0, seen: Run::NONE, heard_at: now });
        run.note(count)?;
        run.heard_at = now;
        Ok(())
    }

    /// Forgets runs of which nothing that was heard could be said again: it would be too old.
    fn forget(&mut self, now: Wall) {
        let skew_max = self.skew_max;
        self.runs.retain(|_, run| now <= run.heard_at.after(skew_max * 2));
    }
}

impl Run {
    const NONE: [u64; (WINDOW / 64) as usize] = [0; (WINDOW / 64) as usize];

    fn note(&mut self, count: u64) -> Result<(), Unheard> {
        if count.saturating_add(WINDOW) <= self.highest {
            return Err(Unheard::Replayed);
        }
        if count > self.highest.saturating_add(WINDOW) {
            self.seen = Self::NONE;
        } else {
            (self.highest + 1..=count).for_each(|fresh| self.set(fresh, false));
        }
        self.highest = self.highest.max(count);
        if self.is_seen(count) {
            return Err(Unheard::Replayed);
        }
        self.set(count, true);
        Ok(())
    }

    fn is_seen(&self, count: u64) -> bool {
        let bit = count % WINDOW;
        self.seen[(bit / 64) as usize] & (1 << (bit % 64)) != 0
    }

    fn set(&mut self, count: u64, is_seen: bool) {
        let bit = count % WINDOW;
        let (word, mask) = (&mut self.seen[(bit / 64) as usize], 1 << (bit % 64));
        *word = if is_seen { *word | mask } else { *word & !mask };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall(1_000_000);

    fn heard() -> Heard {
        Heard::new(Duration::from_secs(10))
    }

    #[test]
    fn nothing_is_heard_twice_whatever_the_order() {
        let mut heard = heard();
        let counts = [0, 3, 1, 2, 1_000, 999, 5_000, 4_900, 5_001];
        for count in counts {
            assert_eq!(heard.note(NOW, 7, count, NOW), Ok(()), "{count}");
        }
        for count in counts {
            assert_eq!(heard.note(NOW, 7, count, NOW), Err(Unheard::Replayed), "{count}");
        }
    }

    #[test]
    fn what_fell_behind_the_window_is_not_heard() {
        let mut heard = heard();
        heard.note(NOW, 7, WINDOW, NOW).unwrap();
        assert_eq!(heard.note(NOW, 7, 0, NOW), Err(Unheard::Replayed));
        assert_eq!(heard.note(NOW, 7, 1, NOW), Ok(()));
    }

    #[test]
    fn a_sender_that_starts_again_counts_from_zero() {
        let mut heard = heard();
        heard.note(NOW, 7, 99, NOW).unwrap();
        assert_eq!(heard.note(NOW, 8, 0, NOW), Ok(()));
    }

    #[test]
    fn clocks_may_lie_apart_so_far_and_no_further() {
        let mut heard = heard();
        for sent in [990_000, 1_010_000] {
            assert_eq!(heard.note(NOW, sent, 0, Wall(sent)), Ok(()));
        }
        for sent in [989_999, 1_010_001] {
            assert_eq!(heard.note(NOW, 7, 0, Wall(sent)), Err(Unheard::Stale));
        }
    }

    #[test]
    fn a_run_is_forgotten_only_when_all_it_said_is_stale() {
        let mut heard = heard();
        // The sender's clock is ahead by all that it may be.
        let sent = Wall(1_010_000);
        heard.note(NOW, 7, 0, sent).unwrap();
        for later in (1_000_000..1_040_000).step_by(1_000).map(Wall) {
            heard.note(later, later.0, 0, later).unwrap();
            assert!(heard.note(later, 7, 0, sent).is_err(), "{later:?}");
        }
        assert!(!heard.runs.contains_key(&7));
    }
}
