//! How a node stops: by request, or because something went wrong that it cannot go on after.

use std::sync::{Arc, Mutex, PoisonError};

use actix_rt::ArbiterHandle;
use peer_ring_core::id::{NodeId, NodeName};
use peer_ring_core::ring_view::NoRing;
use peer_ring_discovery::SourceError;
use thiserror::Error;
use tokio::sync::watch;

/// Why a node stopped by itself.
#[derive(Debug, Error)]
pub enum NodeFailure {
    /// An actor panicked: a bug, in peer-ring or in an app.
    #[error("the {actor} actor panicked while handling {input}: {message}")]
    Panicked {
        /// Which actor.
        actor: &'static str,
        /// The kind of input.
        input: &'static str,
        /// What the panic said.
        message: String,
    },
    /// There can be no ring.
    #[error(transparent)]
    NoRing(#[from] NoRing),
    /// Discovery cannot work.
    #[error(transparent)]
    Discovery(#[from] SourceError),
    /// Another node bears this node's name.
    #[error(
        "the name {name} is in use by another node, with id {holder}: every node needs a name of \
         its own"
    )]
    NameInUse {
        /// This node's name.
        name: NodeName,
        /// The id of the other.
        holder: NodeId,
    },
    /// A peer refused this node, for a reason that waiting does not mend.
    #[error("refused by {peer}: {reason}")]
    Refused {
        /// Which peer.
        peer: NodeName,
        /// What it said.
        reason: String,
    },
}

/// How far a node is with stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It runs.
    Running,
    /// It takes no new work and finishes what it has.
    Stopping,
    /// It is gone.
    Stopped,
}

/// Stops a node, from wherever that is decided.
#[derive(Clone)]
pub struct Stopper(Arc<Shared>);

struct Shared {
    phase: watch::Sender<Phase>,
    failure: Mutex<Option<NodeFailure>>,
    arbiters: Mutex<Vec<ArbiterHandle>>,
}

impl Stopper {
    pub(crate) fn new() -> Self {
        let (phase, _) = watch::channel(Phase::Running);
        Self(Arc::new(Shared { phase, failure: Mutex::default(), arbiters: Mutex::default() }))
    }

    /// Names the threads that stop with the node.
    pub(crate) fn own(&self, arbiters: Vec<ArbiterHandle>) {
        *self.0.arbiters.lock().unwrap_or_else(PoisonError::into_inner) = arbiters;
    }

    /// Stops the node at once, and says why. The first reason stands.
    pub(crate) fn fail(&self, failure: NodeFailure) {
        tracing::error!(%failure, "this node stops");
        let mut reason = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
        reason.get_or_insert(failure);
        drop(reason);
        self.halt();
    }

    /// Takes no new work from now on.
    pub(crate) fn begin(&self) {
        self.advance(Phase::Stopping);
    }

    /// Stops the node's threads.
    pub(crate) fn halt(&self) {
        self.advance(Phase::Stopped);
        for arbiter in &*self.0.arbiters.lock().unwrap_or_else(PoisonError::into_inner) {
            arbiter.stop();
        }
    }

    fn advance(&self, to: Phase) {
        self.0.phase.send_if_modified(|phase| {
            let is_later = to > *phase;
            *phase = to.max(*phase);
            is_later
        });
    }

    /// How far the node is.
    pub(crate) fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// Waits until the node is at `phase` or past it.
    pub(crate) fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + 'static {
        let mut receiver = self.0.phase.subscribe();
        let keep = self.clone();
        async move {
            // The sender lives as long as `keep`.
            let _ = receiver.wait_for(|at| *at >= phase).await;
            drop(keep);
        }
    }

    pub(crate) fn take_failure(&self) -> Option<NodeFailure> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
