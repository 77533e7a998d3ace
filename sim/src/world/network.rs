//! The network: between each two nodes two links, as production has them, one for each lane.
//!
//! A link stands for the time of a **session**, and each end of it learns by itself that a session
//! has begun or is over. What is sent outside a session does not leave the node; what arrives for
//! a session that the receiver does not have open is dropped. So a message never reaches the
//! successor of the node that it was meant for. Within a session messages keep their order, as on
//! one TCP connection, unless a fault says otherwise.

use std::time::Duration;

use peer_ring_core::peer::Lane;

use crate::cluster::Latency;
use crate::faults::{Fault, Passage};
use crate::random::Stream;
use crate::time::Time;
use crate::world::event::{Hop, NodeIndex};

/// Both lanes.
pub const LANES: [Lane; 2] = [Lane::Foreground, Lane::Background];

/// All links, and what is wrong with them.
pub struct Network {
    nodes: usize,
    latency: Latency,
    ends: Vec<End>,
    sessions: u64,
    faults: Vec<Active>,
    traffic: Traffic,
}

/// What happened to messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Those that left their node.
    pub sent: u64,
    /// Those that were lost on the way.
    pub lost: u64,
    /// Those that were held up beyond their latency.
    pub delayed: u64,
    /// Those that could overtake others.
    pub reordered: u64,
    /// Those that arrived twice.
    pub duplicated: u64,
}

/// When a message and its duplicate arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// When it arrives; `None` when it is lost.
    pub first: Option<Time>,
    /// When it arrives again, if it does.
    pub again: Option<Time>,
}

/// One end of a link: what one node knows of it, and what it has sent over it.
struct End {
    latency: Stream,
    session: Option<u64>,
    last_arrival: Time,
}

/// A fault that is there now.
struct Active {
    id: u32,
    fault: Fault,
    stream: Stream,
}

impl Network {
    /// The network of `nodes` nodes; nobody is linked yet.
    #[must_use]
    pub fn new(seed: u64, nodes: u8, latency: Latency) -> Self {
        let mut ends = Vec::new();
        for from in 0..u64::from(nodes) {
            for to in 0..u64::from(nodes) {
                for lane in 0..LANES.len() as u64 {
                    let latency = Stream::new(seed, "link", &[from, to, lane]);
                    ends.push(End { latency, session: None, last_arrival: Time::ZERO });
                }
            }
        }
        Self {
            nodes: usize::from(nodes),
            latency,
            ends,
            sessions: 0,
            faults: Vec::new(),
            traffic: Traffic::default(),
        }
    }

    /// What happened to messages so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The session that the sender of `hop` believes in.
    #[must_use]
    pub fn session(&self, hop: Hop, lane: Lane) -> Option<u64> {
        self.ends[self.slot(hop, lane)].session
    }

    /// Opens a session at the sender's end of `hop`.
    pub fn open(&mut self, hop: Hop, lane: Lane, session: u64) {
        let slot = self.slot(hop, lane);
        self.ends[slot].session = Some(session);
    }

    /// Closes the sender's end of `hop`, if it is in this session. Whether it was.
    pub fn close(&mut self, hop: Hop, lane: Lane, session: u64) -> bool {
        let slot = self.slot(hop, lane);
        let is_open = self.ends[slot].session == Some(session);
        if is_open {
            self.ends[slot].session = None;
        }
        is_open
    }

    /// The number of a session that was never used.
    pub fn new_session(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    /// How long something takes over `hop` that no fault but a cut can touch.
    pub fn travel(&mut self, hop: Hop, lane: Lane) -> Duration {
        let slot = self.slot(hop, lane);
        self.latency.draw(&mut self.ends[slot].latency)
    }

    /// When something that follows all messages of `hop` arrives.
    pub fn travel_in_order(&mut self, now: Time, hop: Hop, lane: Lane) -> Time {
        let arrival = now + self.travel(hop, lane);
        self.keep_order(hop, lane, arrival)
    }

    /// Sends a message, and says when it arrives.
    pub fn send(&mut self, now: Time, hop: Hop, lane: Lane) -> Arrivals {
        self.traffic.sent += 1;
        let travel = self.travel(hop, lane);
        let mut passage = Passage::default();
        for Active { fault, stream, .. } in &mut self.faults {
            fault.touch(hop, stream, &mut passage);
        }
        if passage.is_lost {
            self.traffic.lost += 1;
            return Arrivals::default();
        }
        self.traffic.delayed += u64::from(!passage.late_by.is_zero());
        self.traffic.reordered += u64::from(passage.may_overtake);
        self.traffic.duplicated += u64::from(passage.again_after.is_some());
        let arrival = now + travel + passage.late_by;
        let first = if passage.may_overtake {
            arrival
        } else {
            self.keep_order(hop, lane, arrival)
        };
        Arrivals { first: Some(first), again: passage.again_after.map(|span| first + span) }
    }

    /// Whether nothing at all gets over `hop`.
    #[must_use]
    pub fn is_cut(&self, hop: Hop) -> bool {
        self.faults.iter().any(|active| active.fault.cuts(hop))
    }

    /// Lets a fault meddle from now on.
    pub fn add(&mut self, id: u32, fault: Fault, stream: Stream) {
        self.faults.push(Active { id, fault, stream });
    }

    /// Ends a fault.
    pub fn remove(&mut self, id: u32) {
        self.faults.retain(|active| active.id != id);
    }

    fn keep_order(&mut self, hop: Hop, lane: Lane, arrival: Time) -> Time {
        let slot = self.slot(hop, lane);
        let last = &mut self.ends[slot].last_arrival;
        *last = arrival.max(*last);
        *last
    }

    fn slot(&self, hop: Hop, lane: Lane) -> usize {
        let lane = match lane {
            Lane::Foreground => 0,
            Lane::Background => 1,
        };
        (hop.from.at() * self.nodes + hop.to.at()) * LANES.len() + lane
    }
}

/// Every way between two of `nodes` nodes that starts at `from`.
pub fn hops_from(from: NodeIndex, nodes: u8) -> impl Iterator<Item = Hop> {
    (0..nodes).map(NodeIndex).filter(move |to| *to != from).map(move |to| Hop { from, to })
}
