//! The key-value store of peer-ring.
//!
//! [`Kv`] is the app itself, written as any author would write theirs: start with
//! [`app`] to learn how. The feature `server` adds what clients talk to: a typed
//! [`client`] for programs that embed a node, and the [`fronts`] for
//! all others, which speak the Redis protocol and HTTP.

#![deny(missing_docs)]

pub mod app;
pub mod cursor;
pub mod listing;
pub mod namespace;
pub mod page;
pub mod ttl;

#[cfg(feature = "server")]
pub mod client;
#[cfg(feature = "server")]
pub mod fronts;
#[cfg(feature = "server")]
mod http;
#[cfg(feature = "server")]
pub mod resp;

pub use app::{Action, Command, Expiry, Found, Kv, Quorum, Reply, split_record_key};
pub use namespace::{Namespace, Namespaces};
pub use ttl::Ttl;
