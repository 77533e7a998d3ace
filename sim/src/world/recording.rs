//! What a world tells its recorder, if it has one; all else goes on as without.

use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::CallerId;
use peer_ring_core::peer::Message;

use crate::story::recorder::Recorder;
use crate::story::{SpanKind, Story, Words};
use crate::time::Time;
use crate::world::World;
use crate::world::event::{Hop, NodeEvent, NodeIndex};
use crate::world::network::Arrivals;

impl World {
    /// Writes down what happens from now on, in these words.
    pub fn record(&mut self, words: Box<dyn Words + Send>) {
        let names = self.nodes.iter().map(|node| node.name.to_string()).collect();
        let (partitions, longest) = (self.cluster.ring.partitions, self.cluster.latency.longest());
        let mut recorder = Recorder::new(names, partitions, longest, words);
        for node in self.nodes().filter(|node| !self.is_up(*node)) {
            if self.cluster.spares.contains(&node) {
                recorder.begin(self.now.at, SpanKind::Down(node), "not there yet".to_owned());
            }
        }
        self.recorder = Some(recorder);
    }

    /// What happened since it was told to write that down; `None` if it never was.
    #[must_use]
    pub fn story(&self) -> Option<Story> {
        self.recorder.as_ref().map(|recorder| recorder.story(self.now.at))
    }

    pub(super) fn tell_recorder(&mut self, tell: impl FnOnce(&mut Recorder, Time)) {
        if let Some(recorder) = &mut self.recorder {
            tell(recorder, self.now.at);
        }
    }

    pub(super) fn record_ask(&mut self, node: NodeIndex, caller: CallerId, ask: &Ask) {
        let is_up = self.nodes[node.at()].life.is_some();
        self.tell_recorder(|recorder, now| recorder.ask(now, node, is_up, caller, ask));
    }

    pub(super) fn record_event(&mut self, node: NodeIndex, event: &NodeEvent) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        match event {
            NodeEvent::Deliver { from, lane, session, number, .. } => {
                let hop = Hop { from: node, to: *from };
                let is_taken = self.network.receives(hop, *lane, *session);
                recorder.handle_message(self.now.at, *number, is_taken);
            }
            NodeEvent::Ask { caller, ask } => recorder.handle_ask(node, *caller, ask),
            NodeEvent::Wake { .. }
            | NodeEvent::Kept { .. }
            | NodeEvent::Report { .. }
            | NodeEvent::Discover { .. }
            | NodeEvent::Leave { .. }
            | NodeEvent::Stop { .. }
            | NodeEvent::Abandon(_)
            | NodeEvent::Dial { .. }
            | NodeEvent::Hello { .. }
            | NodeEvent::Welcome { .. }
            | NodeEvent::Reset { .. } => recorder.handle_own(),
        }
    }

    /// The number of a message in the story; zero when there is none.
    pub(super) fn record_send(
        &mut self,
        hop: Hop,
        message: &Message,
        arrivals: Option<Arrivals>,
    ) -> u64 {
        let now = self.now.at;
        let recorder = self.recorder.as_mut();
        recorder.map_or(0, |recorder| recorder.send(now, hop, message, arrivals))
    }
}
