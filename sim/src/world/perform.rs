//! What the actors ask for, performed: what the actix runtime does elsewhere.

use peer_ring_core::actor::Actor;
use peer_ring_core::id::{Desk, RequestId, Seat};
use peer_ring_core::peer::{Body, Message, Request, Response};
use peer_ring_core::view::View;
use peer_ring_core::wiring::{ControlIn, ControlOut, ShardIn, ShardOut};

use crate::time::Moment;
use crate::world::event::{Event, Hop, NodeEvent, NodeIndex};
use crate::world::{Errand, Happening, Letter, NOBODY, World, codec};

impl World {
    /// Lets a node's control actor handle something, and performs what follows.
    pub(super) fn tell_control(&mut self, node: NodeIndex, input: ControlIn) {
        let now = self.node_now(node);
        let Some(life) = &mut self.nodes[node.at()].life else {
            return;
        };
        life.control.handle(now, input, &mut self.from_control);
        self.perform_control(node);
        self.arm(node, Desk::Control);
    }

    /// Lets one of a node's shards handle something, and performs what follows.
    pub(super) fn tell_shard(&mut self, node: NodeIndex, index: u8, input: ShardIn) {
        let now = self.node_now(node);
        let Some(life) = &mut self.nodes[node.at()].life else {
            return;
        };
        life.shards[usize::from(index)].handle(now, input, &mut self.from_shard);
        self.perform_shard(node, index);
        self.arm(node, Desk::Shard(index));
    }

    pub(super) fn perform_control(&mut self, node: NodeIndex) {
        while let Some(order) = self.from_control.pop() {
            match order {
                ControlOut::Connect { name, .. } => self.connect(node, name.seat()),
                ControlOut::Disconnect { seat } => self.disconnect(node, seat),
                // A probe that does not get out is a probe that is not answered.
                ControlOut::Send { to, message } => drop(self.send(node, to, &message)),
                ControlOut::View(view) => self.push_view(node, &view),
                ControlOut::Keep { number, state } => self.keep(node, number, state),
                ControlOut::Answer { result, .. } => self.take_answer(node, &result),
                ControlOut::Left => self.enter(node, |start| NodeEvent::Stop { start }),
                ControlOut::Impossible(why) => panic!("{node} cannot found a ring: {why}"),
            }
        }
    }

    pub(super) fn perform_shard(&mut self, node: NodeIndex, index: u8) {
        while let Some(order) = self.from_shard.pop() {
            match order {
                ShardOut::Send { to, message } => {
                    if let Err(Unsent { request: Some(id) }) = self.send(node, to, &message) {
                        let bounced = ShardIn::Undelivered { to, id, may_have_arrived: false };
                        self.bounce(node, index, bounced);
                    }
                }
                // It waits its turn, as a message from one thread to another does.
                ShardOut::Report(report) => {
                    self.enter(node, |start| NodeEvent::Report { start, index, report });
                }
                ShardOut::Reply { caller, .. } if caller.0 > NOBODY => {}
                ShardOut::Reply { caller, result } => {
                    self.tell_recorder(|recorder, now| recorder.reply(now, caller, &result));
                    self.happened.push_back(Happening::Reply { caller, result });
                }
            }
        }
    }

    /// Enters something that happens at a node right after this.
    fn enter(&mut self, node: NodeIndex, event: impl FnOnce(u32) -> NodeEvent) {
        let start = self.nodes[node.at()].starts;
        self.agenda.push(self.now.at, Event::Node(node, event(start)));
    }

    /// Tells a shard in the turn in which it sent that something did not get out.
    fn bounce(&mut self, node: NodeIndex, index: u8, input: ShardIn) {
        let now = self.node_now(node);
        if let Some(life) = &mut self.nodes[node.at()].life {
            life.shards[usize::from(index)].handle(now, input, &mut self.from_shard);
        }
    }

    fn push_view(&mut self, node: NodeIndex, view: &View) {
        if let Some(ring) = &view.ring
            && self.rings.see(node, self.nodes[node.at()].starts, ring)
        {
            let text = format!("ring {}: {}", ring.epoch(), ring.reason().as_str());
            self.tell_recorder(|recorder, now| recorder.mark(now, node, text));
        }
        for index in 0..self.cluster.shards {
            self.tell_shard(node, index, ShardIn::View(view.clone()));
        }
    }

