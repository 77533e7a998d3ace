//! What a session asks of the node beneath it: a port, so that sessions can be tested without one.

use peer_ring_core::actor::Wall;
use peer_ring_core::key::Partitions;

use super::gauge::Gauge;
use super::reading::{Reading, Slot};
use super::says::{Answer, answer_bytes};
use super::tag::{Reads, Tag};
use crate::app::{Action, Command, Quorum};
use crate::fronts::config::Limits;
use crate::namespace::Namespace;

/// The node, as a session sees it.
pub(super) trait Node {
    /// Asks the store; the reply comes under `tag`.
    fn ask(&mut self, tag: Tag, command: &Command);

    /// The node's wall clock.
    fn wall(&self) -> Wall;

    /// The cluster's partitions; `None` while there is no ring.
    fn partitions(&self) -> Option<Partitions>;
}

/// What all requests of a session ask with.
pub(super) struct Asking<N> {
    /// Whom.
    pub node: N,
    /// How much is under way.
    pub gauge: Gauge,
    /// Which keys are being read.
    pub reading: Reading,
    /// All of the session's commands in turn: its namespace is not copied for each.
    command: Command,
}

/// Asks on behalf of one request.
pub(super) struct Asker<'a> {
    /// How much is under way.
    pub gauge: &'a mut Gauge,
    node: &'a mut dyn Node,
    reading: &'a mut Reading,
    command: &'a mut Command,
    output_bytes: usize,
    sequence: u64,
}

impl<N: Node> Asking<N> {
    /// Nothing is asked yet, of `node`.
    pub(super) fn new(node: N, namespace: Namespace, limits: Limits) -> Self {
        let command = Command { namespace, quorum: Quorum::default(), action: NOTHING };
        Self { node, gauge: Gauge::new(limits), reading: Reading::new(), command }
    }

    /// Asks on behalf of request number `sequence`, while so many bytes wait to be sent.
    #[inline]
    pub(super) fn for_request(&mut self, sequence: u64, output_bytes: usize) -> Asker<'_> {
        let Self { node, gauge, reading, command } = self;
        Asker { gauge, node, reading, command, output_bytes, sequence }
    }

    /// Takes note that what was asked under `tag` has been answered.
    #[inline]
    pub(super) fn answered(&mut self, tag: Tag, answer: &Answer) {
        let reads = tag.reads();
        self.gauge.answered(reads != Reads::NoValue, answer_bytes(answer));
        if let Reads::Key(slot) = reads {
            self.reading.end(slot);
        }
    }
}

impl Asker<'_> {
    /// Asks for one part of the request.
    pub(super) fn ask(&mut self, part: u32, action: Action) {
        let reads = match &action {
            Action::Get { key } => {
                let slot = Slot::of(key);
                self.reading.begin(slot);
                Reads::Key(slot)
            }
            Action::Keys { .. } => Reads::Keys,
            Action::Put { .. }
            | Action::Delete { .. }
            | Action::Touch { .. }
            | Action::Count { .. }
            | Action::Clear { .. } => Reads::NoValue,
        };
        self.gauge.asked(reads != Reads::NoValue);
        self.command.action = action;
        self.node.ask(Tag::new(self.sequence, part, reads), self.command);
        self.command.action = NOTHING;
    }

    /// Whether there is room for one part more, beyond the first.
    pub(super) fn has_room(&self) -> bool {
        self.gauge.has_room(self.output_bytes)
    }
}

/// Stands in a session's command between two askings, and keeps no memory alive.
const NOTHING: Action = Action::Count { at: 0 };
