//! What the ends of a source may see and do.

use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::actor::{Instant, Now};
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};

use super::Word;
use super::weather::Weather;
use crate::random::Stream;
use crate::time::Time;
use crate::world::event::{Hop, NodeIndex};
use crate::world::network::Network;
use crate::world::node::Node;

/// The world as the ends of a source see it.
pub(super) struct Room<'a> {
    pub(super) seed: u64,
    pub(super) now: Time,
    /// How long a word takes at most between a node and the backend.
    pub(super) within: Duration,
    pub(super) weather: &'a Weather,
    /// The nodes that found the cluster: seeds, where a source needs some.
    pub(super) founders: Vec<NodeIndex>,
    pub(super) nodes: &'a [Node],
    pub(super) network: &'a mut Network,
    pub(super) orders: Vec<Order>,
}

/// What the ends of a source ask for.
pub(super) enum Order {
    /// This is said to the node.
    Say(NodeIndex, Fact),
    /// This happens then at the client of the node's present start.
    AtNode { at: Time, node: NodeIndex, word: Word },
    /// This happens then at the backend.
    AtBackend { at: Time, word: Word },
}

impl Room<'_> {
    /// Says something to a node.
    pub(super) fn say(&mut self, node: NodeIndex, fact: Fact) {
        self.orders.push(Order::Say(node, fact));
    }

    /// Lets this happen at a node's client, in a while; never if the node goes down before.
    pub(super) fn at_node(&mut self, after: Duration, node: NodeIndex, word: Word) {
        self.orders.push(Order::AtNode { at: self.now + after, node, word });
    }

    /// Lets this happen at the backend, in a while.
    pub(super) fn at_backend(&mut self, after: Duration, word: Word) {
        self.orders.push(Order::AtBackend { at: self.now + after, word });
    }

    /// Lets this happen at a node's client when the node's clock shows that tick.
    pub(super) fn when(&mut self, tick: Instant, node: NodeIndex, word: Word) {
        let at = self.nodes[node.at()].clock.when(tick).max(self.now);
        self.orders.push(Order::AtNode { at, node, word });
    }

    /// What the clocks of a node show.
    pub(super) fn clock(&self, node: NodeIndex) -> Now {
        self.nodes[node.at()].clock.read(self.now)
    }

    /// Which start of the node this is.
    pub(super) fn starts(&self, node: NodeIndex) -> u32 {
        self.nodes[node.at()].starts
    }

    /// How a node is called.
    pub(super) fn name(&self, node: NodeIndex) -> &NodeName {
        &self.nodes[node.at()].name
    }

    /// What a node says of itself.
    pub(super) fn sighting(&self, node: NodeIndex) -> Sighting {
        let name = self.name(node).clone();
        let address = name.to_string();
        Sighting::new(name, address)
    }

    /// The randomness of one part of a source.
    pub(super) fn stream(&self, part: &str, numbers: &[u64]) -> Stream {
        Stream::new(self.seed, part, numbers)
    }

    /// Sends a datagram: `word` makes of its bytes, as they arrive, what happens at the other node.
    /// It may be lost, doubled, late, overtaken and changed, by the same faults as any message.
    pub(super) fn send_datagram(&mut self, hop: Hop, bytes: Bytes, word: impl Fn(Bytes) -> Word) {
        for (at, bytes) in self.network.send_datagram(self.now, hop, bytes) {
            self.orders.push(Order::AtNode { at, node: hop.to, word: word(bytes) });
        }
    }
}
