//! The steward at work: what is due, whose turn it is, and proposing it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Instant, Now, Outbox};
use crate::chain::Electorate;
use crate::id::{NodeName, Seat};
use crate::rare::{Mark, reached};
use crate::ring::{Member, Ring};
use crate::ring_view::{NoRing, Out, RingView};
use crate::steward::{self, ChangeMode, Next, Target};

/// A node that was to join and went down is waited for so long, and no longer than others are.
const JOINER_PATIENCE: Duration = Duration::from_secs(30);

/// Something that should be decided.
#[derive(Debug)]
pub(super) struct Noticed {
    what: What,
    since: Instant,
    /// When this node proposes it, if nobody has before.
    pub due: Instant,
}

/// What should be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// The first ring, of these.
    Found(Vec<Member>),
    /// The next one.
    Next(Next),
}

impl RingView {
    /// Works out what is due, and proposes it when it is this node's turn.
    pub(super) fn steer(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.watch(now);
        let Some((what, delay)) = self.next() else {
            self.noticed = None;
            return;
        };
        let since = match &self.noticed {
            Some(noticed) if noticed.what == what => noticed.since,
            Some(_) | None => now.tick,
        };
        let due = since + delay + self.settings.patience * self.rank(&what);
        self.noticed = Some(Noticed { what, since, due });
        if due <= now.tick && !self.proposer.is_busy() {
            self.propose_noticed(now, out);
        }
    }

    /// Takes note of since when members are down, and of who is not gone for good after all.
    fn watch(&mut self, now: Now) {
        self.watched_at = now.tick;
        self.gone.retain(|seat, _| self.known.present(*seat).is_none());
        let down = self.ring().map(|ring| self.known.down(ring)).unwrap_or_default();
        self.down_since.retain(|seat, _| down.contains(seat));
        for seat in down {
            self.down_since.entry(seat).or_insert(now.tick);
        }
    }

    /// When the next member will have been down for too long.
    pub(super) fn next_late(&self) -> Option<Instant> {
        let at = |(seat, since): (&Seat, &Instant)| Some(*since + self.late_after(*seat)?);
        // Those that are late already are dealt with whenever something happens.
        let watched = self.watched_at;
        self.down_since.iter().filter_map(at).filter(|at| *at > watched).min()
    }

    /// How long a member may be down before it is left out; `None` for ever.
    fn late_after(&self, seat: Seat) -> Option<Duration> {
        let member = self.ring().and_then(|ring| ring.member(seat));
        let is_joining = member.is_some_and(|it| it.tenure == crate::ring::Tenure::Joining);
        let evict_after = self.settings.evict_after;
        if is_joining {
            return Some(evict_after.map_or(JOINER_PATIENCE, |after| after.min(JOINER_PATIENCE)));
        }
        evict_after
    }

    /// Members that are down for so long that they are left out.
    pub(super) fn late(&self) -> BTreeSet<Seat> {
        let is_late = |(seat, since): &(&Seat, &Instant)| {
            self.late_after(**seat).is_some_and(|after| **since + after <= self.watched_at)
        };
        self.down_since.iter().filter(is_late).map(|(seat, _)| *seat).collect()
    }

