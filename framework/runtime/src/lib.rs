//! peer-ring: a framework for decentralised, sharded, replicated systems in the line of Dynamo.
//!
//! An author writes an [`App`]: typed commands, where their keys lie, how they run, and what they
//! do to the records of one partition. A [`Node`] runs it, together with the ring, routing,
//! replication, quorums, repair and links to its peers; a [`Handle`] is how the rest of the
//! process talks to it. The very same app runs in the simulator, `peer-ring-sim`.
//!
//! ```
//! use peer_ring::{App, Config, Key, Node, Plan, Records};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone)]
//! struct Counters;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Add { name: String, by: u64 }
//!
//! impl App for Counters {
//!     const NAME: &'static str = "counters";
//!     type Command = Add;
//!     type Reply = u64;
//!     fn key(command: &Add) -> Key { Key::from(&command.name) }
//!     fn plan(&self, _: &Add) -> Plan { Plan::owner(3, 1) }
//!     fn handle(&mut self, records: &mut Records<'_>, command: Add) -> u64 {
//!         let total = records.get_as::<u64>(&command.name).unwrap_or(0) + command.by;
//!         records.put_as(&command.name, &total);
//!         total
//!     }
//! }
//!
//! # actix_rt::System::new().block_on(async {
//! let mut config = Config::new("n1")?;
//! config.listen = "127.0.0.1:0".parse()?;
//! let node = Node::builder().config(config).app(Counters).start().await?;
//! node.ready().await;
//! assert_eq!(node.ask(Add { name: "hits".into(), by: 2 }).await?, 2);
//! assert_eq!(node.ask(Add { name: "hits".into(), by: 1 }).await?, 3);
//! node.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What happens to a command, from a call of [`Handle::ask`] to its reply: `handle.rs` encodes it
//! and picks the shard of its key; `shell.rs` hands it to the shard's coordinator
//! (`peer_ring_core::coordinator`); what that asks of peers, `shard_port.rs` gives to a link,
//! `links/outbound.rs` packs into frames and `links/read.rs` unpacks at the other end, where the
//! shell of that shard takes it to the replica store (`peer_ring_core::replica`) and the answer
//! comes back the same way.

#![deny(missing_docs)]

pub mod admin;
mod board;
mod client;
mod clock;
mod config;
mod data;
pub mod flight;
mod handle;
mod links;
mod metrics;
mod node;
mod operate;
mod pieces;
mod readiness;
mod replies;
mod shard_port;
mod shell;
#[doc(hidden)]
pub mod staged;
mod start;
mod stats;
mod stop;
mod waiting;

pub use client::Client;
pub use config::{ChangeSettings, Config, ConfigError, LinkSettings};
pub use data::DataError;
pub use flight::FlightSettings;
pub use handle::Handle;
pub use node::{Builder, NoApp, Node, StartError};
pub use operate::OrderError;
pub use readiness::NotYet;
pub use stats::{LATENCY_BOUNDS_US, Latencies, LinkStats, NodeStats, ShardStats};
pub use stop::NodeFailure;

pub use peer_ring_core as core;
pub use peer_ring_core::app::{Answers, App, Plan, Records};
pub use peer_ring_core::failure::Failure;
pub use peer_ring_core::id::{NodeId, NodeName, Seat};
pub use peer_ring_core::key::Key;
pub use peer_ring_core::membership::{Fact, Sighting};
pub use peer_ring_core::view::{PeerState, View};
pub use peer_ring_discovery as discovery;
pub use peer_ring_proto::WireVersion;
