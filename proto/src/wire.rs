//! What `prost` makes of `proto/peer/v1/peer.proto`.
//!
//! Everything else in this crate speaks core's types; these are for whoever needs the bare wire,
//! such as tests. The comments of the fields stand in the `.proto` file.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/peer_ring.peer.v1.rs"));