    /// What should be decided, and how long nothing else may have happened before.
    fn next(&self) -> Option<(What, Duration)> {
        let Some(ring) = self.ring() else {
            return Some((What::Found(self.founders()?), Duration::ZERO));
        };
        let next = |next, delay| Some((What::Next(next), delay));
        let settle_delay = self.settings.settle_delay;
        let back = self.known.back(ring);
        if !back.is_empty() {
            return next(Next::Replace(back), Duration::ZERO);
        }
        let down: BTreeSet<_> = self.down_since.keys().copied().collect();
        let deposed = steward::deposed(ring, &self.known, &down);
        if let Some((seats, true)) = deposed {
            return next(Next::Depose(seats), Duration::ZERO);
        }
        if ring.is_moving() {
            if self.known.laggards(ring, &self.targets).next().is_none() {
                return next(Next::Settle, Duration::ZERO);
            }
            let late = self.late();
            let is_awaited = |seat: &Seat| self.targets.contains(seat);
            if late.iter().any(is_awaited) {
                let target = steward::target(ring, &self.known, &late);
                let changes = late.iter().any(|seat| target.evicted.contains(seat));
                return changes.then_some((What::Next(Next::Begin(target)), Duration::ZERO));
            }
            return None;
        }
        if let Some((seats, false)) = deposed {
            return next(Next::Depose(seats), settle_delay);
        }
        let target = self.automatic_target(ring);
        let waits = steward::waits(ring, &self.known, &target, &self.settings);
        (!target.is_empty() && waits.is_none())
            .then_some((What::Next(Next::Begin(target)), settle_delay))
    }

    fn automatic_target(&self, ring: &Ring) -> Target {
        match self.settings.change {
            ChangeMode::Automatic => steward::target(ring, &self.known, &self.late()),
            ChangeMode::Manual => {
                steward::target(ring, &self.known, &BTreeSet::new()).without_joins()
            }
        }
    }

    /// How many have their turn before this node.
    fn rank(&self, what: &What) -> u32 {
        let own = self.known.own().member.name.clone();
        let before = |name: &NodeName| *name < own;
        let count = match (what, self.ring()) {
            (What::Found(founders), _) => founders.iter().filter(|it| before(&it.name)).count(),
            (What::Next(_), Some(ring)) => {
                let is_voter = ring.voters().contains(&self.seat);
                let voters = ring.voters().iter().filter(|seat| self.known.is_there(**seat));
                let names = voters.filter_map(|seat| ring.member(*seat)).map(|it| &it.name);
                // Who has no vote comes after all that have.
                names.filter(|name| !is_voter || before(name)).count()
            }
            (What::Next(_), None) => 0,
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn propose_noticed(&mut self, now: Now, out: &mut Outbox<Out>) {
        let Some(noticed) = self.noticed.take() else {
            return;
        };
        let proposed = match &noticed.what {
            What::Found(founders) => self.first_ring(now, founders),
            What::Next(next) => {
                let ring = self.ring().expect("something comes next");
                match next {
                    Next::Begin(target) if !target.evicted.is_empty() && ring.is_moving() => {
                        reached(Mark::RingRedirected);
                    }
                    Next::Begin(target) if !target.evicted.is_empty() => reached(Mark::Evicted),
                    Next::Begin(_) | Next::Replace(_) | Next::Depose(_) | Next::Settle => {}
                }
                next.of(now.wall, ring)
            }
        };
        // What comes of it is noticed anew, if it fails.
        match proposed {
            Ok(ring) => self.propose(now, Arc::new(ring), out),
            Err(why) if self.ring().is_none() => {
                out.push(Out::Impossible(NoRing::Ring(why)));
            }
            // Its members make no ring: that changes with them.
            Err(_) => self.noticed = Some(Noticed { due: now.tick + JOINER_PATIENCE, ..noticed }),
        }
    }

    /// Begins to have `ring` decided.
    pub(super) fn propose(&mut self, now: Now, ring: Arc<Ring>, out: &mut Outbox<Out>) {
        let vote = |member: &Member| (member.seat(), member.vote);
        let voters = match self.ring() {
            Some(known) => {
                let members = known.voters().iter().filter_map(|seat| known.member(*seat));
                members.map(vote).collect()
            }
            None => ring.members().iter().map(vote).collect(),
        };
        let is_founding = self.ring().is_none();
        let (seen, gone) = (self.known.votes(), self.gone.clone());
        let electorate = Electorate { voters, seen, gone, is_founding };
        let past = self.voter.promised();
        let word = self.proposer.propose(now, ring, electorate, past);
        self.say_to_voters(now, &word, out);
    }
}
