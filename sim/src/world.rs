//! The world: virtual time, nodes with clocks, and a network; a whole cluster in one value.
//!
//! A world pops the earliest event off its agenda, lets the node that it concerns handle it, and
//! enters what follows from that. The nodes are production's own actors, wired by
//! [`peer_ring_core::wiring`]; the world only performs what they ask for, as the actix runtime
//! does elsewhere. It has no will: someone drives it, asks at its nodes, and injects faults.
//!
//! ```text
//!            ask, crash, meddle                     Happening
//!   driver ----------------------> World  -----------------------> driver
//!                                    |
//!                       agenda: (time, number, event)
//!                                    |
//!      event --> Node: Control + Shards --> orders --> links --> event
//! ```
//!
//! Everything random comes from streams keyed by the world's seed, and every event goes into its
//! trace; so a world is a function of its seed and of what its driver does.

pub mod clock;
mod codec;
mod discovery;
mod disk;
mod errand;
pub mod event;
mod hurt;
mod linking;
mod look;
pub mod network;
pub mod node;
mod perform;
mod recording;
mod travel;
mod wish;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use peer_ring_core::actor::{Actor, Now, Outbox, Wall};
use peer_ring_core::app::Apps;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{CallerId, Desk, Seat};
use peer_ring_core::peer::Lane;
use peer_ring_core::wiring::{ControlIn, ControlOut, ShardIn, ShardOut, desk_of, shard_of};
use peer_ring_proto::Limits;

pub use errand::Errand;
pub use event::{Hop, NodeIndex};
pub use network::{Letter, Traffic};

use crate::check::ring::Rings;
use crate::cluster::Cluster;
use crate::story::SpanKind;
use crate::story::recorder::Recorder;
use crate::time::{Moment, Time};
use crate::trace::Trace;
use discovery::Discovery;
use event::{Agenda, Event, NodeEvent};
use network::Network;
use node::Node;

/// Callers from this one on are nobody's: no driver's callers are among them.
const NOBODY: u64 = 1 << 62;

/// More events than there ever is a reason for while no time passes: an actor that is due again
/// as soon as it was woken would hold up all others for ever.
const AT_ONCE_MAX: u32 = 100_000;

/// A cluster, the time in it, and what will happen to it.
pub struct World {
    seed: u64,
    cluster: Cluster,
    apps: Apps,
    limits: Limits,
    now: Moment,
    /// How many events there were since time last went on.
    at_once: u32,
    agenda: Agenda,
    nodes: Vec<Node>,
    by_seat: BTreeMap<Seat, NodeIndex>,
    network: Network,
    discovery: Discovery,
    trace: Trace,
    recorder: Option<Recorder>,
    rings: Rings,
    /// The latest time on any wall clock before one was set.
    latest_wall: Wall,
    happened: VecDeque<Happening>,
    /// The errands that the driver waits for.
    awaited: BTreeSet<Errand>,
    /// How many times as likely as usual messages of rare errands are struck.
    rise: u32,
    /// How many of a partition's owners hold its records.
    holders: u8,
    /// What was last read.
    last_read: Option<Ask>,
    /// Callers that are nobody's: where they wait, and how many there ever were.
    nobodies: Vec<(NodeIndex, CallerId)>,
    nobodies_count: u64,
    from_control: Outbox<ControlOut>,
    from_shard: Outbox<ShardOut>,
}

/// What the driver of a world is told.
#[derive(Clone, Debug)]
pub enum Happening {
    /// An alarm that it had set.
    Alarm(u64),
    /// A caller is answered.
    Reply {
        /// Which caller.
        caller: CallerId,
        /// The app's reply, or why there is none.
        result: Result<Bytes, Failure>,
    },
    /// Nodes are about something that was waited for.
    About(Errand),
    /// A node has crashed, or has left: whoever waited for it waits in vain.
    Crashed(NodeIndex),
}

/// The node is down, and nothing was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is down")]
pub struct IsDown(pub NodeIndex);

