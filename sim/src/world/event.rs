//! What will happen, in the order in which it will.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use bytes::Bytes;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{CallerId, Desk};
use peer_ring_core::peer::Lane;
use peer_ring_core::standing::Report;
use peer_ring_proto::WireVersion;
use peer_ring_proto::hello::Protocols;

use crate::time::Time;
use crate::world::discovery::Word;

/// A node of the world, by number. It is shown, and named, `n1` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub u8);

impl NodeIndex {
    /// The number as an index.
    #[must_use]
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u16::from(self.0) + 1)
    }
}

/// The way from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// Who sends.
    pub from: NodeIndex,
    /// Who receives.
    pub to: NodeIndex,
}

impl Hop {
    /// The way back.
    #[must_use]
    pub fn back(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// Something that happens at one moment.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something happens at a node. While it is paused, it waits.
    Node(NodeIndex, NodeEvent),
    /// Something happens at the backend of discovery.
    Discovery(Word),
    /// Whoever drives the world wanted to be told.
    Alarm(u64),
}

/// Something that happens at one node.
#[derive(Clone, Debug)]
pub enum NodeEvent {
    /// A message arrives over a session of a link.
    Deliver {
        /// Who sent it.
        from: NodeIndex,
        /// Over which of the two links.
        lane: Lane,
        /// Over which session of it.
        session: u64,
        /// The frame with the message in it.
        bytes: Bytes,
        /// The message's number in the story, if one is written.
        number: u64,
    },
    /// A deadline of one of the node's actors may have come.
    Wake {
        /// In which start of the node.
        start: u32,
        /// Which actor.
        desk: Desk,
    },
    /// A caller asks.
    Ask {
        /// Who is to be answered.
        caller: CallerId,
        /// What is asked.
        ask: Ask,
    },
    /// A caller does not wait any more.
    Abandon(CallerId),
    /// What was being kept on the machine's disk is kept.
    Kept {
        /// In which start of the node.
        start: u32,
        /// Under which number.
        number: u64,
    },
    /// A shard of the node has something to tell its control actor.
    Report {
        /// In which start of the node.
        start: u32,
        /// Which shard.
        index: u8,
        /// What it says.
        report: Report,
    },
    /// Something happens to the node's client of discovery.
    Discover {
        /// In which start of the node.
        start: u32,
        /// What.
        word: Word,
    },
    /// The node is told to hand over what it has, and go.
    Leave {
        /// In which start of it.
        start: u32,
    },
    /// The node is no member any more, and stops.
    Stop {
        /// In which start of it.
        start: u32,
    },
    /// The node tries to link a peer.
    Dial {
        /// In which start of the node.
        start: u32,
        /// Which peer.
        peer: NodeIndex,
        /// Which of the two links.
        lane: Lane,
        /// Which attempt this is: only the latest counts.
        attempt: u64,
    },
    /// A peer that dials says hello.
    Hello {
        /// Which peer.
        peer: NodeIndex,
        /// In which start of the peer.
        peer_start: u32,
        /// Which versions of the wire it speaks.
        wire: Protocols,
        /// Which of the two links.
        lane: Lane,
        /// In which of its attempts.
        attempt: u64,
    },
    /// The peer that was dialled says welcome.
    Welcome {
        /// Which peer.
        peer: NodeIndex,
        /// Which of the two links.
        lane: Lane,
        /// To which attempt.
        attempt: u64,
        /// The session that stands from now on.
        session: Session,
    },
    /// The news that a session is over.
    Reset {
        /// The peer at its other end.
        peer: NodeIndex,
        /// Which of the two links.
        lane: Lane,
        /// Which session of it.
        session: u64,
    },
}

/// The time for which a link stands, as one of its ends sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, which no other session has.
    pub number: u64,
    /// In which start of the peer.
    pub peer_start: u32,
    /// Which version of the wire both speak.
    pub wire: WireVersion,
}

/// All that will happen.
///
/// Events stay where they were laid down; only their times and places are put in order, since those
/// are small.
#[derive(Debug, Default)]
pub struct Agenda {
    /// The time and number of each event, and its place among the events.
    order: BinaryHeap<Reverse<(Time, u64, usize)>>,
    events: Vec<Option<Event>>,
    /// The places that are empty.
    empty: Vec<usize>,
    entered: u64,
}

impl Agenda {
    /// Enters an event; of two at one time, the one entered first happens first.
    pub fn push(&mut self, time: Time, event: Event) {
        self.entered += 1;
        let place = self.empty.pop().unwrap_or(self.events.len());
        match self.events.get_mut(place) {
            Some(slot) => *slot = Some(event),
            None => self.events.push(Some(event)),
        }
        self.order.push(Reverse((time, self.entered, place)));
    }

    /// Takes out what happens next.
    pub fn pop(&mut self) -> Option<(Time, Event)> {
        let Reverse((time, _, place)) = self.order.pop()?;
        self.empty.push(place);
        let event = self.events[place].take().expect("it was laid down here");
        Some((time, event))
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.order.peek().map(|Reverse((time, ..))| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_the_order_they_were_entered() {
        let mut agenda = Agenda::default();
        for (time, alarm) in [(5, 1), (3, 2), (5, 3), (3, 4)] {
            agenda.push(Time(time), Event::Alarm(alarm));
        }
        let mut order = Vec::new();
        while let Some((_, Event::Alarm(alarm))) = agenda.pop() {
            order.push(alarm);
        }
        assert_eq!(order, [2, 4, 1, 3]);
    }
}
