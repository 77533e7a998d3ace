//! Being laid out.
pub mod actor;
pub mod app;
pub mod coordinator;
pub mod failure;
pub mod hlc;
pub mod id;
pub mod key;
pub mod peer;
pub mod quorum;
pub mod record;
pub mod replica;
pub mod ring;
pub mod view;
pub mod fill;
pub mod membership;
pub mod ring_view;
pub mod wiring;
