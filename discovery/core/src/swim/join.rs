//! How a node finds its way into a cluster, and when it has told what there is to know.
//!
//! It asks seeds: soon again while it is *alone*, now and then later, for two clusters may have
//! forgotten each other. Once it knows anybody, it *catches up*: an answer has room for a score of
//! nodes, so it asks several in each round until rounds bring nobody new. Then it has settled. A
//! node that stays alone settles in time too, for it may be the first.

use std::time::Duration;

use peer_ring_core::actor::Instant;

use super::settings::Settings;

/// The pause after the first time that seeds were asked; it doubles with each.
const ASK_PAUSE_MIN: Duration = Duration::from_millis(250);

/// Rounds without anybody new after which a node has caught up, in a small cluster.
const QUIET_ROUNDS_MIN: usize = 3;

/// For so many nodes known there is one round more: about as many as an answer has room for.
const NODES_A_ROUND: usize = 20;

/// Rounds after which it stops in any case.
const ROUNDS_MAX: usize = 60;

/// Where a node is on its way in.
pub(super) struct Join {
    ask_at: Instant,
    ask_pause: Duration,
    ask_pause_max: Duration,
    round_interval: Duration,
    catch_up: Option<CatchUp>,
    settle_at: Instant,
    is_settled: bool,
}

struct CatchUp {
    at: Instant,
    known: usize,
    quiet: usize,
    rounds: usize,
}

impl Join {
    pub(super) fn new(now: Instant, settings: &Settings) -> Self {
        Self {
            ask_at: now,
            ask_pause: ASK_PAUSE_MIN,
            ask_pause_max: Duration::from_millis(settings.heal_interval_ms),
            round_interval: Duration::from_millis(settings.gossip_interval_ms),
            catch_up: None,
            settle_at: now + settings.settle_after(),
            is_settled: false,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        let round_at = self.catch_up.as_ref().map(|it| it.at);
        let settle_at = if self.is_settled { None } else { Some(self.settle_at) };
        self.ask_at.min(round_at.or(settle_at).unwrap_or(self.ask_at))
    }

    /// Whether to ask the seeds now. `jitter` is from a half to one.
    pub(super) fn asks(&mut self, now: Instant, is_alone: bool, jitter: f64) -> bool {
        if now < self.ask_at {
            return false;
        }
        let pause = if is_alone { self.ask_pause } else { self.ask_pause_max };
        self.ask_at = now + pause.mul_f64(jitter);
        self.ask_pause = (self.ask_pause * 2).min(self.ask_pause_max);
        true
    }

    /// This node is not alone any more.
    pub(super) fn met(&mut self, now: Instant) {
        self.catch_up =
            Some(CatchUp { at: now + self.round_interval, known: 0, quiet: 0, rounds: 0 });
    }

    /// This node is alone.
    pub(super) fn parted(&mut self, now: Instant) {
        self.catch_up = None;
        (self.ask_at, self.ask_pause) = (now, ASK_PAUSE_MIN);
    }

    /// Whether to ask others whom they know, when this node knows so many.
    pub(super) fn catches_up(&mut self, now: Instant, known: usize) -> bool {
        let Some(round) = self.catch_up.as_mut().filter(|it| it.at <= now) else {
            return false;
        };
        round.quiet = if known > round.known { 0 } else { round.quiet + 1 };
        round.known = round.known.max(known);
        round.rounds += 1;
        round.at = now + self.round_interval;
        let quiet_max = QUIET_ROUNDS_MIN + round.known / NODES_A_ROUND;
        let goes_on = round.quiet < quiet_max && round.rounds < ROUNDS_MAX;
        if !goes_on {
            self.catch_up = None;
            self.settle_at = now;
        }
        goes_on
    }

    /// Whether to say that all is said, which is said once.
    pub(super) fn settles(&mut self, now: Instant) -> bool {
        let settles = !self.is_settled && self.catch_up.is_none() && self.settle_at <= now;
        self.is_settled |= settles;
        settles
    }
}
