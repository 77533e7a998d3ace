//! Membership and ring view of a node, as one actor.

use std::sync::Arc;

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::chain;
use crate::id::{CallerId, ClusterId, Epoch, NodeId, NodeName, RequestId, Seat};
use crate::membership::{self, Fact, Membership};
use crate::peer::{Body, Message, Refusal, Request, Response};
use crate::ring::Member;
use crate::ring_view::{self, NoRing, RingView};
use crate::standing::Report;
use crate::steward::{self, Change, Order, OrderRefused, Plan};
use crate::view::View;

/// What can happen to a node's control actor.
#[derive(Debug)]
pub enum ControlIn {
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
    /// A peer's message for this actor.
    Peer {
        /// Which peer.
        from: Seat,
        /// What it says.
        message: Message,
    },
    /// The node is about to stop of its own accord.
    Leave,
    /// What a shard of this node reports.
    Shard {
        /// Which shard.
        index: u8,
        /// What it says.
        report: Report,
    },
    /// An operator orders something.
    Order {
        /// Who is to be answered.
        caller: CallerId,
        /// What is ordered.
        order: Order,
    },
    /// What [`ControlOut::Keep`] asked for with this number is done, and so is all before it.
    Kept(u64),
}

/// What a node's control actor asks for.
#[derive(Debug)]
pub enum ControlOut {
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
    /// Send a message to a peer; it may be lost without a word.
    Send {
        /// Which peer.
        to: Seat,
        /// What to say.
        message: Message,
    },
    /// Push this to every shard.
    View(View),
    /// Keep this, so that it is there after a restart, and say [`ControlIn::Kept`]. A node that
    /// keeps nothing says so at once.
    Keep {
        /// Greater than that of all before it.
        number: u64,
        /// What to keep instead of what was kept before.
        state: chain::State,
    },
    /// Answer an operator.
    Answer {
        /// Who ordered.
        caller: CallerId,
        /// The ring that is to come of it, or why nothing does.
        result: Result<Epoch, OrderRefused>,
    },
    /// This node is no member any more and holds nothing that others lack: it may stop.
    Left,
    /// There can be no ring: the node must stop and say why.
    Impossible(NoRing),
}

/// What a control actor is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSettings {
    /// This node, as it wants to be a member.
    pub me: Member,
    /// The identity of the cluster if it is this node that founds it: drawn afresh.
    pub founding: ClusterId,
    /// How peers are watched.
    pub membership: membership::Settings,
    /// What a ring that is founded is made of.
    pub ring: ring_view::Settings,
    /// When the ring changes.
    pub steward: steward::Settings,
    /// The newest version of the wire that this node speaks.
    pub wire: u32,
    /// How many shards the node has.
    pub shards: u8,
    /// What was kept before a restart.
    pub kept: chain::State,
}

/// Membership and ring view.
pub struct Control {
    membership: Membership,
    ring_view: RingView,
    view: View,
    from_membership: Outbox<membership::Out>,
    from_ring_view: Outbox<ring_view::Out>,
}

impl Control {
    /// The control actor of a node.
    #[must_use]
    pub fn new(settings: ControlSettings) -> Self {
        let membership = Membership::new(settings.me.seat(), settings.membership.clone());
        Self {
            membership,
            ring_view: RingView::new(settings),
            view: View::default(),
            from_membership: Outbox::new(),
            from_ring_view: Outbox::new(),
        }
    }

    /// The ring and the peers' health.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What is known of the members, and what was decided.
    #[must_use]
    pub fn ring_view(&self) -> &RingView {
        &self.ring_view
    }

    /// What `change`, and all that waits to be changed, would come to.
    ///
    /// # Errors
    /// [`OrderRefused`] says why it would come to nothing.
    pub fn plan(&self, change: &Change) -> Result<Plan, OrderRefused> {
        self.ring_view.plan(change)
    }

    fn epoch(&self) -> Epoch {
        self.view.ring.as_ref().map(|ring| ring.epoch()).unwrap_or_default()
    }

    fn tell_ring_view(&mut self, now: Now, input: ring_view::In) {
        self.ring_view.handle(now, input, &mut self.from_ring_view);
    }

    fn tell_membership(&mut self, now: Now, input: membership::In) {
        self.membership.handle(now, input, &mut self.from_membership);
    }