    fn send(&mut self, node: NodeIndex, to: Seat, message: &Message) -> Result<(), Unsent> {
        let hop = Hop { from: node, to: self.index_of(to) };
        let lane = message.lane();
        let is_repeatable =
            !matches!(message.body, Body::Request { request: Request::Forward { .. }, .. });
        let Some(session) = self.network.session(hop, lane) else {
            self.record_send(hop, message, None);
            return Err(Unsent { request: request_of(message) });
        };
        let mut bytes = codec::encode(message, session.wire);
        let errand = Errand::of(&message.body, || self.is_moving(node));
        let arrivals = self.network.send(Letter {
            hop,
            lane,
            is_repeatable,
            is_probe: is_probe(&message.body),
            at: self.now.at,
            bytes: bytes.len() as u64,
            rise: if errand.is_some_and(Errand::is_rare) { self.rise } else { 1 },
        });
        if let Some(errand) = errand.filter(|errand| self.awaited.remove(errand)) {
            self.happened.push_back(Happening::About(errand));
        }
        if arrivals.is_refused {
            self.record_send(hop, message, None);
            return Err(Unsent { request: request_of(message) });
        }
        let number = self.record_send(hop, message, Some(arrivals));
        if let Some(damage) = arrivals.damage {
            bytes = codec::damaged(bytes, session.wire, damage);
        }
        let session = session.number;
        let deliver = |bytes| {
            let event = NodeEvent::Deliver { from: node, lane, session, bytes, number };
            Event::Node(hop.to, event)
        };
        let again = arrivals.again.map(|at| (at, deliver(bytes.clone())));
        let first = arrivals.first.map(|at| (at, deliver(bytes)));
        for (at, event) in first.into_iter().chain(again) {
            self.agenda.push(at, event);
        }
        Ok(())
    }

    /// Counts an event and adds it to the trace.
    pub(super) fn count(&mut self, facts: [u64; 3], bytes: &[u8], text: impl std::fmt::Display) {
        self.now = Moment { event: self.now.event + 1, at: self.now.at };
        self.trace.add(self.now, facts, bytes, text);
    }

    /// Counts what happens at a node.
    pub(super) fn note(&mut self, node: NodeIndex, event: &NodeEvent) {
        let (kind, other, bytes): (u64, u64, &[u8]) = match event {
            NodeEvent::Deliver { from, bytes, .. } => (16, from.0.into(), bytes),
            NodeEvent::Wake { start, .. } => (17, (*start).into(), &[]),
            NodeEvent::Ask { caller, ask } => (18, caller.0, &ask.command),
            NodeEvent::Abandon(caller) => (19, caller.0, &[]),
            NodeEvent::Kept { number, .. } => (26, *number, &[]),
            NodeEvent::Report { index, .. } => (27, (*index).into(), &[]),
            NodeEvent::Discover { start, word } => (28, (*start).into(), word.bytes()),
            NodeEvent::Leave { .. } => (29, 0, &[]),
            NodeEvent::Stop { .. } => (30, 0, &[]),
            NodeEvent::Dial { peer, .. } => (20, peer.0.into(), &[]),
            NodeEvent::Hello { peer, .. } => (21, peer.0.into(), &[]),
            NodeEvent::Welcome { peer, .. } => (22, peer.0.into(), &[]),
            NodeEvent::Reset { peer, .. } => (23, peer.0.into(), &[]),
        };
        self.count([kind, node.0.into(), other], bytes, Told { node, event });
    }
}

fn request_of(message: &Message) -> Option<RequestId> {
    match &message.body {
        Body::Request { id, .. } => Some(*id),
        Body::Response { .. }
        | Body::Leaving
        | Body::Standing(_)
        | Body::Ring(_)
        | Body::Chain(_) => None,
    }
}

fn is_probe(body: &Body) -> bool {
    matches!(
        body,
        Body::Request { request: Request::Probe, .. }
            | Body::Response { response: Response::Alive, .. }
    )
}

/// The link to the peer does not stand, or is full.
struct Unsent {
    /// The id of the request that was not sent, if it was one.
    request: Option<RequestId>,
}

/// An event in words.
struct Told<'a> {
    node: NodeIndex,
    event: &'a NodeEvent,
}

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let node = self.node;
        match self.event {
            NodeEvent::Deliver { from, bytes, .. } => match codec::read(bytes.clone()) {
                Ok(message) => write!(f, "{from} -> {node}: {:?}", message.body),
                Err(error) => write!(f, "{from} -> {node}: {error}"),
            },
            NodeEvent::Ask { caller, ask } => write!(f, "{node} is asked by {caller:?}: {ask:?}"),
            event => write!(f, "{node}: {event:?}"),
        }
    }
}
