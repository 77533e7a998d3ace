//! A deterministic simulator for peer-ring: a whole cluster in one thread, under faults.
//!
//! It runs production's own actors, wired by production's own wiring; only what performs for them
//! is its own: time, the network, and the crashes of nodes. Everything random comes from streams
//! that are keyed by a seed, so whatever happens once can be made to happen again.
//!
//! [`Simulation`] runs *your* app: by hand, asked and hurt one step after another, or thousands of
//! times, each with other clients and faults, and whatever you claim of it is checked. peer-ring
//! itself is tested in the same way, by the key-value [`store`]:
//!
//! ```text
//! subject: an app, its clients' calls, its claims     (subject; store is the key-value store)
//!            |
//! seed --> plan: sizes, calls, faults              (plan)   <--> text (schedule)
//!            |                                        ^
//!            v                                        | smaller (shrink)
//!          run: found, turmoil, heal, look at all  (run)
//!            |      \
//!            |       world: agenda, nodes, network (world)
//!            v
//!          journal --> checkers --> violation      (journal, check)
//! ```

#![deny(missing_docs)]

pub mod ask;
pub mod budget;
pub mod check;
pub mod clients;
pub mod cluster;
pub mod determinism;
pub mod diagram;
pub mod explain;
pub mod faults;
pub mod flight;
pub mod history;
pub mod journal;
pub mod plan;
pub mod planted;
pub mod random;
pub mod run;
pub mod scene;
pub mod schedule;
pub mod shrink;
pub mod simulation;
pub mod source;
pub mod store;
pub mod story;
pub mod subject;
pub mod swarm;
pub mod time;
pub mod timetable;
pub mod trace;
pub mod world;

pub use faults::Kind;
pub use plan::Swarm;
pub use random::Stream;
pub use simulation::{Seen, Simulation};
