//! Everything that a peer-ring node decides: its actors, and what they say to each other.
//!
//! # An actor decides, a runtime performs
//!
//! An [`actor::Actor`] is a value that takes one message at a time and answers with messages. It
//! has no clock, socket, file, thread or random source; it is told the time with every call, and
//! what it wants done it asks for. Two runtimes do it: actix in production, and a simulator that
//! replays any schedule of faults from a number. Both run these very actors, so what is found in
//! the one is a bug of the other.
//!
//! ```
//! use peer_ring_core::actor::{Actor, Now, Outbox};
//! use peer_ring_core::id::NodeName;
//! use peer_ring_core::membership::{Fact, In, Membership, Out, Settings, Sighting};
//!
//! let [me, peer] = ["n1", "n2"].map(|name| NodeName::new(name).expect("a name"));
//! let mut membership = Membership::new(me.seat(), Settings::default());
//! let mut out = Outbox::new();
//! let found = Fact::Seen(Sighting::new(peer, "10.0.0.2:7400"));
//! membership.handle(Now::default(), In::Fact(found), &mut out);
//! assert!(matches!(out.pop(), Some(Out::Connect { .. }))); // what it wants done
//! assert!(membership.deadline().is_some()); // when it wants to be woken: to probe
//! ```
//!
//! # Who hears whom
//!
//! ```text
//!       operators,  discovery,
//!       peers'      links,
//!       ring views  probes
//!           |           |
//!  .--------v-----------v----------.
//!  |    RingView <-> Membership    |  Control: one in a node
//!  |       |             |         |
//!  |       '--- View ----'         |  the ring, and who of its members is there
//!  '-------------|----------^------'
//!                | pushed   | how far the replicas are
//!                | when it  |
//!                | changes  |
//!  .--------------v--------------------------------------------------------.
//!  |                                                    one in a partition |
//!  |                Execute, Apply, Fetch, Lead        .--------------.    |
//!  |   Coordinator ----------------------------------->| ReplicaStore |    |
//!  |    ^  |  ^  ^<------------------------------------|  app+table   |    |
//!  |    |  |  |  |     Executed, Superseded, Led ...   '-|------------'    |
//!  |    |  |  |  |                                       |         ^       |
//!  |    |  |  |  |                   Wants, Stray, Merged|   Merge,|Errand,|
//!  |    |  |  |  |                                       v Trusted,|Drop   |
//!  |    |  |  |  |                               Copying, Drain ---'       |
//!  '----|--|--|--|---------------------------------------|-----------------'
//!       |  |  |  |   Shard: one in a thread             | Copy, Compare, Offer
//!    Ask|  |  |  | requests                             |
//!       |  |  |  | responses                            v
//!    callers  |  '-------- peers' coordinators, replica stores
//!  <----------'  Reply
//! ```
//!
//! Read the messages first, [`peer`] and then each actor's `In` and `Out`: they are the design.
//! Then follow a `PUT`:
//!
//! 1. A caller's command comes to the shard that has its key's partition, as a
//!    [`coordinator::Ask`]: which app, which key, which [`app::Plan`], and how long to wait.
//! 2. The [`coordinator`] looks the partition's owners up in the [`ring`]. If this node is none of
//!    them it forwards the command to one, once. Otherwise it stamps the write with its hybrid
//!    logical clock ([`hlc`]) and sends it to all owners at once, itself included.
//! 3. Each owner's [`replica`] store lets the [`app`] handle the command on the partition's
//!    [`record`]s, and keeps what it wrote, unless it holds something newer and says so.
//! 4. The coordinator counts ([`quorum`]). When enough replicas hold the write the caller is
//!    answered; as soon as too few can, it is told so, and whether the write may have happened
//!    ([`failure`]). When too many held something newer, the write is stamped past it and sent
//!    again, so that no clock that lags behind loses an acknowledged write.
//! 5. A later `GET` asks as many replicas as must agree. If they differ, the stale ones are brought
//!    up to date before the reader is answered, so that no later reader sees less.
//!
//! # How the ring changes
//!
//! 1. A node that comes, goes, stays away or comes back with nothing is noticed by the [`steward`] in
//!    each voter's [`ring_view`]; one of them proposes the next [`ring`], and more than half of the
//!    voters decide it ([`chain`]).
//! 2. A ring that moves partitions names two lists for each: its owners and its targets. Whoever has
//!    learnt it refuses requests for those partitions of whoever has not, so an owner that has is
//!    *sealed*: nothing of before can be acknowledged with its help any more. The refused
//!    coordinator learns the ring, too, and tries again: its client notices nothing.
//! 3. From then on commands need their quorum among the owners and among the targets.
//! 4. Each target [copies](copying) from so many sealed owners that one of them must hold any write
//!    that was acknowledged before; what both hold already is recognised by its digest.
//! 5. When all targets have said that they miss nothing, the ring with the targets for owners is
//!    decided. Who owns a partition no more lets go of it when every owner holds all of it
//!    ([`drain`]).
//!
//! # Who believes whom
//!
//! Peers are members of one cluster that have shown who they are; none is thought to lie, but any
//! may be slow, gone, of another version, or of another opinion on the ring. So every request
//! says since when its partition is laid out as it is, and is refused by whoever has it laid out
//! otherwise; every count, size and wait is bounded on the side that bears it; and nothing that a
//! message can say makes an actor panic. A panic is for bugs, and stops the node.
//!
//! A node that lost its records does not pretend: its replicas are blank, keep what they are sent,
//! and count for nothing until [`copying`] has got back what they may have acknowledged before. Nor
//! does one that owned a partition let go of it before [`drain`] has each owner's word that it
//! holds all of it.
//!
//! # What is where
//!
//! | the contract | [`actor`] |
//! |---|---|
//! | names and numbers | [`id`], [`key`], [`hlc`] |
//! | data | [`record`], [`ring`], [`view`], [`peer`], [`failure`], [`quorum`] |
//! | the ring's past and future | [`chain`], [`steward`], [`standing`], [`identity`], [`transfer`] |
//! | what an author writes | [`app`] |
//! | the actors | [`membership`], [`ring_view`], [`coordinator`], [`replica`], [`copying`], [`drain`] |
//! | the actors, connected | [`wiring`] |
//! | to try what tries them | [`rare`], [`planted!`] |

#![deny(missing_docs)]

pub mod actor;
pub mod app;
pub mod chain;
pub mod coordinator;
pub mod copying;
pub mod drain;
pub mod failure;
pub mod hlc;
pub mod id;
pub mod identity;
pub mod key;
pub mod membership;
pub mod peer;
pub mod planted;
pub mod quorum;
pub mod rare;
pub mod record;
pub mod replica;
pub mod ring;
pub mod ring_view;
pub mod standing;
pub mod steward;
pub mod transfer;
pub mod view;
pub mod wiring;

#[cfg(test)]
mod sample;
