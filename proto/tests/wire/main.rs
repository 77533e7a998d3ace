//! The wire from outside: as it was released, for any message, under attack, and how fast.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod arbitrary;
mod checksums;
mod flight;
mod golden;
mod hostile;
mod hostile_rings;
mod kept;
mod properties;
mod ranges;
mod rings;
mod samples;
mod sizes;
mod speed;
