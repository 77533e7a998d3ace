//! A running node, as a session sees it.

use std::time::Duration;

use peer_ring::{Client, Handle};
use peer_ring_core::actor::Wall;
use peer_ring_core::key::Partitions;

use super::node::Node;
use super::tag::Tag;
use crate::app::{Command, Kv};

/// A running node, and what one session has under way there.
pub(super) struct Port {
    /// The node.
    pub handle: Handle<Kv>,
    /// What is under way; what was asked is handed over with `flush`.
    pub client: Client<Kv>,
    timeout: Duration,
}

impl Port {
    /// A port for one session.
    pub(super) fn new(handle: Handle<Kv>) -> Self {
        Self { client: handle.client(), timeout: handle.timeout(), handle }
    }
}

impl Node for Port {
    #[inline]
    fn ask(&mut self, tag: Tag, command: &Command) {
        self.client.queue(tag.0, command, self.timeout);
    }

    fn wall(&self) -> Wall {
        self.handle.wall()
    }

    fn partitions(&self) -> Option<Partitions> {
        self.handle.view().ring.as_ref().map(|ring| ring.partitions())
    }
}
