//! A node on a stage: production's actors, ports and links, with the time, the carrier and the
//! identity that a test gives it, on the test's own thread.
//!
//! It is no part of the public interface, and may change at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{Actor as _, Addr};
use futures::channel::oneshot;
use peer_ring_core::app::Apps;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{CallerId, NodeId};
use peer_ring_core::view::View;
use peer_ring_core::wiring::{ControlIn, Shard};
use tokio::sync::watch;

pub use crate::clock::{Clock, SetClock};
pub use crate::links::{Carrier, Connection, ControlShell, DialError, Frames, Inbound, Links};
pub use crate::shard_port::Answer;

use crate::config::Config;
use crate::links::ControlPort;
use crate::shard_port::{Asked, Call, Reply, ShardPort, ShardShell};
use crate::shell::stall::{Look, Stall};
use crate::shell::{Calls, Inputs, Shell};
use crate::stop::Stopper;

const MAILBOX: usize = 4_096;

/// A node with one shard.
pub struct Staged {
    id: NodeId,
    shard: Addr<ShardShell>,
    control: Addr<ControlShell>,
    links: Links,
    view: watch::Receiver<Arc<View>>,
    blank: Arc<AtomicUsize>,
    stopper: Stopper,
}

/// While this lives, a node does nothing.
pub struct Stalled(
    #[expect(dead_code, reason = "its end is all it says")] [oneshot::Sender<()>; 2],
);

impl Staged {
    /// Starts a node on this thread, in whose actix system it runs.
    #[must_use]
    pub fn start(
        config: &Config,
        apps: Apps,
        id: NodeId,
        clock: Clock,
        carrier: impl Carrier,
    ) -> Self {
        let stopper = Stopper::new();
        let blank = Arc::new(AtomicUsize::new(1));
        let shard = config.shard(id, 0, 1, apps);
        let port = ShardPort::new(Arc::clone(&blank));
        let shard = Shell::new(shard, port, clock, stopper.clone(), MAILBOX).start();
        let identity = config.identity(id, clock.now().wall);
        let shards = vec![shard.clone()];
        let links =
            Links::over(Box::new(carrier), config, identity, shards.clone(), stopper.clone());
        let (sender, view) = watch::channel(Arc::default());
        let control = config.control();
        let port = ControlPort::new(links.clone(), shards, sender, stopper.clone());
        let control = Shell::new(control, port, clock, stopper.clone(), MAILBOX).start();
        links.set_control(control.clone());
        Self { id, shard, control, links, view, blank, stopper }
    }

    /// The identity of its data.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its links.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// What it knows of its cluster.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }

    /// How many of its replicas still miss their data.
    #[must_use]
    pub fn blank(&self) -> usize {
        self.blank.load(Ordering::Relaxed)
    }

    /// Tells its control actor something.
    pub fn tell(&self, inputs: Vec<ControlIn>) {
        self.control.do_send(Inputs(inputs));
    }

    /// Asks it; the answer comes there.
    pub fn ask(&self, caller: CallerId, ask: Ask) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.shard.do_send(Calls(vec![Call::Ask(Asked {
            caller,
            ask,
            reply: Reply::Once(sender),
        })]));
        receiver
    }

    /// Shows its shard. It must not be stalled.
    ///
    /// # Panics
    /// When it has stopped.
    pub async fn look<T: Send + 'static>(
        &self,
        show: impl FnOnce(&Shard) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = oneshot::channel();
        // The receiver waits below.
        let show = Box::new(move |shard: &Shard| drop(sender.send(show(shard))));
        self.shard.do_send(Look(show));
        receiver.await.expect("the shard is there to be shown")
    }

    /// Lets its actors do nothing from now on.
    ///
    /// # Panics
    /// When it has stopped.
    pub async fn stall(&self) -> Stalled {
        let ((control, control_end), (shard, shard_end)) = (oneshot::channel(), oneshot::channel());
        self.control.send(Stall(control_end)).await.expect("the control actor is there");
        self.shard.send(Stall(shard_end)).await.expect("the shard is there");
        Stalled([control, shard])
    }

    /// Ends its links as a crash does: without a word. It must be stalled for good.
    pub fn halt(&self) {
        self.stopper.halt();
    }
}
