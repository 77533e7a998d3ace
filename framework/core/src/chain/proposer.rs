//! A proposer: one attempt after another to have a ring decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Instant, Now};
use crate::chain::{Ballot, Word};
use crate::id::{Epoch, NodeId, Seat};
use crate::rare::{Mark, reached};
use crate::ring::{Member, Ring};

/// How long an attempt waits for voters before the next; each next one of a node waits longer.
const ATTEMPT: Duration = Duration::from_millis(300);
/// Attempts after which a proposer gives up, and whoever wants the ring may begin again.
const ATTEMPTS_MAX: u32 = 5;
/// How many of its own wishes a proposer of a first ring remembers that came to nothing.
const WISHES_MAX: usize = 64;

/// Who must say yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Electorate {
    /// The voters, and as whom the ring knows their votes.
    pub voters: BTreeMap<Seat, NodeId>,
    /// As whom those vote that sit there now, as far as they are there and have said.
    pub seen: BTreeMap<Seat, NodeId>,
    /// Those who are gone for good, and as whom they would vote: an operator said so.
    pub gone: BTreeMap<Seat, NodeId>,
    /// Whether the first ring is decided: all must agree, for nobody knows who else there is.
    pub is_founding: bool,
}

impl Electorate {
    /// Whether `yes` decide: more than half, or all that are left when no majority can have been
    /// without one of those. See [`crate::chain`].
    #[must_use]
    pub fn is_enough(&self, yes: &BTreeSet<Seat>) -> bool {
        let count = self.voters.keys().filter(|seat| yes.contains(seat)).count();
        let lost = self.voters.iter().filter(|(seat, vote)| self.is_lost(**seat, **vote)).count();
        let is_all_left = count > 0
            && self
                .voters
                .iter()
                .all(|(seat, vote)| yes.contains(seat) || self.is_lost(*seat, *vote));
        if self.is_founding {
            return is_all_left;
        }
        count * 2 > self.voters.len() || is_all_left && lost * 2 <= self.voters.len()
    }

    /// Whether a vote is lost for good: another node sits on its seat, or an operator said so.
    fn is_lost(&self, seat: Seat, vote: NodeId) -> bool {
        self.seen.get(&seat).is_some_and(|seen| *seen != vote)
            || self.gone.get(&seat) == Some(&vote)
    }
}

/// What becomes of a word that a proposer hears.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing yet.
    Wait,
    /// Say this to all voters.
    Say(Word),
    /// This ring is decided.
    Decided(Arc<Ring>),
}

/// Proposes for one node.
#[derive(Debug)]
pub struct Proposer {
    seat: Seat,
    attempts: u64,
    start: u32,
    /// The greatest that it has heard of, or made.
    last: Ballot,
    /// Its ballots for a first ring under which it asked for its own wish, nobody having accepted
    /// anything.
    ///
    /// Only this proposer could know one of them to have decided. One that is over has not, and
    /// will not, so what was accepted under it binds nobody. Whoever forgets them must take such a
    /// ring for one that may be decided.
    wishes: BTreeSet<Ballot>,
    attempt: Option<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    /// What is proposed if voters have accepted nothing yet.
    wanted: Arc<Ring>,
    electorate: Electorate,
    ballot: Ballot,
    phase: Phase,
    count: u32,
    due: Instant,
}

#[derive(Debug)]
enum Phase {
    Prepare { yes: BTreeSet<Seat>, best: Option<(Ballot, Arc<Ring>)> },
    Accept { yes: BTreeSet<Seat>, ring: Arc<Ring> },
}

impl Proposer {
    /// The proposer of the node on `seat`, which has proposed nothing yet, or has forgotten it:
    /// `start` is a number drawn at this start, so that its ballots are not those of another one.
    #[must_use]
    pub fn new(seat: Seat, start: u32) -> Self {
        let (last, wishes) = (Ballot::default(), BTreeSet::new());
        Self { seat, start, last, wishes, attempts: 0, attempt: None }
    }