    fn peer(&mut self, now: Now, from: Seat, message: Message, out: &mut Outbox<ControlOut>) {
        match message.body {
            Body::Request { id, request } => {
                let response = match request {
                    Request::Probe => Response::Alive,
                    _ => Response::Refused(Refusal::NotReady),
                };
                let message = self.message(Body::Response { id, response });
                out.push(ControlOut::Send { to: from, message });
            }
            Body::Response { response: Response::Alive, .. } => {
                self.tell_membership(now, membership::In::ProbeAnswered { from });
            }
            Body::Response { .. } => {}
            Body::Leaving => self.tell_membership(now, membership::In::Leaving { from }),
            Body::Standing(standing) => {
                // Nobody speaks for another.
                if standing.member.seat() == from {
                    let name = standing.member.name.clone();
                    let address = Arc::clone(&standing.member.address);
                    self.tell_membership(now, membership::In::Met { name, address });
                    self.tell_ring_view(now, ring_view::In::Standing(standing));
                }
            }
            Body::Ring(ring) => self.tell_ring_view(now, ring_view::In::Ring(ring)),
            Body::Chain(word) => self.tell_ring_view(now, ring_view::In::Chain { from, word }),
        }
    }

    fn message(&self, body: Body) -> Message {
        Message { epoch: self.epoch(), body }
    }

    fn probe(&self, to: Seat, id: RequestId) -> ControlOut {
        let message = self.message(Body::Request { id, request: Request::Probe });
        ControlOut::Send { to, message }
    }

    fn leave(&self, out: &mut Outbox<ControlOut>) {
        for peer in self.view.health.peers() {
            let message = self.message(Body::Leaving);
            out.push(ControlOut::Send { to: peer.seat, message });
        }
    }

    /// Hands over what the two say to each other until nothing is left to say.
    fn route(&mut self, now: Now, out: &mut Outbox<ControlOut>) {
        let mut has_changed = false;
        loop {
            if let Some(order) = self.from_ring_view.pop() {
                has_changed |= self.route_ring_view(now, order, out);
            } else if let Some(order) = self.from_membership.pop() {
                has_changed |= self.route_membership(now, order, out);
            } else {
                break;
            }
        }
        if has_changed {
            out.push(ControlOut::View(self.view.clone()));
        }
    }

    /// Whether the view has changed.
    fn route_ring_view(
        &mut self,
        now: Now,
        order: ring_view::Out,
        out: &mut Outbox<ControlOut>,
    ) -> bool {
        match order {
            ring_view::Out::Ring(ring) => {
                self.view.ring = Some(Arc::clone(&ring));
                self.tell_membership(now, membership::In::Ring(ring));
                return true;
            }
            ring_view::Out::Say { to, body } => {
                let message = self.message(body);
                out.push(ControlOut::Send { to, message });
            }
            ring_view::Out::Keep { number, state } => out.push(ControlOut::Keep { number, state }),
            ring_view::Out::Answer { caller, result } => {
                out.push(ControlOut::Answer { caller, result });
            }
            ring_view::Out::Left => out.push(ControlOut::Left),
            ring_view::Out::Impossible(why) => out.push(ControlOut::Impossible(why)),
        }
        false
    }

    /// Whether the view has changed.
    fn route_membership(
        &mut self,
        now: Now,
        order: membership::Out,
        out: &mut Outbox<ControlOut>,
    ) -> bool {
        match order {
            membership::Out::Connect { name, address } => {
                out.push(ControlOut::Connect { name, address });
            }
            membership::Out::Disconnect { seat } => out.push(ControlOut::Disconnect { seat }),
            membership::Out::Probe { to, id } => out.push(self.probe(to, id)),
            membership::Out::Health(health) => {
                self.view.health = Arc::clone(&health);
                self.tell_ring_view(now, ring_view::In::Health(health));
                return true;
            }
        }
        false
    }
}

impl Actor for Control {
    type In = ControlIn;
    type Out = ControlOut;

    fn handle(&mut self, now: Now, input: ControlIn, out: &mut Outbox<ControlOut>) {
        match input {
            ControlIn::Fact(fact) => {
                self.tell_membership(now, membership::In::Fact(fact.clone()));
                self.tell_ring_view(now, ring_view::In::Fact(fact));
            }
            ControlIn::LinkUp { seat, id } => {
                self.tell_membership(now, membership::In::LinkUp { seat, id });
                self.tell_ring_view(now, ring_view::In::Linked(seat));
            }
            ControlIn::LinkDown { seat } => {
                self.tell_membership(now, membership::In::LinkDown { seat });
            }
            ControlIn::Peer { from, message } => self.peer(now, from, message, out),
            ControlIn::Leave => self.leave(out),
            ControlIn::Shard { index, report } => {
                self.tell_ring_view(now, ring_view::In::Shard { index, report });
            }
            ControlIn::Order { caller, order } => {
                self.tell_ring_view(now, ring_view::In::Order { caller, order });
            }
            ControlIn::Kept(number) => self.tell_ring_view(now, ring_view::In::Kept(number)),
        }
        self.route(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.membership.deadline().into_iter().chain(self.ring_view.deadline()).min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<ControlOut>) {
        self.membership.wake(now, &mut self.from_membership);
        self.ring_view.wake(now, &mut self.from_ring_view);
        self.route(now, out);
    }
}
