//! `swim`: an agent on each node that is up, and nothing behind them but the network.
//!
//! What agents say to each other goes as datagrams, and so whatever is wrong with the network is
//! wrong with gossip too. Discovery that is out, or stale at a node, or hides one node from another,
//! is a network that carries everything but gossip. A node that leaves says goodbye for a while
//! after it has gone down, as production's process does before it ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::actor::{Actor, Instant, Outbox};
use peer_ring_discovery_core::swim::{Agent, In, Key, Out, Settings};

use super::room::Room;
use super::weather::Turn;
use super::{Ends, Word as AnyWord};
use crate::random::Stream;
use crate::world::event::{Hop, NodeIndex};

/// Where agents listen.
const PORT: u16 = 7946;

/// How many nodes are everybody's seeds: founders, and then those that may come later, since founders
/// leave.
const SEEDS_MAX: usize = 5;

/// What it takes to resolve the seeds' names, beyond what any word of discovery takes.
const RESOLVED_WITHIN: Duration = Duration::from_millis(1);

/// How often news are passed on, and how long a node waits that hears of nobody. Who has caught up
/// with the others' news says so after three rounds: with production's intervals, a cluster would be
/// founded when the first faults have begun already.
const GOSSIP_INTERVAL_MS: u64 = 80;
const SETTLE_AFTER_MS: u64 = 240;

/// How often nodes that are down, and seeds while a node is alone, are asked. Production's ten
/// seconds are all that a cluster has to become whole in, and it may take more than one attempt.
const HEAL_INTERVAL_MS: u64 = 2_000;

/// Further apart than faults set clocks: what production takes for replayed then would be all that
/// a node says, for as long as its clock is wrong.
const CLOCK_SKEW_MAX_MS: u64 = 3_600_000;

/// All agents.
pub(super) struct Gossip {
    clients: BTreeMap<NodeIndex, Client>,
    /// Those of nodes that are down, which are still saying goodbye.
    leaving: BTreeMap<NodeIndex, Client>,
}

/// The agent of a node, and what performs for it.
struct Client {
    agent: Agent,
    /// How long it takes to resolve names.
    resolver: Stream,
    is_resolving: bool,
    /// The tick for which its next wake is entered.
    armed: Option<Instant>,
}

/// What happens to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A datagram arrives.
    Datagram {
        /// From whom.
        from: NodeIndex,
        /// What it says.
        bytes: Bytes,
        /// Whether that is not what was sent.
        is_changed: bool,
    },
    /// The seeds' names are resolved.
    Resolved,
    /// Its deadline may have come.
    Wake,
    /// That of an agent whose node has gone down may have come.
    WakeLeaving(NodeIndex),
}

impl Word {
    /// What it brings from another node.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Datagram { bytes, .. } => bytes,
            Self::Resolved | Self::Wake | Self::WakeLeaving(_) => &[],
        }
    }
}

impl Gossip {
    pub(super) fn new() -> Self {
        Self { clients: BTreeMap::new(), leaving: BTreeMap::new() }
    }
}

impl Client {
    fn new(room: &Room<'_>, node: NodeIndex) -> Self {
        let numbers = [node.0.into(), room.starts(node).into()];
        let (start, seed) = (room.clock(node).wall.0, room.stream("gossip", &numbers).draw());
        let agent = Agent::new(settings(), room.sighting(node), place(node), start, seed);
        Self {
            agent: agent.expect("a node with a short name can gossip so"),
            resolver: room.stream("resolver", &numbers),
            is_resolving: false,
            armed: None,
        }
    }

    fn take(&mut self, room: &mut Room<'_>, node: NodeIndex, input: In) {
        let mut out = Outbox::new();
        self.agent.handle(room.clock(node), input, &mut out);
        self.perform(room, node, &mut out);
    }

    fn wake(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        let now = room.clock(node);
        // An earlier wake, of which nothing is left, or one for a clock that went faster then.
        if self.armed.is_none_or(|armed| armed > now.tick) {
            return;
        }
        self.armed = None;
        let mut out = Outbox::new();
        if self.agent.deadline().is_some_and(|deadline| deadline <= now.tick) {
            self.agent.wake(now, &mut out);
        }
        self.perform(room, node, &mut out);
    }

    fn perform(&mut self, room: &mut Room<'_>, node: NodeIndex, out: &mut Outbox<Out>) {
        while let Some(order) = out.pop() {
            match order {
                Out::Send { to, bytes } => send(room, Hop { from: node, to: at(to) }, bytes.into()),
                Out::Fact(fact) => room.say(node, fact),
                Out::Resolve if self.is_resolving => {}
                Out::Resolve => {
                    self.is_resolving = true;
                    let span = Duration::ZERO..=room.within + RESOLVED_WITHIN;
                    room.at_node(self.resolver.span(&span), node, AnyWord::Swim(Word::Resolved));
                }
                // It has no deadline any more.
                Out::Left => {}
            }
        }
    }