impl World {
    /// A world in which no node was started yet.
    #[must_use]
    pub fn new(seed: u64, cluster: Cluster, apps: Apps, trace: Trace) -> Self {
        let node = |at: u8| Node::new(seed, NodeIndex(at), &cluster);
        let nodes: Vec<_> = (0..cluster.nodes).map(node).collect();
        let by_seat = nodes.iter().map(|node| node.seat).zip((0..).map(NodeIndex)).collect();
        Self {
            seed,
            apps,
            limits: codec::limits(),
            now: Moment::default(),
            at_once: 0,
            agenda: Agenda::default(),
            nodes,
            by_seat,
            network: Network::new(seed, cluster.nodes, cluster.latency.clone()),
            discovery: Discovery::new(seed, &cluster),
            trace,
            recorder: None,
            rings: Rings::default(),
            latest_wall: Wall::default(),
            happened: VecDeque::new(),
            awaited: BTreeSet::new(),
            rise: 1,
            holders: cluster.ring.replicas,
            last_read: None,
            nobodies: Vec::new(),
            nobodies_count: 0,
            from_control: Outbox::new(),
            from_shard: Outbox::new(),
            cluster,
        }
    }

    /// Goes on until something happens that the driver is told, or until `end`.
    ///
    /// What happens at one moment is told one by one before anything else happens.
    pub fn next(&mut self, end: Time) -> Option<Happening> {
        loop {
            if let Some(happening) = self.happened.pop_front() {
                return Some(happening);
            }
            if self.agenda.next_at().is_none_or(|at| at > end) {
                self.now.at = self.now.at.max(end);
                return None;
            }
            let (at, event) = self.agenda.pop().expect("it has a next event");
            self.at_once = if at > self.now.at { 0 } else { self.at_once + 1 };
            assert!(self.at_once < AT_ONCE_MAX, "time stands still: {event:?} again and again");
            self.now.at = at;
            self.happen(event);
        }
    }

    /// Lets the driver be told at `at`, or now if that has passed.
    pub fn set_alarm(&mut self, at: Time, alarm: u64) {
        self.agenda.push(at.max(self.now.at), Event::Alarm(alarm));
    }

    /// Lets the driver be told, once, as soon as nodes are about such an errand.
    pub fn await_errand(&mut self, errand: Errand) {
        self.awaited.insert(errand);
    }

    /// Lets messages of rare errands be struck so many times as likely as others.
    pub fn set_rise(&mut self, rise: u32) {
        self.rise = rise;
    }

    /// Lets only the first so many owners of a partition count as those who hold its records.
    pub fn set_holders(&mut self, holders: u8) {
        self.holders = holders;
    }

    /// Starts the nodes that found the cluster.
    pub fn found(&mut self) {
        let founders: Vec<_> = self.cluster.founders().collect();
        founders.into_iter().for_each(|node| self.start(node));
    }

    /// Starts a node with nothing in its memory; nothing changes when it is up.
    pub fn start(&mut self, node: NodeIndex) {
        if self.nodes[node.at()].life.is_some() {
            return;
        }
        self.count([0, node.0.into(), 0], &[], format_args!("{node} starts"));
        self.tell_recorder(|recorder, now| recorder.end(now, SpanKind::Down(node)));
        self.nodes[node.at()].start(&self.cluster, &self.apps);
        self.discover(node);
    }

    /// Asks at a node, where the caller waits under this id.
    ///
    /// # Errors
    /// [`IsDown`] when nobody is there to be asked.
    pub fn ask(&mut self, node: NodeIndex, caller: CallerId, ask: Ask) -> Result<(), IsDown> {
        self.record_ask(node, caller, &ask);
        if self.nodes[node.at()].life.is_none() {
            return Err(IsDown(node));
        }
        self.count([10, node.0.into(), caller.0], &[], format_args!("{node} is to be asked"));
        if !ask.plan.writes() {
            self.last_read = Some(ask.clone());
        }
        self.happen(Event::Node(node, NodeEvent::Ask { caller, ask }));
        Ok(())
    }

