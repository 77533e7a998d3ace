//! Links are made, and break, as production's do.
//!
//! Of two nodes the one with the smaller name dials, if it knows the other. (The other one asks when
//! it is not dialled for long. No link comes of that, so it is left out here.) The other one answers
//! its hello with a welcome, whether it knows the first one or not, and has the link from then on;
//! the first one has it when the welcome arrives. They speak the newest version of the wire that
//! both know, or do not link; nor do they if they are of two clusters. A node that died or broke a link is missed by its peers a little later, or as soon as a cut is healed
//! that kept the news away. While a peer is not known to be dead, no other one is let onto its
//! seat.

use std::time::Duration;

use peer_ring_core::id::Seat;
use peer_ring_core::peer::Lane;
use peer_ring_core::wiring::{ControlIn, ShardIn};
use peer_ring_proto::WireVersion;
use peer_ring_proto::hello::Protocols;

use crate::world::World;
use crate::world::event::{Event, Hop, NodeEvent, NodeIndex, Session};
use crate::world::network::{CONNECT_TIMEOUT, LANES, hops_from};

/// How often the news of a broken link is told again while it cannot arrive.
const NEWS_AGAIN_AFTER: Duration = Duration::from_millis(200);

impl World {
    /// Begins to keep links to a peer, if they are this node's to dial.
    pub(super) fn connect(&mut self, node: NodeIndex, peer: Seat) {
        let hop = Hop { from: node, to: self.index_of(peer) };
        let is_new = self.nodes[node.at()].life.as_mut().is_some_and(|l| l.wanted.insert(hop.to));
        if !is_new || !self.is_dialler(hop) {
            return;
        }
        for lane in LANES {
            self.plan_dial(hop, lane, Duration::ZERO);
        }
    }

    /// Keeps no link to a peer any more: those that stand are closed, and none is dialled.
    pub(super) fn disconnect(&mut self, node: NodeIndex, peer: Seat) {
        let hop = Hop { from: node, to: self.index_of(peer) };
        if let Some(life) = &mut self.nodes[node.at()].life {
            life.wanted.remove(&hop.to);
        }
        self.hang_up_between(hop);
    }

    /// Enters the next attempt to make a link; the one before it is over.
    fn plan_dial(&mut self, hop: Hop, lane: Lane, after: Duration) {
        let attempt = self.network.new_attempt(hop, lane);
        let start = self.nodes[hop.from.at()].starts;
        let dial = NodeEvent::Dial { start, peer: hop.to, lane, attempt };
        self.agenda.push(self.now.at + after, Event::Node(hop.from, dial));
    }

    pub(super) fn dial(
        &mut self,
        node: NodeIndex,
        start: u32,
        peer: NodeIndex,
        lane: Lane,
        attempt: u64,
    ) {
        let hop = Hop { from: node, to: peer };
        let life = self.nodes[node.at()].life_of(start);
        let wire = life.filter(|life| life.wanted.contains(&peer)).map(|life| life.wire);
        let Some(wire) = wire.filter(|_| self.network.is_dialling(hop, lane, attempt)) else {
            return;
        };
        let travel = self.network.travel(hop, lane);
        if self.network.is_cut(self.now.at, hop) || self.network.is_cut(self.now.at, hop.back()) {
            return self.plan_dial(hop, lane, CONNECT_TIMEOUT);
        }
        if self.nodes[peer.at()].life.is_none() {
            let pause = travel * 2 + self.network.dial_pause(hop, lane);
            return self.plan_dial(hop, lane, pause);
        }
        // The next attempt begins if nothing has come of this one.
        self.plan_dial(hop, lane, CONNECT_TIMEOUT);
        let attempt = attempt + 1;
        let hello = NodeEvent::Hello { peer: node, peer_start: start, wire, lane, attempt };
        self.agenda.push(self.now.at + travel, Event::Node(peer, hello));
    }

    pub(super) fn answer_hello(
        &mut self,
        node: NodeIndex,
        peer: NodeIndex,
        peer_start: u32,
        wire: Protocols,
        lane: Lane,
        attempt: u64,
    ) {
        let hop = Hop { from: node, to: peer };
        let is_current = self.network.is_dialling(hop.back(), lane, attempt)
            && self.nodes[peer.at()].life_of(peer_start).is_some();
        let Some(life) = &self.nodes[node.at()].life else {
            return;
        };
        if !is_current {
            return;
        }
        let start = life.start;
        let wire = life.wire.common(wire).and_then(WireVersion::of);
        let seat_is_held = LANES.iter().any(|lane| {
            let held = self.network.session(hop, *lane);
            held.is_some_and(|session| session.peer_start != peer_start)
        });
        let is_foreign = self.are_of_two_clusters(node, peer);
        // A refusal: the dialler tries again later.
        let Some(wire) = wire.filter(|_| !seat_is_held && !is_foreign) else {
            let pause = self.network.dial_pause(hop.back(), lane);
            return self.plan_dial(hop.back(), lane, pause);
        };
        let number = self.network.new_session();
        let at = self.network.travel_in_order(self.now.at, hop, lane);
        let session = Session { number, peer_start: start, wire };
        let welcome = NodeEvent::Welcome { peer: node, lane, attempt, session };
        self.agenda.push(at, Event::Node(peer, welcome));
        self.link_up(hop, lane, Session { number, peer_start, wire });
    }

