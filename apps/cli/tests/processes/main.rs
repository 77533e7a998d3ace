//! The binary as its users meet it: real processes, real sockets, real signals.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod bench;
mod commands;
mod dev;
mod discovery;
mod failures;
mod flight;
#[path = "../harness/mod.rs"]
mod harness;
mod recovery;
mod refusals;
mod ring_changes;
mod sim;
