//! What operators ask of a node: what the ring would become, that it becomes that, how far it is,
//! and whether the node may go.

use std::time::Duration;

use actix::Addr;
use futures::channel::oneshot;
use peer_ring_core::actor::Actor;
use peer_ring_core::id::{Epoch, Seat};
use peer_ring_core::standing::Standing;
use peer_ring_core::steward::{Change, Order, OrderRefused, Past, Plan, Stuck};
use peer_ring_core::transfer::Transfer;
use peer_ring_core::wiring::{Control, Shard};
use thiserror::Error;

use crate::handle::{Handle, Shared};
use crate::links::Ordered;
use crate::readiness::{NotYet, Sight};
use crate::shell::{Calls, Look, Port, Shell};
use crate::stats::RingStats;
use crate::stop::Phase;

/// How long an operator waits for a majority of the voters.
const ORDER_TIMEOUT: Duration = Duration::from_secs(8);

/// Why an operator has no answer, or no good one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// The order is not carried out. Nothing happened.
    #[error(transparent)]
    Refused(#[from] OrderRefused),
    /// It was not decided in time.
    #[error(
        "not decided within {0:?}: most likely no majority of the voters can be reached; it may \
         still happen"
    )]
    Unanswered(Duration),
    /// The node is stopping.
    #[error("this node is stopping")]
    Stopping,
}

impl<A> Handle<A> {
    /// Gives an order, and waits until it is decided.
    ///
    /// # Errors
    /// [`OrderError`] says why nothing comes of it, or that nobody knows.
    pub async fn order(&self, order: Order) -> Result<Epoch, OrderError> {
        self.shared.order(order).await
    }

    /// What a change would do to the ring, besides what is due without it.
    ///
    /// # Errors
    /// [`OrderError`] says why it cannot be made.
    pub async fn plan(&self, change: Change) -> Result<Plan, OrderError> {
        let plan = move |control: &Control| control.plan(&change);
        let planned = look(&self.shared.control, plan).await.ok_or(OrderError::Stopping)?;
        Ok(planned?)
    }

    /// The rings of the past, the oldest first, as far as the node remembers.
    pub async fn history(&self) -> Vec<Past> {
        let history = |control: &Control| control.ring_view().history().cloned().collect();
        look(&self.shared.control, history).await.unwrap_or_default()
    }

    /// Where each peer said last that it stands, in the order of their seats.
    pub async fn standings(&self) -> Vec<Standing> {
        self.shared.standings().await
    }

    /// Why no ring can be decided, as far as this node sees, and what an operator can order then;
    /// `None` when one can.
    pub async fn stuck(&self) -> Option<Stuck> {
        self.shared.stuck().await
    }

    /// The partitions on their way to or from this node.
    pub async fn transfers(&self) -> Vec<Transfer> {
        let mut transfers = Vec::new();
        for shard in &self.shared.shards {
            let of_shard = |shard: &Shard| shard.transfers();
            transfers.extend(look(shard, of_shard).await.unwrap_or_default());
        }
        transfers.sort_by_key(|transfer| (transfer.partition, transfer.kind));
        transfers
    }

    /// Hands over what this node owns, so that it can go. It is done when [`Handle::left`] is.
    ///
    /// # Errors
    /// [`OrderError`] says why the node has to stay.
    pub async fn leave(&self) -> Result<Epoch, OrderError> {
        self.order(Order::Leave).await
    }

    /// Whether the node has left: it is no member any more, and others have all that it held.
    #[must_use]
    pub fn has_left(&self) -> bool {
        *self.shared.left.borrow()
    }

    /// Waits until the node has left; for ever when it stops before.
    pub async fn left(&self) {
        self.shared.left().await;
    }

    /// Whether the node can do its part: it has a ring that names it, and all its data.
    ///
    /// # Errors
    /// [`NotYet`] says why not.
    pub fn ready(&self) -> Result<(), NotYet> {
        self.running()?;
        self.sight(|sight| sight.ready())
    }