    pub(super) fn take_welcome(
        &mut self,
        node: NodeIndex,
        peer: NodeIndex,
        lane: Lane,
        attempt: u64,
        session: Session,
    ) {
        let hop = Hop { from: node, to: peer };
        let is_wanted = self.network.is_dialling(hop, lane, attempt);
        if !is_wanted || self.network.is_cut(self.now.at, hop.back()) {
            return;
        }
        if self.network.receives(hop.back(), lane, session.number) {
            return self.link_up(hop, lane, session);
        }
        // The other one has hung up since: the connection ends, and nobody waits for it in vain.
        let pause = self.network.dial_pause(hop, lane);
        self.plan_dial(hop, lane, pause);
    }

    /// The link over `hop` stands, as its sender sees it.
    fn link_up(&mut self, hop: Hop, lane: Lane, session: Session) {
        let replaced = self.network.open(hop, lane, session);
        if replaced.is_some() {
            self.tell_link_lost(hop, lane);
        }
        if lane == Lane::Foreground {
            let peer = &self.nodes[hop.to.at()];
            let (seat, id) = (peer.seat, peer.life.as_ref().map(|life| life.id));
            if let Some(id) = id {
                self.tell_control(hop.from, ControlIn::LinkUp { seat, id });
            }
        }
    }

    /// Ends every session of a node that goes down.
    pub(super) fn hang_up(&mut self, node: NodeIndex) {
        for hop in hops_from(node, self.cluster.nodes) {
            for lane in LANES {
                self.network.close(hop, lane);
                self.send_reset(hop.back(), lane);
            }
        }
    }

    /// Ends the sessions between two nodes that both go on.
    pub(super) fn hang_up_between(&mut self, between: Hop) {
        for lane in LANES {
            self.send_reset(between, lane);
            self.send_reset(between.back(), lane);
        }
    }

    /// Sends the sender of `hop` the news that its session is over.
    fn send_reset(&mut self, hop: Hop, lane: Lane) {
        let Some(session) = self.network.session(hop, lane) else {
            return;
        };
        self.network.break_session(session.number);
        let at = self.now.at + self.network.travel(hop.back(), lane);
        let reset = NodeEvent::Reset { peer: hop.to, lane, session: session.number };
        self.agenda.push(at, Event::Node(hop.from, reset));
    }

    pub(super) fn reset(&mut self, node: NodeIndex, peer: NodeIndex, lane: Lane, session: u64) {
        let hop = Hop { from: node, to: peer };
        if !self.network.is_in(hop, lane, session) {
            return;
        }
        if self.network.is_cut(self.now.at, hop.back()) {
            let reset = NodeEvent::Reset { peer, lane, session };
            self.agenda.push(self.now.at + NEWS_AGAIN_AFTER, Event::Node(node, reset));
            return;
        }
        self.break_off(hop, lane, session);
    }

    /// Ends a session at the sender's end of `hop`, who has just learnt that it must.
    pub(super) fn break_off(&mut self, hop: Hop, lane: Lane, session: u64) {
        self.network.close(hop, lane);
        if self.network.is_in(hop.back(), lane, session) {
            self.send_reset(hop.back(), lane);
        }
        self.tell_link_lost(hop, lane);
        if lane == Lane::Foreground {
            let seat = self.nodes[hop.to.at()].seat;
            self.tell_control(hop.from, ControlIn::LinkDown { seat });
        }
        let life = self.nodes[hop.from.at()].life.as_ref();
        if life.is_some_and(|life| life.wanted.contains(&hop.to)) && self.is_dialler(hop) {
            let pause = self.network.dial_pause(hop, lane);
            self.plan_dial(hop, lane, pause);
        }
    }

    /// Whether both nodes have rings, and those are of clusters that were founded apart.
    fn are_of_two_clusters(&self, one: NodeIndex, other: NodeIndex) -> bool {
        let cluster = |node| Some(self.view(node)?.ring.as_ref()?.cluster());
        let (one, other) = (cluster(one), cluster(other));
        one.is_some() && other.is_some() && one != other
    }

    fn tell_link_lost(&mut self, hop: Hop, lane: Lane) {
        let seat = self.nodes[hop.to.at()].seat;
        for index in 0..self.cluster.shards {
            self.tell_shard(hop.from, index, ShardIn::LinkLost { seat, lane });
        }
    }

    fn is_dialler(&self, hop: Hop) -> bool {
        self.nodes[hop.from.at()].name < self.nodes[hop.to.at()].name
    }
}
