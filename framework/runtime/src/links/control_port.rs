//! What the control actor asks for, performed: links are kept, views are pushed.

use std::sync::Arc;

use actix::Addr;
use ahash::AHashMap;
use futures::channel::oneshot;
use peer_ring_core::actor::{Now, Outbox};
use peer_ring_core::id::{CallerId, Epoch, NodeId, Seat};
use peer_ring_core::ring::Ring;
use peer_ring_core::ring::report::Crowding;
use peer_ring_core::steward::{Order, OrderRefused};
use peer_ring_core::view::View;
use peer_ring_core::wiring::{Control, ControlIn, ControlOut, ShardIn};
use tokio::sync::watch;

use crate::data::Slot;
use crate::links::{Links, Outbound};
use crate::shard_port::ShardShell;
use crate::shell::{Inputs, Port, Shell};
use crate::stop::Stopper;

/// A control actor, running.
pub type ControlShell = Shell<Control, ControlPort>;

/// Most operators who wait for an answer.
const ORDERS_MAX: usize = 64;

/// An operator's order, and where its answer goes.
pub struct Ordered {
    /// What is ordered.
    pub order: Order,
    /// Where the answer goes; closed without one when too many wait.
    pub reply: oneshot::Sender<OrderResult>,
}

/// The ring that is to come of an order, or why nothing does.
pub type OrderResult = Result<Epoch, OrderRefused>;

/// What a node shows of its control actor as soon as it changes.
pub(crate) struct Shown {
    /// The ring and the peers' health.
    pub view: watch::Sender<Arc<View>>,
    /// Whether the node has handed over what it owned.
    pub has_left: watch::Sender<bool>,
}

/// Links and listeners of a control actor.
pub struct ControlPort {
    links: Links,
    shards: Vec<Addr<ShardShell>>,
    /// The newest link to each peer, with its number.
    links_up: AHashMap<Seat, (u64, Outbound)>,
    shown: Shown,
    /// Where votes are kept; nowhere when the node has no data directory.
    keeps: Option<Arc<Slot>>,
    operators: AHashMap<CallerId, oneshot::Sender<OrderResult>>,
    orders: u64,
    stopper: Stopper,
}

impl ControlPort {
    pub(crate) fn new(
        links: Links,
        shards: Vec<Addr<ShardShell>>,
        shown: Shown,
        keeps: Option<Arc<Slot>>,
        stopper: Stopper,
    ) -> Self {
        let (links_up, operators) = (AHashMap::new(), AHashMap::new());
        Self { links, shards, links_up, shown, keeps, operators, orders: 0, stopper }
    }

    /// Sends over this link from now on.
    pub fn link(
        &mut self,
        seat: Seat,
        id: NodeId,
        number: u64,
        outbound: Outbound,
    ) -> Option<ControlIn> {
        self.links_up.insert(seat, (number, outbound));
        Some(ControlIn::LinkUp { seat, id })
    }

    /// Sends no more over the link of this number.
    pub fn unlink(&mut self, seat: Seat, number: u64) -> Option<ControlIn> {
        let is_newest = self.links_up.get(&seat).is_some_and(|(newest, _)| *newest == number);
        is_newest.then(|| {
            self.links_up.remove(&seat);
            ControlIn::LinkDown { seat }
        })
    }

    fn push(&self, view: View) {
        if let Some(ring) = &view.ring {
            let known = self.shown.view.borrow().ring.as_ref().map(|known| known.epoch());
            if known != Some(ring.epoch()) {
                warn_of_crowding(ring);
            }
            self.links.set_ring(ring);
        }
        for shard in &self.shards {
            shard.do_send(Inputs(vec![ShardIn::View(view.clone())]));
        }
        self.shown.view.send_replace(Arc::new(view));
    }
}

/// Says when zones are too few, or too small, to keep all copies of a partition apart.
fn warn_of_crowding(ring: &Ring) {
    let Crowding { owners, fallbacks } = ring.crowding();
    if owners > 0 {
        tracing::warn!(partitions = owners, "there are two owners of a partition in one zone");
    }
    if fallbacks > 0 {
        tracing::warn!(partitions = fallbacks, "the first fallback stands in the zone of an owner");
    }
}

impl Port<Control> for ControlPort {
    type Call = Ordered;
    type Report = ();

    const NAME: &'static str = "control";

    fn perform(&mut self, _: Now, order: ControlOut, echo: &mut Outbox<ControlIn>) {
        match order {
            ControlOut::Connect { name, address } => self.links.connect(&name, &address),
            ControlOut::Disconnect { seat } => self.links.disconnect(seat),
            ControlOut::Send { to, message } => {
                // A probe that does not get out is a probe that is not answered.
                let _ = self.links_up.get(&to).is_some_and(|(_, link)| link.send(message));
            }
            ControlOut::View(view) => self.push(view),
            ControlOut::Keep { number, state } => match &self.keeps {
                Some(slot) => slot.put(number, state),
                None => echo.push(ControlIn::Kept(number)),
            },
            ControlOut::Answer { caller, result } => {
                if let Some(operator) = self.operators.remove(&caller) {
                    // Nobody may be there to take it.
                    let _ = operator.send(result);
                }
            }
            ControlOut::Left => {
                self.shown.has_left.send_replace(true);
            }
            ControlOut::Impossible(why) => self.stopper.fail(why.into()),
        }
    }

    fn admit(&mut self, _: Now, Ordered { order, reply }: Ordered) -> ControlIn {
        self.operators.retain(|_, operator| !operator.is_canceled());
        self.orders += 1;
        let caller = CallerId(self.orders);
        if self.operators.len() < ORDERS_MAX {
            self.operators.insert(caller, reply);
        }
        ControlIn::Order { caller, order }
    }

    fn look(&mut self, _: &Control) {}

    fn report(&self, _: &Control) {}

    fn kind(input: &ControlIn) -> &'static str {
        match input {
            ControlIn::Fact(_) => "a fact from discovery",
            ControlIn::LinkUp { .. } => "a new link",
            ControlIn::LinkDown { .. } => "a lost link",
            ControlIn::Peer { message, .. } => message.kind(),
            ControlIn::Leave => "the node's stop",
            ControlIn::Shard { .. } => "a shard's report",
            ControlIn::Order { .. } => "an operator's order",
            ControlIn::Kept(_) => "what has been kept",
        }
    }
}
