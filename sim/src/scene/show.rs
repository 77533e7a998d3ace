//! Showing: what lies in a cluster that no client sees.

use std::collections::BTreeSet;

use bytes::{BufMut, Bytes, BytesMut};
use peer_ring_core::app::{App, decode, table_key};
use peer_ring_core::id::{AppId, NodeName, PartitionId, Seat};
use peer_ring_core::key::Key;
use peer_ring_core::view::View;
use peer_ring_kv::Kv;

use crate::scene::names::Names;
use crate::scene::stage::{Held, Stage};
use crate::scene::step::Show;
use crate::scene::tally::Tally;
use crate::scene::tell;
use crate::world::NodeIndex;

/// A cluster with what may be shown of it.
pub struct Gallery<'a, S> {
    /// The cluster.
    pub stage: &'a mut S,
    /// How many nodes it has.
    pub nodes: u8,
    /// Those that are down.
    pub down: &'a BTreeSet<NodeIndex>,
    /// Those that are paused, into which nobody can look.
    pub paused: &'a BTreeSet<NodeIndex>,
    /// Names for versions.
    pub names: &'a mut Names,
}

impl<S: Stage> Gallery<'_, S> {
    /// What is to be shown, line by line.
    pub fn show(&mut self, show: &Show) -> Result<Vec<String>, String> {
        match show {
            Show::Value(key) => self.held(key, store_key(key), tell::text),
            Show::Sum(key) => {
                let key_in_table = table_key(AppId::of(Tally::NAME), key.as_bytes());
                let sum = |value: &[u8]| decode::<u64>(value).unwrap_or_default().to_string();
                self.held(key, key_in_table, sum)
            }
            Show::Owners(key) => {
                let view = self.any_view()?;
                Ok(vec![names(&self.owners(&view, partition(&view, key)))])
            }
            Show::Peers(node) => self.peers(*node),
            Show::Ring => self.ring(),
        }
    }

    fn held(
        &mut self,
        key: &str,
        key_in_table: Bytes,
        show: impl Fn(&[u8]) -> String,
    ) -> Result<Vec<String>, String> {
        let view = self.any_view()?;
        let partition = partition(&view, key);
        let owners = self.owners(&view, partition);
        let held: Vec<_> =
            owners.iter().map(|node| self.held_by(*node, partition, &key_in_table)).collect();
        let records = held.iter().filter_map(|held| held.as_ref().ok()?.record.as_ref());
        self.names.number(records.map(|record| record.freshness.version).collect());
        let said = owners.iter().zip(held).map(|(node, held)| {
            let held = held.map_or_else(str::to_owned, |held| self.line(held, &show));
            format!("{node}: {held}")
        });
        Ok(said.collect())
    }

    fn held_by(
        &mut self,
        node: NodeIndex,
        partition: PartitionId,
        key: &Bytes,
    ) -> Result<Held, &'static str> {
        if self.down.contains(&node) {
            return Err("down");
        }
        if self.paused.contains(&node) {
            return Err("paused");
        }
        Ok(self.stage.held(node, partition, key))
    }

    fn line(&mut self, Held { is_blank, record }: Held, show: impl Fn(&[u8]) -> String) -> String {
        let blank = if is_blank { "blank, " } else { "" };
        let Some(record) = record else {
            return format!("{blank}nothing");
        };
        let value = record.value.map_or_else(|| "deleted".to_owned(), |value| show(&value));
        format!("{blank}{value}, {}", self.names.version(record.freshness.version))
    }

    fn peers(&mut self, node: NodeIndex) -> Result<Vec<String>, String> {
        if self.down.contains(&node) {
            return Err(format!("{node} is down"));
        }
        let view = self.stage.view(node);
        let others = (0..self.nodes).map(NodeIndex).filter(|other| *other != node);
        let state = |other| view.health.state(seat(other)).as_str();
        Ok(others.map(|other| format!("{other}: {}", state(other))).collect())
    }

    fn ring(&mut self) -> Result<Vec<String>, String> {
        let view = self.any_view()?;
        let ring = view.ring.as_ref().ok_or("there is no ring")?;
        let line = |id| format!("partition {id}: {}", names(&self.owners(&view, id)));
        Ok(ring.partitions().iter().map(line).collect())
    }

    fn any_view(&mut self) -> Result<View, String> {
        let nodes = (0..self.nodes).map(NodeIndex);
        for node in nodes.filter(|node| !self.down.contains(node)) {
            let view = self.stage.view(node);
            if view.ring.is_some() {
                return Ok(view);
            }
        }
        Err("no node is up that has a ring".to_owned())
    }

    fn owners(&self, view: &View, partition: PartitionId) -> Vec<NodeIndex> {
        let Some(ring) = &view.ring else {
            return Vec::new();
        };
        let node_on = |at: &Seat| (0..self.nodes).map(NodeIndex).find(|node| seat(*node) == *at);
        ring.owners(partition, ring.replicas()).iter().filter_map(node_on).collect()
    }
}

fn partition(view: &View, key: &str) -> PartitionId {
    let partitions = view.ring.as_ref().map(|ring| ring.partitions());
    partitions.expect("only views with a ring are looked at").of(Key::from(key))
}

/// A key of the store's default namespace, as it stands in a table: its name is empty.
fn store_key(key: &str) -> Bytes {
    let mut whole = BytesMut::with_capacity(1 + key.len());
    whole.put_u8(0);
    whole.put_slice(key.as_bytes());
    table_key(AppId::of(Kv::NAME), &whole)
}

fn seat(node: NodeIndex) -> Seat {
    NodeName::new(&node.to_string()).expect("a letter and a number are a name").seat()
}

fn names(nodes: &[NodeIndex]) -> String {
    let names: Vec<_> = nodes.iter().map(NodeIndex::to_string).collect();
    names.join(" ")
}
