//! What an author writes: an app, as an actor beside each partition's records.
//!
//! An [`App`] is a type with typed commands. For each command it says where the key lies
//! ([`App::key`]) and how it runs ([`App::plan`]); [`App::handle`] then runs at the replicas, on
//! the [`Records`] of one partition, and never waits for anything. The records belong to the
//! framework: it replicates, repairs and refills them without a line of the app's code.
//!
//! ```
//! use peer_ring_core::app::{App, Plan, Records};
//! use peer_ring_core::key::Key;
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
//!     fn plan(&self, _: &Add) -> Plan { Plan::owner(3, 2) }
//!     fn handle(&mut self, records: &mut Records<'_>, command: Add) -> u64 {
//!         let total = records.get_as::<u64>(&command.name).unwrap_or(0) + command.by;
//!         records.put_as(&command.name, &total);
//!         total
//!     }
//! }
//! ```

mod erased;
mod plan;
mod records;
pub mod seen;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use erased::{Apps, DuplicateApp, ErasedApp, Reconciled, Undecodable, decode, encode};
pub use plan::{Kind, Plan, Reconcile};
pub use records::{Effects, Grant, Records, table_key};

use crate::key::Key;

/// A replicated system's own part: typed commands and what they do to a partition's records.
///
/// One clone of it lives beside each partition's records on each node that owns the partition.
/// What it keeps in its own fields is a cache at best: it is not replicated and may be dropped.
pub trait App: Clone + Send + 'static {
    /// Its name: lower-case letters, digits and `-`; the same on all nodes and for ever, since
    /// records are kept under it.
    const NAME: &'static str;
    /// What can be asked of it.
    type Command: Serialize + DeserializeOwned + Send + 'static;
    /// What it answers.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// Where the command's key lies.
    fn key(command: &Self::Command) -> Key;

    /// How the command runs: on how many replicas, and how many must answer.
    fn plan(&self, command: &Self::Command) -> Plan;

    /// On how many of a partition's owners its records lie, if not on all of them: the `n` of its
    /// plans, each once.
    ///
    /// A node that lost its memory is filled by enough of just so many owners that nothing is
    /// missing that a majority of them acknowledged. Records that lie on another number of them are
    /// not protected in that way.
    fn replica_counts(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Runs the command on one partition's records.
    ///
    /// Must be a function of its arguments: with a `quorum` plan it runs at several replicas,
    /// and all of them must write the same. A panic here stops the node.
    fn handle(&mut self, records: &mut Records<'_>, command: Self::Command) -> Self::Reply;

    /// Makes one reply of several, for plans that are [`Plan::reconciled_by_app`].
    fn reconcile(&self, command: &Self::Command, answers: Answers<Self::Reply>) -> Self::Reply {
        let _ = command;
        answers.freshest
    }
}

/// The replicas' replies to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers<Reply> {
    /// That of the replica whose records were the freshest.
    pub freshest: Reply,
    /// The others, in no particular order.
    pub others: Vec<Reply>,
}