    /// Whether every member has all that it is to have, and nothing is on its way.
    ///
    /// # Errors
    /// [`NotYet`] says why not.
    pub async fn replicated(&self) -> Result<(), NotYet> {
        self.running()?;
        let standings = self.standings().await;
        self.sight(|sight| sight.replicated(&standings))
    }

    /// Whether this node may be stopped now: every partition keeps a majority of its owners
    /// without it, and all of those are whole.
    ///
    /// # Errors
    /// [`NotYet`] says why not.
    pub async fn safe_to_stop(&self) -> Result<(), NotYet> {
        let standings = self.standings().await;
        self.sight(|sight| sight.safe_to_stop(&standings))
    }

    fn running(&self) -> Result<(), NotYet> {
        match self.shared.stopper.phase() {
            Phase::Running => Ok(()),
            Phase::Stopping | Phase::Stopped => Err(NotYet::Stopping),
        }
    }

    fn sight<T>(&self, ask: impl FnOnce(&Sight<'_>) -> T) -> T {
        let view = self.shared.view.borrow().clone();
        let ring = view.ring.as_ref();
        let progress = ring.and_then(|ring| self.shared.board.at(ring.epoch()));
        let (here, id) = (self.shared.name.seat(), self.shared.id);
        ask(&Sight { here, id, view: &view, progress })
    }
}

impl Shared {
    pub(crate) async fn order(&self, order: Order) -> Result<Epoch, OrderError> {
        let (reply, answer) = oneshot::channel();
        let call = Calls(vec![Ordered { order, reply }]);
        self.control.try_send(call).map_err(|_| OrderError::Stopping)?;
        match tokio::time::timeout(ORDER_TIMEOUT, answer).await {
            Ok(Ok(decided)) => Ok(decided?),
            Ok(Err(_)) if self.stopper.phase() != Phase::Running => Err(OrderError::Stopping),
            // Too many wait, or too long.
            Ok(Err(_)) | Err(_) => Err(OrderError::Unanswered(ORDER_TIMEOUT)),
        }
    }

    pub(crate) async fn left(&self) {
        if self.left.clone().wait_for(|has_left| *has_left).await.is_err() {
            // A node that is gone hands nothing over any more.
            std::future::pending().await
        }
    }

    pub(crate) async fn ring_stats(&self) -> RingStats {
        let view = self.view.borrow().clone();
        let Some(ring) = &view.ring else {
            return RingStats::default();
        };
        let decrees = |control: &Control| control.ring_view().counters();
        let decrees = look(&self.control, decrees).await.unwrap_or_default();
        RingStats {
            epoch: ring.epoch().0,
            is_moving: ring.is_moving(),
            members: ring.members().len(),
            progress: self.board.at(ring.epoch()),
            decrees_proposed: decrees.proposed,
            decrees_learnt: decrees.learnt,
        }
    }

    pub(crate) async fn stuck(&self) -> Option<Stuck> {
        look(&self.control, |control: &Control| control.ring_view().stuck()).await.flatten()
    }

    pub(crate) async fn standings(&self) -> Vec<Standing> {
        let here: Seat = self.name.seat();
        let standings = move |control: &Control| {
            let peers = control.ring_view().known().standings().filter(|(seat, _)| *seat != here);
            peers.map(|(_, standing)| standing.clone()).collect()
        };
        look(&self.control, standings).await.unwrap_or_default()
    }
}

/// What an actor shows; `None` when it is gone.
pub(crate) async fn look<A, P, T>(
    actor: &Addr<Shell<A, P>>,
    show: impl FnOnce(&A) -> T + Send + 'static,
) -> Option<T>
where
    A: Actor + 'static,
    A::In: Send,
    P: Port<A>,
    T: Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    // Whoever asked may have gone.
    let show = Box::new(move |actor: &A| drop(sender.send(show(actor))));
    actor.send(Look(show)).await.ok()?;
    receiver.await.ok()
}
