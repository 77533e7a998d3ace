//! What goes between a node's client and the API server, and what becomes of it on the way.

use std::time::Duration;

use peer_ring_discovery_core::kubernetes::In;

use super::Word;
use crate::random::Stream;
use crate::time::Time;
use crate::world::discovery::Word as AnyWord;
use crate::world::discovery::room::Room;
use crate::world::event::NodeIndex;

/// What a word takes even where all are near.
const LEAST_MAX: Duration = Duration::from_millis(1);

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Everything.
    List,
    /// All that happens from this version on.
    Watch(String),
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Its watch has begun.
    Opened,
    /// This, which is for the view.
    Says(In),
    /// There is no answer, or no more: the connection is broken.
    Broken,
}

/// The way between a node's client and the API server.
pub(super) struct Wire {
    pub node: NodeIndex,
    /// Which start of the node this is.
    pub start: u32,
    draws: Stream,
    /// When the last answer arrives: none overtakes another.
    arrives: Time,
}

impl Wire {
    pub fn new(room: &Room<'_>, node: NodeIndex) -> Self {
        let start = room.starts(node);
        let draws = room.stream("kubernetes wire", &[node.0.into(), start.into()]);
        Self { node, start, draws, arrives: room.now }
    }

    /// Asks the server.
    pub fn ask(&mut self, room: &mut Room<'_>, turn: u32, question: Question) {
        if room.weather.is_blind(self.node) {
            return self.fail(room, turn);
        }
        let after = self.delay(room);
        let (node, start) = (self.node, self.start);
        room.at_backend(after, AnyWord::Kubernetes(Word::Asked { node, start, turn, question }));
    }

    /// Answers the client.
    pub fn tell(&mut self, room: &mut Room<'_>, turn: u32, told: Told) {
        self.arrives = self.arrives.max(room.now + self.delay(room));
        let word = AnyWord::Kubernetes(Word::Told { turn, told });
        room.at_node(self.arrives.since(room.now), self.node, word);
    }

    /// Lets a question come to nothing: mostly the client is told so, if anything gets to it.
    pub fn fail(&mut self, room: &mut Room<'_>, turn: u32) {
        let is_told = self.draws.below(4) > 0;
        if is_told && room.weather.is_out() && !room.weather.is_stale(self.node) {
            self.tell(room, turn, Told::Broken);
        }
    }

    /// Whether the connection does not outlast what is between its ends.
    pub fn dies(&mut self) -> bool {
        self.draws.below(2) == 0
    }

    /// What the server draws for this client.
    pub fn draws(&mut self) -> &mut Stream {
        &mut self.draws
    }

    /// Half of what a word may take there and back.
    fn delay(&mut self, room: &Room<'_>) -> Duration {
        let most = room.within / 2 + LEAST_MAX;
        self.draws.span(&(Duration::ZERO..=most))
    }
}
