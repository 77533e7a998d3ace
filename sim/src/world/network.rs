//! The network: between each two nodes two links, as production has them, one for each lane.
//!
//! A link stands for the time of a **session**, and each end of it learns by itself that a session
//! has begun or is over. What is sent outside a session does not leave the node; what arrives for
//! a session that the receiver does not have open is dropped. So a message never reaches the
//! successor of the node that it was meant for. Within a session messages keep their order, as on
//! one TCP connection, unless a fault says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::peer::Lane;

use crate::cluster::Latency;
use crate::faults::{Damage, Fault, Memory, Passage};
use crate::random::Stream;
use crate::time::Time;
use crate::world::event::{Hop, NodeIndex, Session};

/// The pauses between attempts to make a link, and how long one may take: production's.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Both lanes.
pub const LANES: [Lane; 2] = [Lane::Foreground, Lane::Background];

/// All links, and what is wrong with them.
pub struct Network {
    nodes: usize,
    latency: Latency,
    /// The ways on which everything takes just so long.
    fixed: BTreeMap<Hop, Duration>,
    ends: Vec<End>,
    sessions: u64,
    /// Sessions that are over, though an end may not know it yet.
    broken: BTreeSet<u64>,
    faults: Vec<Active>,
    traffic: Traffic,
    /// When the last of the changed messages arrives, and breaks its link.
    damage_until: Time,
}

/// What happened to messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Those that left their node.
    pub sent: u64,
    /// Those that did not, since a queue was full.
    pub refused: u64,
    /// Those that were lost on the way.
    pub lost: u64,
    /// Those that were held up beyond their latency.
    pub delayed: u64,
    /// Those that could overtake others.
    pub reordered: u64,
    /// Those that arrived twice.
    pub duplicated: u64,
    /// Those that were changed.
    pub corrupted: u64,
}

/// What faults may know of a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// From whom to whom it goes.
    pub hop: Hop,
    /// Over which of the two links.
    pub lane: Lane,
    /// Whether it comes to the same when it arrives twice.
    pub is_repeatable: bool,
    /// Whether it asks whether somebody is there, or says so.
    pub is_probe: bool,
    /// When it is sent.
    pub at: Time,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many times as likely as usual it is struck.
    pub rise: u32,
}

/// When a message and its duplicate arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// When it arrives; `None` when it is lost.
    pub first: Option<Time>,
    /// When it arrives again, if it does.
    pub again: Option<Time>,
    /// How its bytes are changed on the way, if they are.
    pub damage: Option<Damage>,
    /// Whether it did not even leave its node.
    pub is_refused: bool,
}

/// One end of a link: what one node knows of it, and what it has sent over it.
struct End {
    latency: Stream,
    last_arrival: Time,
    session: Option<Session>,
    /// The number of the latest attempt to make a session.
    attempt: u64,
    /// How many attempts failed since there was a session.
    failures: u32,
}

