//! Membership: who is a peer, and whether it is there.
//!
//! Discovery says who exists and where, and so do the ring, of its members, and peers, of
//! themselves; links and probes say who answers. The two are kept apart: a source of discovery that
//! fails takes nobody away, and a peer that does not answer is not forgotten while it is a member,
//! or discovery names it. [`PeerState`] has the story of a peer's states.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Desk, NodeId, NodeName, RequestId, Seat};
use crate::rare::{Mark, reached, switched_on};
use crate::ring::Ring;
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
    /// The members of the ring are these.
    Ring(Arc<Ring>),
    /// A peer says who it is, and where it is reached.
    Met {
        /// Its name.
        name: NodeName,
        /// `host:port`; empty when it does not say.
        address: Arc<str>,
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
    /// Links that stand, be it to peers that discovery has not named yet, and the identity of the
    /// data at their other ends.
    links: BTreeMap<Seat, NodeId>,
    probes: u64,
    probe_at: Option<Instant>,
    health: Arc<Health>,
}

struct Peer {
    /// Empty while nobody has said.
    address: String,
    is_discovered: bool,
    is_member: bool,
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
            links: BTreeMap::new(),
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
                if let Some(peer) = self.peers.get_mut(&seat) {
                    peer.is_discovered = false;
                }
                self.forget(seat, out);
            }
            Fact::Settled => {}
        }
    }

    /// Forgets a peer that nobody knows any more and that is not there.
    fn forget(&mut self, seat: Seat, out: &mut Outbox<Out>) {
        let is_linked = self.links.contains_key(&seat);
        let is_known =
            self.peers.get(&seat).is_none_or(|it| it.is_discovered || it.is_member || is_linked);
        if !is_known {
            self.peers.remove(&seat);
            out.push(Out::Disconnect { seat });
        }
    }

    fn see(&mut self, now: Now, sighting: Sighting, out: &mut Outbox<Out>) {
        let seat = sighting.name.seat();
        if seat == self.seat {
            return;
        }
        let Sighting { name, address, .. } = sighting;
        self.meet(now, name, &address, out).is_discovered = true;
    }

    /// Takes note of where a peer is. An address that nobody gives changes nothing.
    fn meet(
        &mut self,
        now: Now,
        name: NodeName,
        address: &str,
        out: &mut Outbox<Out>,
    ) -> &mut Peer {
        if self.probe_at.is_none() {
            self.probe_at = Some(now.tick + self.settings.probe_interval);
        }
        let seat = name.seat();
        let id = self.links.get(&seat).copied();
        let state = if id.is_some() { PeerState::Alive } else { PeerState::Down };
        let peer = self.peers.entry(seat).or_insert_with(|| Peer {
            address: String::new(),
            is_discovered: false,
            is_member: false,
            state,
            id,
            heard_at: now.tick,
        });
        if !address.is_empty() && peer.address != address {
            address.clone_into(&mut peer.address);
            out.push(Out::Connect { name, address: peer.address.clone() });
        }
        peer
    }

    /// Keeps links to all members; where discovery says another address, that is right.
    fn set_ring(&mut self, now: Now, ring: &Ring, out: &mut Outbox<Out>) {
        let own = self.seat;
        for member in ring.members().iter().filter(|member| member.seat() != own) {
            let known = self.peers.get(&member.seat());
            let is_reached = known.is_some_and(|peer| !peer.address.is_empty());
            let address = if is_reached { "" } else { &member.address };
            self.meet(now, member.name.clone(), address, out).is_member = true;
        }
        let gone = |(seat, peer): (&Seat, &mut Peer)| {
            let was_member = std::mem::replace(&mut peer.is_member, ring.member(*seat).is_some());
            (was_member && !peer.is_member).then_some(*seat)
        };
        let gone: Vec<_> = self.peers.iter_mut().filter_map(gone).collect();
        for seat in gone {
            self.forget(seat, out);
        }
    }

    /// A peer's own word about where it is counts while nobody else has said.
    fn met(&mut self, now: Now, name: NodeName, address: &str, out: &mut Outbox<Out>) {
        if name.seat() == self.seat {
            return;
        }
        let known = self.peers.get(&name.seat());
        let is_reached = known.is_some_and(|peer| !peer.address.is_empty());
        self.meet(now, name, if is_reached { "" } else { address }, out);
    }

    fn link_up(&mut self, now: Now, seat: Seat, id: NodeId) {
        self.links.insert(seat, id);
        if let Some(peer) = self.peers.get_mut(&seat) {
            peer.heard_at = now.tick;
            peer.id = Some(id);
            peer.state = PeerState::Alive;
        }
    }

    fn link_down(&mut self, seat: Seat, out: &mut Outbox<Out>) {
        self.links.remove(&seat);
        if let Some(peer) = self.peers.get_mut(&seat) {
            peer.state = PeerState::Down;
        }
        self.forget(seat, out);
    }

    /// Tells everybody only if the answer changes anything, which it hardly ever does.
    fn probe_answered(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        // What came over a link before it broke says nothing about the time after.
        if !self.links.contains_key(&seat) {
            return reached(Mark::AnswerOverDeadLink);
        }
        if let Some(peer) = self.peers.get_mut(&seat) {
            peer.heard_at = now.tick;
            let stays = match peer.state {
                PeerState::Leaving => true,
                PeerState::Suspect => crate::planted!("suspect-for-ever"),
                PeerState::Down => crate::planted!("m20"),
                PeerState::Alive => true,
            };
            if !stays {
                reached(Mark::PeerBack);
                peer.state = PeerState::Alive;
                self.publish(out);
            }
        }
    }

    fn leaving(&mut self, seat: Seat) {
        let peer = self.peers.get_mut(&seat);
        if let Some(peer) = peer.filter(|_| self.links.contains_key(&seat)) {
            peer.state = PeerState::Leaving;
        }
    }

    /// Judges every peer by its silence, and probes those that are linked. `overslept` is for how
    /// long this node itself has not listened, which is nobody else's silence.
    fn probe(&mut self, now: Now, overslept: Duration, out: &mut Outbox<Out>) {
        if overslept >= self.settings.suspect_after {
            reached(Mark::Overslept);
        }
        for (&seat, peer) in &mut self.peers {
            if !self.links.contains_key(&seat) {
                continue;
            }
            peer.heard_at = (peer.heard_at + overslept).min(now.tick);
            let silence = now.tick.since(peer.heard_at);
            peer.state = match peer.state {
                PeerState::Alive | PeerState::Suspect if silence >= self.settings.down_after => {
                    reached(Mark::PeerDown);
                    PeerState::Down
                }
                PeerState::Alive if silence >= self.settings.suspect_after => {
                    reached(Mark::PeerSuspect);
                    PeerState::Suspect
                }
                PeerState::Alive if switched_on(Mark::PeerThoughtSuspect) => PeerState::Suspect,
                PeerState::Alive => PeerState::Alive,
                PeerState::Suspect => PeerState::Suspect,
                PeerState::Leaving => PeerState::Leaving,
                PeerState::Down => PeerState::Down,
            };
            self.probes += 1;
            let id = RequestId::new(Desk::Control, self.probes);
            out.push(Out::Probe { to: seat, id });
        }
        self.probe_at = Some(now.tick + self.settings.probe_interval);
    }

    fn publish(&mut self, out: &mut Outbox<Out>) {
        let line =
            |(&seat, peer): (&Seat, &Peer)| PeerHealth { seat, state: peer.state, id: peer.id };
        let lines = self.peers.iter().map(line);
        // Both are in the order of seats.
        if !lines.clone().eq(self.health.peers().iter().copied()) {
            self.health = Arc::new(Health::new(lines.collect()));
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
            In::LinkUp { seat, id } => self.link_up(now, seat, id),
            In::LinkDown { seat } => self.link_down(seat, out),
            In::ProbeAnswered { from } => return self.probe_answered(now, from, out),
            In::Leaving { from } => self.leaving(from),
            In::Ring(ring) => self.set_ring(now, &ring, out),
            In::Met { name, address } => self.met(now, name, &address, out),
        }
        self.publish(out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.probe_at
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if let Some(at) = self.probe_at.filter(|at| *at <= now.tick) {
            self.probe(now, now.tick.since(at), out);
            self.publish(out);
        }
    }
}

#[cfg(test)]
mod tests;
