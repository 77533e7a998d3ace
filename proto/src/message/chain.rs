//! Words about the decision which ring comes next.

use std::sync::Arc;

use peer_ring_core::chain::{Ballot, Word};
use peer_ring_core::id::{Epoch, Seat};
use peer_ring_core::ring::Ring;

use crate::error::WireError;
use crate::limits::Limits;
use crate::message::ring;
use crate::wire::{self, chain::Word as WireWord};

impl From<Word> for wire::Chain {
    fn from(word: Word) -> Self {
        let word = match word {
            Word::Prepare { epoch, ballot } => {
                WireWord::Prepare(wire::Prepare { epoch: epoch.0, ballot: Some(ballot.into()) })
            }
            Word::Promise { epoch, ballot, accepted } => WireWord::Promise(wire::Promise {
                epoch: epoch.0,
                ballot: Some(ballot.into()),
                accepted: accepted.map(|(ballot, ring)| from_proposal(ballot, &ring)),
            }),
            Word::Accept { ballot, ring } => WireWord::Accept(from_proposal(ballot, &ring)),
            Word::Accepted { epoch, ballot } => {
                WireWord::Accepted(wire::Accepted { epoch: epoch.0, ballot: Some(ballot.into()) })
            }
            Word::Reject { epoch, promised } => {
                WireWord::Reject(wire::Reject { epoch: epoch.0, promised: Some(promised.into()) })
            }
        };
        Self { word: Some(word) }
    }
}

pub(super) fn to_word(chain: wire::Chain, limits: &Limits) -> Result<Word, WireError> {
    let word = chain.word.ok_or(WireError::Missing { what: "a word about the next ring" })?;
    Ok(match word {
        WireWord::Prepare(wire::Prepare { epoch, ballot }) => {
            Word::Prepare { epoch: Epoch(epoch), ballot: to_ballot(ballot)? }
        }
        WireWord::Promise(wire::Promise { epoch, ballot, accepted }) => Word::Promise {
            epoch: Epoch(epoch),
            ballot: to_ballot(ballot)?,
            accepted: accepted.map(|accepted| to_proposal(accepted, limits)).transpose()?,
        },
        WireWord::Accept(proposal) => {
            let (ballot, ring) = to_proposal(proposal, limits)?;
            Word::Accept { ballot, ring }
        }
        WireWord::Accepted(wire::Accepted { epoch, ballot }) => {
            Word::Accepted { epoch: Epoch(epoch), ballot: to_ballot(ballot)? }
        }
        WireWord::Reject(wire::Reject { epoch, promised }) => {
            Word::Reject { epoch: Epoch(epoch), promised: to_ballot(promised)? }
        }
    })
}

impl From<Ballot> for wire::Ballot {
    fn from(ballot: Ballot) -> Self {
        Self { round: ballot.round, seat: ballot.seat.0 }
    }
}

pub(crate) fn to_ballot(ballot: Option<wire::Ballot>) -> Result<Ballot, WireError> {
    let wire::Ballot { round, seat } = ballot.ok_or(WireError::Missing { what: "a ballot" })?;
    Ok(Ballot { round, seat: Seat(seat) })
}

pub(crate) fn from_proposal(ballot: Ballot, ring: &Ring) -> wire::Proposal {
    wire::Proposal { ballot: Some(ballot.into()), ring: ring::encode(ring) }
}

pub(crate) fn to_proposal(
    proposal: wire::Proposal,
    limits: &Limits,
) -> Result<(Ballot, Arc<Ring>), WireError> {
    let ballot = to_ballot(proposal.ballot)?;
    Ok((ballot, Arc::new(ring::decode(proposal.ring, limits)?)))
}