/// A fault that is there now.
struct Active {
    id: u32,
    fault: Fault,
    memory: Memory,
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
                    ends.push(End {
                        latency,
                        last_arrival: Time::ZERO,
                        session: None,
                        attempt: 0,
                        failures: 0,
                    });
                }
            }
        }
        Self {
            nodes: usize::from(nodes),
            latency,
            fixed: BTreeMap::new(),
            ends,
            sessions: 0,
            broken: BTreeSet::new(),
            faults: Vec::new(),
            traffic: Traffic::default(),
            damage_until: Time::ZERO,
        }
    }

    /// What happened to messages so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The session that the sender of `hop` believes in.
    #[must_use]
    pub fn session(&self, hop: Hop, lane: Lane) -> Option<Session> {
        self.ends[self.slot(hop, lane)].session
    }

    /// Opens a session at the sender's end of `hop`. The one that stood there before.
    pub fn open(&mut self, hop: Hop, lane: Lane, session: Session) -> Option<Session> {
        let end = self.end(hop, lane);
        end.failures = 0;
        end.session.replace(session)
    }

    /// Closes the sender's end of `hop`.
    pub fn close(&mut self, hop: Hop, lane: Lane) {
        self.end(hop, lane).session = None;
    }

    /// Whether the sender's end of `hop` is in the session with this number.
    #[must_use]
    pub fn is_in(&self, hop: Hop, lane: Lane, number: u64) -> bool {
        self.session(hop, lane).is_some_and(|session| session.number == number)
    }

    /// Ends a session; its ends are to be told. Nothing gets through any more.
    pub fn break_session(&mut self, number: u64) {
        self.broken.insert(number);
    }

    /// Whether what was sent over a session to the sender of `hop` still gets to it.
    #[must_use]
    pub fn receives(&self, hop: Hop, lane: Lane, number: u64) -> bool {
        self.is_in(hop, lane, number) && !self.broken.contains(&number)
    }

    /// Whether every link between `up` stands, both ends of it know the same session, nothing that
    /// was held up holds up what is sent from now on, and no changed message is on its way to break
    /// a link.
    #[must_use]
    pub fn is_whole(&self, now: Time, up: &[NodeIndex]) -> bool {
        let is_held_up = |end: &End| end.last_arrival > now + self.latency.longest();
        if self.damage_until >= now || self.ends.iter().any(is_held_up) {
            return false;
        }
        let from = |from: NodeIndex| up.iter().map(move |to| Hop { from, to: *to });
        let mut hops = up.iter().flat_map(|node| from(*node)).filter(|hop| hop.from != hop.to);
        hops.all(|hop| {
            LANES.iter().all(|lane| {
                let session = self.session(hop, *lane);
                session.is_some_and(|s| self.receives(hop.back(), *lane, s.number))
            })
        })
    }

    /// Begins another attempt to link over `hop`; all before it count no more. Its number.
    pub fn new_attempt(&mut self, hop: Hop, lane: Lane) -> u64 {
        let end = self.end(hop, lane);
        end.attempt += 1;
        end.attempt
    }

    /// Whether this is the latest attempt to link over `hop`, and the link does not stand.
    #[must_use]
    pub fn is_dialling(&self, hop: Hop, lane: Lane, attempt: u64) -> bool {
        let end = &self.ends[self.slot(hop, lane)];
        end.session.is_none() && end.attempt == attempt
    }

    /// How long to wait before `hop` is dialled again, as production does: longer each time.
    pub fn dial_pause(&mut self, hop: Hop, lane: Lane) -> Duration {
        let end = self.end(hop, lane);
        let pause = (BACKOFF_MIN * (1 << end.failures.min(8))).min(BACKOFF_MAX);
        end.failures += 1;
        end.latency.span(&(pause / 2..=pause))
    }

    /// The number of a session that was never used.
    pub fn new_session(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    /// How long something takes over `hop` that no fault but a cut can touch.
    pub fn travel(&mut self, hop: Hop, lane: Lane) -> Duration {
        if let Some(span) = self.fixed.get(&hop) {
            return *span;
        }
        let slot = self.slot(hop, lane);
        self.latency.draw(&mut self.ends[slot].latency)
    }

    /// Lets everything take just so long over `hop` from now on.
    pub fn fix_travel(&mut self, hop: Hop, span: Duration) {
        self.fixed.insert(hop, span);
    }

    /// When something that follows all messages of `hop` arrives.
    pub fn travel_in_order(&mut self, now: Time, hop: Hop, lane: Lane) -> Time {
        let arrival = now + self.travel(hop, lane);
        self.keep_order(hop, lane, arrival)
    }

    /// Sends a message, and says when it arrives.
    pub fn send(&mut self, letter: Letter) -> Arrivals {
        let Letter { hop, lane, at: now, .. } = letter;
        let travel = self.travel(hop, lane);
        let passage = self.pass(letter);
        if passage.is_refused {
            self.traffic.refused += 1;
            return Arrivals { is_refused: true, ..Arrivals::default() };
        }
        self.traffic.sent += 1;
        if passage.is_lost {
            self.traffic.lost += 1;
            return Arrivals::default();
        }
        self.traffic.delayed += u64::from(!passage.late_by.is_zero());
        self.traffic.reordered += u64::from(passage.may_overtake);
        self.traffic.corrupted += u64::from(passage.damage.is_some());
        self.traffic.duplicated += u64::from(passage.again_after.is_some());
        let arrival = now + travel + passage.late_by;
        let first =
            if passage.may_overtake { arrival } else { self.keep_order(hop, lane, arrival) };
        let again = passage.again_after.map(|span| first + span);
        if passage.damage.is_some() {
            self.damage_until = self.damage_until.max(again.unwrap_or(first));
        }
        Arrivals { first: Some(first), again, damage: passage.damage, is_refused: false }
    }

    /// Sends a datagram, and says when it arrives and with which bytes. No link carries it, so that it
    /// goes with no order, and what is changed on the way breaks nothing.
    pub fn send_datagram(&mut self, now: Time, hop: Hop, bytes: Bytes) -> Vec<(Time, Bytes)> {
        let lane = Lane::Background;
        let travel = self.travel(hop, lane);
        let len = u64::try_from(bytes.len()).expect("a datagram is short");
        let letter = Letter {
            hop,
            lane,
            is_repeatable: true,
            is_probe: false,
            at: now,
            bytes: len,
            rise: 1,
        };
        let passage = self.pass(letter);
        if passage.is_refused || passage.is_lost {
            return Vec::new();
        }
        let first = now + travel + passage.late_by;
        let again = passage.again_after.map(|span| first + span);
        let bytes = match passage.damage {
            Some(damage) => damage.apply(&bytes),
            None => bytes,
        };
        [Some(first), again].into_iter().flatten().map(|at| (at, bytes.clone())).collect()
    }

    /// Whether nothing at all gets over `hop`.
    #[must_use]
    pub fn is_cut(&self, now: Time, hop: Hop) -> bool {
        let cuts =
            |active: &Active| active.fault.meddler().cuts(hop, now.since(active.memory.began));
        self.faults.iter().any(cuts)
    }

    /// Lets a fault meddle from now on.
    pub fn add(&mut self, id: u32, fault: Fault, began: Time, stream: Stream) {
        let memory = Memory { stream, began, busy_until: Time::ZERO };
        self.faults.push(Active { id, fault, memory });
    }

    /// Ends a fault.
    pub fn remove(&mut self, id: u32) {
        self.faults.retain(|active| active.id != id);
    }

    /// What all faults that are there do to this.
    fn pass(&mut self, letter: Letter) -> Passage {
        let mut passage = Passage::default();
        for Active { fault, memory, .. } in &mut self.faults {
            fault.meddler().touch(letter, memory, &mut passage);
        }
        passage
    }

    fn keep_order(&mut self, hop: Hop, lane: Lane, arrival: Time) -> Time {
        let last = &mut self.end(hop, lane).last_arrival;
        *last = arrival.max(*last);
        *last
    }

    fn end(&mut self, hop: Hop, lane: Lane) -> &mut End {
        let slot = self.slot(hop, lane);
        &mut self.ends[slot]
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
