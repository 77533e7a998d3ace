//! A voter: what it promises, accepts, and has learnt to be decided.

use std::sync::Arc;

use crate::chain::{Ballot, State, Word};
use crate::id::{Epoch, NodeId, Seat};
use crate::ring::Ring;

/// One node's part as a voter, and its memory of the latest ring.
#[derive(Debug)]
pub struct Voter {
    seat: Seat,
    vote: NodeId,
    state: State,
}

impl Voter {
    /// The voter on `seat` whose votes are known as `vote`, with what it kept.
    #[must_use]
    pub fn new(seat: Seat, vote: NodeId, state: State) -> Self {
        Self { seat, vote, state }
    }

    /// The latest ring that it knows to be decided.
    #[must_use]
    pub fn ring(&self) -> Option<&Arc<Ring>> {
        self.state.ring.as_ref()
    }

    /// What must not be forgotten.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The epoch that is to be decided next.
    #[must_use]
    pub fn open(&self) -> Epoch {
        self.ring().map_or(Epoch::NONE, |ring| ring.epoch()).next()
    }

    /// The greatest ballot that it has promised for that.
    #[must_use]
    pub fn promised(&self) -> Ballot {
        self.state.promised
    }

    /// Takes a decided ring for the latest. Whether it is.
    pub fn learn(&mut self, ring: Arc<Ring>) -> bool {
        if ring.epoch() < self.open() {
            return false;
        }
        self.state = State { ring: Some(ring), ..State::default() };
        true
    }

    /// Whether this node's votes count: a ring names them, or there is none that could.
    #[must_use]
    pub fn counts(&self) -> bool {
        let Some(ring) = self.ring() else {
            return true;
        };
        ring.voters().contains(&self.seat)
            && ring.member(self.seat).is_some_and(|member| member.vote == self.vote)
    }

    /// What it answers to a proposer's word. Its state must be kept before that is said.
    ///
    /// `None` for a word about another epoch than the next, for one that is no proposer's, and
    /// while its votes do not count.
    pub fn answer(&mut self, word: &Word) -> Option<Word> {
        if !self.counts() {
            return None;
        }
        match word {
            Word::Prepare { epoch, ballot } if *epoch == self.open() && ballot.is_credible() => {
                Some(self.prepare(*epoch, *ballot))
            }
            Word::Accept { ballot, ring }
                if ring.epoch() == self.open() && self.fits(ring) && ballot.is_credible() =>
            {
                Some(self.accept(*ballot, ring))
            }
            Word::Prepare { .. }
            | Word::Accept { .. }
            | Word::Promise { .. }
            | Word::Accepted { .. }
            | Word::Reject { .. } => None,
        }
    }

    /// Whether `ring` may follow the one that is known; the first may be any that names this node.
    fn fits(&self, ring: &Ring) -> bool {
        match self.ring() {
            Some(known) => {
                known.cluster() == ring.cluster() && known.partitions() == ring.partitions()
            }
            None => ring.member(self.seat).is_some_and(|member| member.vote == self.vote),
        }
    }

    fn prepare(&mut self, epoch: Epoch, ballot: Ballot) -> Word {
        if ballot < self.state.promised {
            return Word::Reject { epoch, promised: self.state.promised };
        }
        self.state.promised = ballot;
        Word::Promise { epoch, ballot, accepted: self.state.accepted.clone() }
    }

    fn accept(&mut self, ballot: Ballot, ring: &Arc<Ring>) -> Word {
        let epoch = ring.epoch();
        if ballot < self.state.promised {
            return Word::Reject { epoch, promised: self.state.promised };
        }
        self.state.promised = ballot;
        self.state.accepted = Some((ballot, Arc::clone(ring)));
        Word::Accepted { epoch, ballot }
    }
}