    /// How many attempts it has begun.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Whether it is trying.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.attempt.is_some()
    }

    /// Whom it tries to win.
    #[must_use]
    pub fn electorate(&self) -> Option<&Electorate> {
        self.attempt.as_ref().map(|attempt| &attempt.electorate)
    }

    /// The first ring that others have accepted and this node tries to have decided, while it
    /// does, and those of its members who have not agreed to it yet.
    #[must_use]
    pub fn adopted(&self) -> Option<(&Arc<Ring>, Vec<Seat>)> {
        let attempt = self.attempt.as_ref().filter(|attempt| attempt.electorate.is_founding)?;
        let (ring, yes) = match &attempt.phase {
            Phase::Prepare { yes, best } => (&best.as_ref()?.1, yes),
            Phase::Accept { yes, ring } => (ring, yes),
        };
        let is_wish = ring.fingerprint() == attempt.wanted.fingerprint();
        let silent = ring.members().iter().filter(|member| {
            let (seat, vote) = (member.seat(), member.vote);
            !yes.contains(&seat) && !attempt.electorate.is_lost(seat, vote)
        });
        (!is_wish).then(|| (ring, silent.map(Member::seat).collect()))
    }

    /// Takes note of as whom those vote that sit there `now`. Who was seen when the attempt began and
    /// is not there any more may have been followed by the very one whose vote is needed.
    pub fn see(&mut self, now: &BTreeMap<Seat, NodeId>) {
        if let Some(attempt) = &mut self.attempt {
            attempt.electorate.seen.retain(|seat, vote| now.get(seat) == Some(vote));
        }
    }

    /// When the attempt under way is over.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.attempt.as_ref().map(|attempt| attempt.due)
    }

    /// Gives up: another ring was decided, or is to be proposed.
    pub fn give_up(&mut self) {
        self.attempt = None;
    }

    /// Begins to propose `ring`, past a ballot that was promised to somebody.
    pub fn propose(
        &mut self,
        now: Now,
        ring: Arc<Ring>,
        electorate: Electorate,
        past: Ballot,
    ) -> Word {
        self.last = self.last.max(past);
        self.begin(now, ring, electorate, 1)
    }

    fn begin(&mut self, now: Now, ring: Arc<Ring>, electorate: Electorate, count: u32) -> Word {
        let ballot = self.last.next(self.seat, self.start);
        self.last = ballot;
        self.attempts += 1;
        let epoch = ring.epoch();
        let phase = Phase::Prepare { yes: BTreeSet::new(), best: None };
        // Those who were in each other's way are unlikely to be so again.
        let spread = (self.seat.0 ^ ballot.round.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 40 & 127;
        let due = now.tick + ATTEMPT * count + Duration::from_millis(spread);
        self.attempt = Some(Attempt { wanted: ring, electorate, ballot, phase, count, due });
        Word::Prepare { epoch, ballot }
    }

    /// Tries again when the attempt has taken too long; `None` when it has not, or that was the
    /// last.
    pub fn wake(&mut self, now: Now) -> Option<Word> {
        let attempt = self.attempt.take_if(|attempt| attempt.due <= now.tick)?;
        reached(Mark::ProposedAgain);
        let Attempt { wanted, mut electorate, count, .. } = attempt;
        if electorate.is_founding {
            electorate.voters.extend(voters(&wanted));
        }
        (count < ATTEMPTS_MAX).then(|| self.begin(now, wanted, electorate, count + 1))
    }

    /// Takes a voter's word.
    pub fn hear(&mut self, now: Now, from: Seat, word: Word) -> Progress {
        let Some(attempt) = &mut self.attempt else {
            return Progress::Wait;
        };
        let open = attempt.wanted.epoch();
        match word {
            Word::Promise { epoch, ballot, accepted }
                if epoch == open && ballot == attempt.ballot =>
            {
                // Its own ballots but this one are over.
                let accepted = accepted.filter(|(ballot, _)| !self.wishes.contains(ballot));
                let progress = attempt.promised(from, accepted);
                if attempt.asks_for_a_wish() {
                    self.wishes.insert(attempt.ballot);
                    if self.wishes.len() > WISHES_MAX {
                        self.wishes.pop_first();
                    }
                }
                progress
            }
            Word::Accepted { epoch, ballot } if epoch == open && ballot == attempt.ballot => {
                attempt.accepted(from)
            }
            Word::Reject { epoch, promised }
                if epoch == open && promised > attempt.ballot && promised.is_credible() =>
            {
                self.last = self.last.max(promised);
                // Whoever it was promised to may be about to succeed.
                attempt.due = attempt.due.max(now.tick + ATTEMPT);
                Progress::Wait
            }
            Word::Prepare { .. }
            | Word::Accept { .. }
            | Word::Promise { .. }
            | Word::Accepted { .. }
            | Word::Reject { .. } => Progress::Wait,
        }
    }
}

impl Attempt {
    /// Whether it is to found a cluster of those whom this node wants in it.
    fn asks_for_a_wish(&self) -> bool {
        let asks =
            matches!(&self.phase, Phase::Accept { ring, .. } if Arc::ptr_eq(ring, &self.wanted));
        asks && self.electorate.is_founding
    }

    fn promised(&mut self, from: Seat, accepted: Option<(Ballot, Arc<Ring>)>) -> Progress {
        let Phase::Prepare { yes, best } = &mut self.phase else {
            return Progress::Wait;
        };
        yes.insert(from);
        if accepted.as_ref().map(|(ballot, _)| ballot) > best.as_ref().map(|(ballot, _)| ballot) {
            *best = accepted;
        }
        if let Some((_, other)) = best.as_ref().filter(|_| self.electorate.is_founding) {
            // Whoever founds a cluster of other members needs those as well, from the next attempt
            // on. Where one of them has been followed by another node, that one is asked.
            for (seat, vote) in voters(other) {
                self.electorate.voters.entry(seat).or_insert(vote);
            }
        }
        if !self.electorate.is_enough(yes) {
            return Progress::Wait;
        }
        let ring = match best.take() {
            Some((_, ring)) => {
                reached(Mark::ProposedAnothers);
                if self.electorate.is_founding {
                    // Its members decide about it, and nobody else may.
                    self.electorate.voters = voters(&ring);
                }
                ring
            }
            None => Arc::clone(&self.wanted),
        };
        self.phase = Phase::Accept { yes: BTreeSet::new(), ring: Arc::clone(&ring) };
        Progress::Say(Word::Accept { ballot: self.ballot, ring })
    }

    fn accepted(&mut self, from: Seat) -> Progress {
        let Phase::Accept { yes, ring } = &mut self.phase else {
            return Progress::Wait;
        };
        yes.insert(from);
        if self.electorate.is_enough(yes) {
            return Progress::Decided(Arc::clone(ring));
        }
        Progress::Wait
    }
}

/// Who decides about a first ring: all its members.
fn voters(ring: &Ring) -> BTreeMap<Seat, NodeId> {
    ring.members().iter().map(|member| (member.seat(), member.vote)).collect()
}

/// The epoch of a word.
#[must_use]
pub fn epoch_of(word: &Word) -> Epoch {
    match word {
        Word::Prepare { epoch, .. }
        | Word::Promise { epoch, .. }
        | Word::Accepted { epoch, .. }
        | Word::Reject { epoch, .. } => *epoch,
        Word::Accept { ring, .. } => ring.epoch(),
    }
}