    /// Lets a caller at a node wait no more.
    pub fn abandon(&mut self, node: NodeIndex, caller: CallerId) {
        self.tell_recorder(|recorder, now| recorder.abandon(now, caller));
        self.happen(Event::Node(node, NodeEvent::Abandon(caller)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Alarm(alarm) => {
                self.count([9, alarm, 0], &[], format_args!("alarm {alarm}"));
                self.happened.push_back(Happening::Alarm(alarm));
            }
            Event::Discovery(word) => self.discover_at_backend(word),
            Event::Node(node, event) => {
                if let Some(waiting) = &mut self.nodes[node.at()].paused {
                    return waiting.push(event);
                }
                self.happen_at(node, event);
            }
        }
    }

    fn happen_at(&mut self, node: NodeIndex, event: NodeEvent) {
        self.note(node, &event);
        self.record_event(node, &event);
        match event {
            NodeEvent::Deliver { from, lane, session, bytes, .. } => {
                let hop = Hop { from: node, to: from };
                if self.network.receives(hop, lane, session) {
                    self.deliver(hop, lane, bytes);
                }
            }
            NodeEvent::Wake { start, desk } => self.wake(node, start, desk),
            NodeEvent::Ask { caller, ask } => {
                let partition = self.cluster.ring.partitions.of(ask.key);
                let shard = shard_of(partition, self.cluster.shards);
                self.tell_shard(node, shard, ShardIn::Ask { caller, ask });
            }
            NodeEvent::Abandon(caller) => {
                for shard in 0..self.cluster.shards {
                    self.tell_shard(node, shard, ShardIn::Abandon(caller));
                }
            }
            NodeEvent::Kept { start, number } => self.take_kept(node, start, number),
            NodeEvent::Report { start, index, report } => {
                if self.nodes[node.at()].life_of(start).is_some() {
                    self.tell_control(node, ControlIn::Shard { index, report });
                }
            }
            NodeEvent::Discover { start, word } => self.discover_at_node(node, start, word),
            NodeEvent::Leave { start } => self.order_leave(node, start),
            NodeEvent::Stop { start } => self.stop(node, start),
            NodeEvent::Dial { start, peer, lane, attempt } => {
                self.dial(node, start, peer, lane, attempt);
            }
            NodeEvent::Hello { peer, peer_start, wire, lane, attempt } => {
                self.answer_hello(node, peer, peer_start, wire, lane, attempt);
            }
            NodeEvent::Welcome { peer, lane, attempt, session } => {
                self.take_welcome(node, peer, lane, attempt, session);
            }
            NodeEvent::Reset { peer, lane, session } => self.reset(node, peer, lane, session),
        }
    }

    /// Hands a message to the actor at the sender's end of `hop` that it is for.
    fn deliver(&mut self, hop: Hop, lane: Lane, bytes: Bytes) {
        let Some(session) = self.network.session(hop, lane) else {
            return;
        };
        let Ok(message) = codec::decode(bytes, session.wire, &self.limits) else {
            let facts = [12, hop.from.0.into(), hop.to.0.into()];
            self.count(facts, &[], format_args!("{} drops the link for that", hop.from));
            let text = format!("drops link to {}", hop.to);
            self.tell_recorder(|recorder, now| recorder.mark(now, hop.from, text));
            return self.break_off(hop, lane, session.number);
        };
        let (node, from) = (hop.from, self.nodes[hop.to.at()].seat);
        let Cluster { ring, shards, .. } = &self.cluster;
        match desk_of(&message, ring.partitions, *shards) {
            Desk::Control => self.tell_control(node, ControlIn::Peer { from, message }),
            Desk::Shard(index) => self.tell_shard(node, index, ShardIn::Peer { from, message }),
        }
    }

    fn wake(&mut self, node: NodeIndex, start: u32, desk: Desk) {
        let now = self.node_now(node);
        let Some(life) = self.nodes[node.at()].life_of(start) else {
            return;
        };
        if life.is_due(desk, self.now.at, now) {
            match desk {
                Desk::Control => {
                    life.control.wake(now, &mut self.from_control);
                    self.perform_control(node);
                }
                Desk::Shard(index) => {
                    life.shards[usize::from(index)].wake(now, &mut self.from_shard);
                    self.perform_shard(node, index);
                }
            }
        }
        self.arm(node, desk);
    }

    /// Enters the next wake of an actor, unless there is one early enough.
    fn arm(&mut self, node: NodeIndex, desk: Desk) {
        let machine = &mut self.nodes[node.at()];
        let start = machine.starts;
        if let Some(at) = machine.arm(desk, self.now.at) {
            self.agenda.push(at, Event::Node(node, NodeEvent::Wake { start, desk }));
        }
    }

    fn node_now(&self, node: NodeIndex) -> Now {
        self.nodes[node.at()].clock.read(self.now.at)
    }

    fn desks(&self) -> impl Iterator<Item = Desk> + use<> {
        std::iter::once(Desk::Control).chain((0..self.cluster.shards).map(Desk::Shard))
    }
}
