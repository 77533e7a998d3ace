//! A node on a stage: production's actors, ports and links, with the time, the carrier and the
//! identity that a test gives it, on the test's own thread.
//!
//! It is no part of the public interface, and may change at any time.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use actix::{Actor as _, Addr};
use futures::channel::oneshot;
use peer_ring_core::app::Apps;
use peer_ring_core::chain;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{CallerId, ClusterId, NodeId};
use peer_ring_core::identity::Identity;
use peer_ring_core::standing::Progress;
use peer_ring_core::view::View;
use peer_ring_core::wiring::{Control, ControlIn, Shard};
use tokio::sync::watch;

pub use crate::clock::{Clock, SetClock};
pub use crate::links::{Carrier, Connection, ControlShell, DialError, Frames, Inbound, Links};
pub use crate::shard_port::Answer;

use crate::board::Board;
use crate::config::Config;
use crate::links::{ControlPort, Shown};
use crate::operate::look;
use crate::shard_port::{Asked, Call, Reply, ShardPort, ShardShell};
use crate::shell::stall::Stall;
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
    board: Arc<Board>,
    stopper: Stopper,
}

/// While this lives, a node does nothing.
pub struct Stalled(
    #[expect(dead_code, reason = "its end is all it says")] [oneshot::Sender<()>; 2],
);

impl Staged {
    /// Starts a node on this thread, in whose actix system it runs. It has kept nothing, and has a
    /// new cluster's identity at hand.
    #[must_use]
    pub fn start(
        config: &Config,
        apps: Apps,
        who: Identity,
        founding: ClusterId,
        clock: Clock,
        carrier: impl Carrier,
    ) -> Self {
        let stopper = Stopper::new();
        let (board, place) = (Arc::new(Board::new(1)), Arc::new(OnceLock::new()));
        let id = who.id;
        let shard = config.shard(who, 0, 1, apps);
        let port = ShardPort::new(0, Arc::clone(&board), Arc::clone(&place));
        let shard = Shell::new(shard, port, clock, stopper.clone(), MAILBOX).start();
        let introduction = config.introduction(who, clock.now().wall);
        let (shards, carrier) = (vec![shard.clone()], Box::new(carrier));
        let links = Links::over(
            carrier,
            config,
            introduction,
            shards.clone(),
            Arc::clone(&place),
            stopper.clone(),
        );
        let (sender, view) = watch::channel(Arc::default());
        let shown = Shown { view: sender, has_left: watch::channel(false).0 };
        // Its carrier takes names for addresses.
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let control = Control::new(config.control(who, founding, chain::State::default(), nowhere));
        let port = ControlPort::new(links.clone(), shards, shown, None, stopper.clone());
        let control = Shell::new(control, port, clock, stopper.clone(), MAILBOX).start();
        place.set(control.clone()).expect("a node has one control actor");
        Self { id, shard, control, links, view, board, stopper }
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

    /// How far its replicas are under its ring, when its shard has said so.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.board.at(self.view().ring.as_ref()?.epoch())
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
        look(&self.shard, show).await.expect("the shard is there to be shown")
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
