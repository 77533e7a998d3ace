//! The key-value store of peer-ring.
//!
//! [`Kv`] is the app itself, written as any author would write theirs: start with
//! [`app`](crate::app) to learn how. The feature `server` adds what clients talk to: the Redis
//! protocol and HTTP.

pub mod app;
pub mod namespace;
pub mod page;

pub use app::{Action, Command, Expiry, Found, Kv, Quorum, Reply};
pub use namespace::{Namespace, Namespaces};