    /// The tick for which a wake has to be entered, if there is none early enough.
    fn arm(&mut self) -> Option<Instant> {
        let deadline = self.agent.deadline()?;
        if self.armed.is_some_and(|armed| armed <= deadline) {
            return None;
        }
        self.armed = Some(deadline);
        self.armed
    }

    fn arm_at_node(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        if let Some(tick) = self.arm() {
            room.when(tick, node, AnyWord::Swim(Word::Wake));
        }
    }

    fn arm_leaving(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        if let Some(tick) = self.arm() {
            let after = room.nodes[node.at()].clock.when(tick).since(room.now);
            room.at_backend(after, AnyWord::Swim(Word::WakeLeaving(node)));
        }
    }
}

impl Ends for Gossip {
    fn start(&mut self, room: &mut Room<'_>, node: NodeIndex) {
        self.leaving.remove(&node);
        let mut client = Client::new(room, node);
        client.arm_at_node(room, node);
        self.clients.insert(node, client);
    }

    fn stop(&mut self, room: &mut Room<'_>, node: NodeIndex, said_goodbye: bool) {
        let Some(mut client) = self.clients.remove(&node).filter(|_| said_goodbye) else {
            return;
        };
        client.armed = None;
        client.take(room, node, In::Leave);
        client.arm_leaving(room, node);
        self.leaving.insert(node, client);
    }

    fn at_node(&mut self, room: &mut Room<'_>, node: NodeIndex, word: AnyWord) {
        let (AnyWord::Swim(word), Some(client)) = (word, self.clients.get_mut(&node)) else {
            unreachable!("{node} is up, and gossips");
        };
        match word {
            Word::Datagram { from, bytes, is_changed } => {
                let before = client.agent.dropped();
                client.take(room, node, In::Datagram { from: place(from), bytes: bytes.into() });
                let is_heard = client.agent.dropped() == before;
                assert!(!is_changed || !is_heard, "{node} believes gossip that was changed");
            }
            Word::Resolved => {
                client.is_resolving = false;
                let seeds = seeds(room).map(place).collect();
                client.take(room, node, In::Seeds(seeds));
            }
            Word::Wake => client.wake(room, node),
            Word::WakeLeaving(_) => unreachable!("{node} is up"),
        }
        client.arm_at_node(room, node);
    }

    fn at_backend(&mut self, room: &mut Room<'_>, word: AnyWord) {
        let AnyWord::Swim(Word::WakeLeaving(node)) = word else {
            unreachable!("gossip has no backend: {word:?}");
        };
        // It may have started again meanwhile, and even left again.
        if let Some(client) = self.leaving.get_mut(&node) {
            client.wake(room, node);
            client.arm_leaving(room, node);
        }
    }

    fn turn(&mut self, room: &mut Room<'_>, turn: Turn) {
        match turn {
            Turn::Clock(node) => {
                if let Some(client) = self.clients.get_mut(&node) {
                    client.armed = None;
                    client.arm_at_node(room, node);
                }
            }
            // Whatever is sent from now on is lost, or is not any more.
            Turn::Out | Turn::Back => {}
            Turn::Stale(_) | Turn::Fresh(_) | Turn::Hidden(..) | Turn::Shown(..) => {}
        }
    }
}

/// Production's defaults, but for what is said above.
fn settings() -> Settings {
    Settings {
        keys: vec![Key::new("what all of them share")],
        gossip_interval_ms: GOSSIP_INTERVAL_MS,
        settle_after_ms: SETTLE_AFTER_MS,
        heal_interval_ms: HEAL_INTERVAL_MS,
        clock_skew_max_ms: CLOCK_SKEW_MAX_MS,
        ..Settings::default()
    }
}

fn seeds(room: &Room<'_>) -> impl Iterator<Item = NodeIndex> {
    let founders = room.founders.iter().copied();
    let all = (0..).map(NodeIndex).take(room.nodes.len());
    founders.chain(all.filter(|node| !room.founders.contains(node))).take(SEEDS_MAX)
}

fn send(room: &mut Room<'_>, hop: Hop, bytes: Bytes) {
    let Hop { from, to } = hop;
    let weather = room.weather;
    let is_dark = weather.is_blind(from) || weather.is_blind(to);
    if is_dark || !weather.shows(from, to) || !weather.shows(to, from) {
        return;
    }
    let sent = bytes.clone();
    room.send_datagram(hop, bytes, |bytes| {
        let is_changed = bytes != sent;
        AnyWord::Swim(Word::Datagram { from, bytes, is_changed })
    });
}

/// Where a node hears gossip.
fn place(node: NodeIndex) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, node.0], PORT))
}

/// The node that hears gossip there.
fn at(place: SocketAddr) -> NodeIndex {
    match place {
        SocketAddr::V4(place) => NodeIndex(place.ip().octets()[3]),
        SocketAddr::V6(_) => unreachable!("{place} is nobody's place"),
    }
}
