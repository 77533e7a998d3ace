//! The stage: a cluster on which a scene is played, whatever performs for its actors.

use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{CallerId, NodeId, PartitionId};
use peer_ring_core::record::Record;
use peer_ring_core::replica::ReplicaStore;
use peer_ring_core::view::View;

use crate::scene::step::{Harm, Layout};
use crate::world::{Hop, NodeIndex};

/// An app's reply, or why there is none.
pub type Answer = Result<Bytes, Failure>;

/// A cluster to play on. Its nodes run the apps of [`apps`], and messages take what
/// [`travel`] says.
///
/// Time passes in `wait`, `settle` and `answer` only.
pub trait Stage {
    /// A cluster that has been founded and is whole.
    fn raise(layout: Layout) -> Self;

    /// Asks a node that is up.
    fn ask(&mut self, node: NodeIndex, asked: CallerId, ask: Ask);

    /// Lets time pass until the answer is there, or for no longer than `patience`. An answer is
    /// given out once.
    fn answer(&mut self, asked: CallerId, patience: Duration) -> Option<Answer>;

    /// Lets time pass.
    fn wait(&mut self, span: Duration);

    /// Lets time pass until every node is up, sees every other one alive, and has all its data.
    /// Whether that came to be within `patience`.
    fn settle(&mut self, patience: Duration) -> bool;

    /// Starts a node that is down, with nothing in its memory.
    fn start(&mut self, node: NodeIndex);

    /// Takes the memory of a node that is up, and every link it has.
    fn crash(&mut self, node: NodeIndex);

    /// Lets a node that is up do nothing.
    fn pause(&mut self, node: NodeIndex);

    /// Lets a paused node go on, first with what has waited for it.
    fn resume(&mut self, node: NodeIndex);

    /// Sets a node's wall clock forward, or back if `by_ms` is negative.
    fn jump_clock(&mut self, node: NodeIndex, by_ms: i64);

    /// Lets something be wrong with a way.
    fn harm(&mut self, way: Hop, harm: Harm);

    /// Lets nothing be wrong with any way.
    fn heal(&mut self);

    /// The identity of the data of a node that is up.
    fn id(&self, node: NodeIndex) -> NodeId;

    /// What a node that is up knows of its cluster.
    fn view(&mut self, node: NodeIndex) -> View;

    /// What a node that is up and not paused holds of a record, under its key in the table.
    fn held(&mut self, node: NodeIndex, partition: PartitionId, key: &Bytes) -> Held;
}

/// What a replica holds of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether the replica still misses data.
    pub is_blank: bool,
    /// The record, if there is one.
    pub record: Option<Record>,
}

impl Held {
    /// What this replica holds under this key of its table.
    #[must_use]
    pub fn by(replica: &ReplicaStore, key: &[u8]) -> Self {
        let record = replica.table().get(key).map(|record| record.to_record());
        Self { is_blank: !replica.is_trusted(), record }
    }
}

/// The apps that every node of a stage runs.
///
/// # Panics
/// Never: their names differ.
#[must_use]
pub fn apps() -> peer_ring_core::app::Apps {
    let mut apps = peer_ring_core::app::Apps::new();
    apps.add(peer_ring_kv::Kv::default()).expect("there is no other app");
    apps.add(super::tally::Tally).expect("its name is another");
    apps
}

/// How long everything takes over a way with which nothing is wrong.
#[must_use]
pub fn travel(way: Hop) -> Duration {
    Duration::from_millis(2 + u64::from(way.from.0) + u64::from(way.to.0))
}
