//! `swim`: nodes find each other by gossip, with no registry. Two addresses start a cluster.
//!
//! The protocol, and how fast it is, stands on the front page of its pure half, which is all there is
//! to it but this: a UDP socket, a clock, a resolver of names, and a file of keys that is read again,
//! around an [`Agent`](peer_ring_discovery_core::swim::Agent).

mod keys_file;
mod perform;
mod resolve;

pub use peer_ring_discovery_core::swim::{Dropped, Key, Settings};
pub use perform::Swim;
