//! A deterministic simulator for peer-ring: a whole cluster in one thread, under faults.
//!
//! It runs production's own actors, wired by production's own wiring; only what performs for them
//! is its own: time, the network, and the crashes of nodes. Everything random comes from streams
//! that are keyed by a seed, so whatever happens once can be made to happen again.
//!
//! There are two ways to use it. [`Simulation`] runs *your* app, and lets you ask and hurt its
//! nodes one step after another: see its example. The [`swarm`] runs the key-value store, thousands
//! of times, each time with other sizes, clients and faults, and has everything checked that
//! peer-ring promises:
//!
//! ```text
//! seed --> plan: topology, workload, faults        (plan)
//!            |
//!            v
//!          run: found, turmoil, heal, read all     (run)
//!            |      \
//!            |       world: agenda, nodes, network (world)
//!            v
//!          history --> checkers --> violation      (history, check)
//! ```

#![deny(missing_docs)]

pub mod ask;
pub mod budget;
pub mod check;
pub mod cluster;
pub mod faults;
pub mod flight;
pub mod history;
pub mod plan;
pub mod random;
pub mod run;
pub mod schedule;
pub mod simulation;
pub mod swarm;
pub mod time;
pub mod trace;
pub mod workload;
pub mod world;

pub use simulation::Simulation;
