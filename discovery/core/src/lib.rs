//! What sources of discovery decide: the pure half of each.
//!
//! A source of discovery says which nodes exist ([`Fact`]s). Here is what it makes of the answers of
//! its backend, and what it asks for next; it knows no socket, clock or thread, and draws nothing at
//! random that it was not given the seed of. The other half, which asks, is `peer-ring-discovery`. A
//! simulator stands in for that, and for the backends, and so runs what production runs.
//!
//! | module | decides |
//! |---|---|
//! | [`said`] | what to say of a list of nodes that is written anew, as that of `static` is |
//! | [`dns`] | when to ask for records, and what to say of those that come |
//! | `swim` (a feature) | all of gossip: what to say to whom, and whom to take for lost |
//! | [`etcd`] | what to say of keys and watches, and when to write the own key |
//! | [`zookeeper`] | what to say of znodes and watches, and when to register |
//! | [`kubernetes`] | what to say of slices or pods, and from where to watch |
//! | [`retry`] | when a backend that failed is tried again, and when no more |
//!
//! ```
//! use peer_ring_core::actor::Outbox;
//! use peer_ring_core::id::NodeName;
//! use peer_ring_discovery_core::zookeeper::{In, Out, Roster};
//!
//! let mut roster = Roster::new(NodeName::new("n1")?);
//! let mut orders = Outbox::new();
//! roster.handle(In::Opened { session: 7 }, &mut orders);
//! assert_eq!(orders.drain().collect::<Vec<_>>(), [Out::Register, Out::Watch, Out::List]);
//! # Ok::<(), peer_ring_core::id::BadName>(())
//! ```
//!
//! [`Fact`]: peer_ring_core::membership::Fact

#![deny(missing_docs)]

pub mod announcement;
pub mod dns;
pub mod etcd;
pub mod kubernetes;
pub mod retry;
pub mod said;
mod settings;
#[cfg(feature = "swim")]
pub mod swim;
pub mod zookeeper;

pub use settings::{Backoff, BadSetting, above_zero};
