//! The chain of decrees: how the members of a cluster agree on its next ring, without a leader.
//!
//! The ring of epoch e + 1 is one instance of single-decree Paxos (Lamport, *Paxos Made Simple*,
//! 2001), decided by more than half of the voters that the ring of epoch e names. Anybody may
//! propose; contention costs time and nothing else. A ring says everything there is to say about
//! itself, so whoever missed some epochs needs only the latest.
//!
//! A vote is worth what its memory is worth: a voter promises and accepts only what is kept
//! ([`State`]), and who lost its memory has another identity for its votes
//! ([`crate::ring::Member::vote`]) and is no voter until a ring names it. If half of the voters, or
//! fewer, are lost so for good, since other nodes sit on their seats, all of the others together
//! may decide: no majority can do without one of them, or could have. When more are lost an
//! operator must say so ([`crate::ring::Ring::recover`]).
//!
//! The first ring has no voters before it: **all** whom it names must accept it. So one of them who
//! never comes back would hold up the others for ever, once they have accepted it. Three things
//! help. A proposer knows which of its own proposals came to nothing, and what was accepted under
//! those binds nobody. A member on whose seat another node sits is not waited for. And of anybody
//! else an operator can say that it is gone; the ring that is decided then is the one that was accepted
//! and which it may have decided, so it finds its own cluster if it was not gone after all. Unless it
//! has gone on meanwhile with others whom nobody of that ring could see: the two are two clusters.

mod message;
mod proposer;
#[cfg(test)]
mod tests;
mod voter;

pub use message::{Ballot, State, Word};
pub use proposer::{Electorate, Progress, Proposer, epoch_of};
pub use voter::Voter;
