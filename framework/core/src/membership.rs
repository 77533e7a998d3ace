//! Membership: who is a peer, and whether it is there.
//!
//! Discovery says who exists and where; links and probes say who answers. The two are kept apart:
//! a source of discovery that fails takes nobody away, and a peer that does not answer is not
//! forgotten. [`PeerState`] has the story of a peer's states.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Desk, NodeId, NodeName, RequestId, Seat};
use crate::view::{Health, PeerHealth, PeerState};

/// How peers are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often each peer is probed.
    pub probe_interval: Duration,
    /// A peer that has not answered for so long is suspect.
    pub suspect_after: Duration,
    /// A peer that has not answered for so long is down.
    pub down_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            probe_interval: Duration::from_millis(500),
            suspect_after: Duration::from_millis(1_500),
            down_after: Duration::from_secs(5),
        }
    }
}

/// What a source of discovery says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A node exists, or something about it has changed.
    Seen(Sighting),
    /// A node does not exist any more.
    Lost(NodeName),
    /// The source has said all it knows for now.
    Settled,
}

/// A node as a source of discovery sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The name of its seat.
    pub name: NodeName,
    /// The identity of its data, where the source knows it.
    pub id: Option<NodeId>,
    /// Where its peers reach it: `host:port`.
    pub address: String,
    /// Where it stands.
    pub zone: Option<Arc<str>>,
    /// Its share of partitions; zero owns nothing.
    pub weight: u32,
    /// Whatever else the source says.
    pub metadata: BTreeMap<String, String>,
}

impl Sighting {
    /// A node of weight 1 about which no more is known than its name and address.
    #[must_use]
    pub fn new(name: NodeName, address: impl Into<String>) -> Self {
        let address = address.into();
        Self { name, id: None, address, zone: None, weight: 1, metadata: BTreeMap::new() }
    }
}

/// What can happen to membership.
#[derive(Debug)]
pub enum In {
    /// Discovery has something to say.
    Fact(Fact),
    /// A link to a peer stands.
    LinkUp {
        /// Which peer.
        seat: Seat,
        /// The identity of its data.
        id: NodeId,
    },
    /// The link to a peer broke.
    LinkDown {
        /// Which peer.
        seat: Seat,
    },
    /// A peer answered a probe.
    ProbeAnswered {
        /// Which peer.
        from: Seat,
    },
    /// A peer says that it stops.
    Leaving {
        /// Which peer.
        from: Seat,
    },
}

/// What membership asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Keep a link to this peer, at this address from now on.
    Connect {
        /// Which peer.
        name: NodeName,
        /// `host:port`.
        address: String,
    },
    /// Keep no link to this peer any more.
    Disconnect {
        /// Which peer.
        seat: Seat,
    },
    /// Probe a peer.
    Probe {
        /// Which peer.
        to: Seat,
        /// The request's id.
        id: RequestId,
    },
    /// Tell everybody who is there.
    Health(Arc<Health>),
}

/// Keeps the list of peers and their states.
pub struct Membership {
    seat: Seat,
    settings: Settings,
    peers: BTreeMap<Seat, Peer>,
    probes: u64,
    probe_at: Option<Instant>,
    health: Arc<Health>,
}

struct Peer {
    sighting: Sighting,
    state: PeerState,
    id: Option<NodeId>,
    heard_at: Instant,
}

impl Membership {
    /// The membership as the node on `seat` sees it.
    #[must_use]
    pub fn new(seat: Seat, settings: Settings) -> Self {
        Self {
            seat,
            settings,
            peers: BTreeMap::new(),
            probes: 0,
            probe_at: None,
            health: Arc::default(),
        }
    }

    /// What is known of the peers.
    #[must_use]
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }

    fn fact(&mut self, now: Now, fact: Fact, out: &mut Outbox<Out>) {
        match fact {
            Fact::Seen(sighting) => self.see(now, sighting, out),
            Fact::Lost(name) => {
                let seat = name.seat();
                if self.peers.remove(&seat).is_some() {
                    out.push(Out::Disconnect { seat });
                }
            }
            Fact::Settled => {}
        }
    }

    fn see(&mut self, now: Now, sighting: Sighting, out: &mut Outbox<Out>) {
        let seat = sighting.name.seat();
        if seat == self.seat {
            return;
        }
        let connect = Out::Connect { name: sighting.name.clone(), address: sighting.address.clone() };
        match self.peers.get_mut(&seat) {
            Some(peer) => {
                if peer.sighting.address != sighting.address {
                    out.push(connect);
                }
                peer.sighting = sighting;
            }
            None => {
                let state = PeerState::Down;
                self.peers.insert(seat, Peer { sighting, state, id: None, heard_at: now.tick });
                out.push(connect);
            }
        }
        if self.probe_at.is_none() {
            self.probe_at = Some(now.tick + self.settings.probe_interval);
        }
    }

    fn hear(&mut self, now: Now, seat: Seat, id: Option<NodeId>) {
        if let Some(peer) = self.peers.get_mut(&seat) {
            peer.heard_at = now.tick;
            peer.id = id.or(peer.id);
            // Only a new link brings one back that said it leaves.
            if id.is_some() || peer.state != PeerState::Leaving {
                peer.state = PeerState::Alive;
            }
        }
    }

    fn set_state(&mut self, seat: Seat, state: PeerState) {
        if let Some(peer) = self.peers.get_mut(&seat) {
            peer.state = state;
        }
    }

    fn probe(&mut self, now: Now, out: &mut Outbox<Out>) {
        for (&seat, peer) in &mut self.peers {
            let silence = now.tick.since(peer.heard_at);
            peer.state = match peer.state {
                PeerState::Down => PeerState::Down,
                _ if silence >= self.settings.down_after => PeerState::Down,
                PeerState::Alive if silence >= self.settings.suspect_after => PeerState::Suspect,
                state @ (PeerState::Alive | PeerState::Suspect | PeerState::Leaving) => state,
            };
            self.probes += 1;
            let id = RequestId::new(Desk::Control, self.probes);
            out.push(Out::Probe { to: seat, id });
        }
        self.probe_at = Some(now.tick + self.settings.probe_interval);
    }

    fn publish(&mut self, out: &mut Outbox<Out>) {
        let line = |(&seat, peer): (&Seat, &Peer)| PeerHealth { seat, state: peer.state, id: peer.id };
        let health = Health::new(self.peers.iter().map(line).collect());
        if health != *self.health {
            self.health = Arc::new(health);
            out.push(Out::Health(Arc::clone(&self.health)));
        }
    }
}

impl Actor for Membership {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Fact(fact) => self.fact(now, fact, out),
            In::LinkUp { seat, id } => self.hear(now, seat, Some(id)),
            In::LinkDown { seat } => self.set_state(seat, PeerState::Down),
            In::ProbeAnswered { from } => self.hear(now, from, None),
            In::Leaving { from } => self.set_state(from, PeerState::Leaving),
        }
        self.publish(out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.probe_at
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.probe_at.is_some_and(|at| at <= now.tick) {
            self.probe(now, out);
            self.publish(out);
        }
    }
}

#[cfg(test)]
#[path = "membership/tests.rs"]
mod tests;
