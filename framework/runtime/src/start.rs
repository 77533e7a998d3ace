//! Starting: who the node is, and its actors on their threads.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use actix::{Actor as _, Addr};
use actix_rt::Arbiter;
use peer_ring_core::app::Apps;
use peer_ring_core::chain;
use peer_ring_core::id::{ClusterId, Desk, NodeId};
use peer_ring_core::identity::{Identity, Kept};
use peer_ring_core::view::View;
use peer_ring_core::wiring::{Control, ControlIn};
use rand::RngExt;
use tokio::sync::watch;

use crate::board::Board;
use crate::clock::{Clock, wall};
use crate::config::Config;
use crate::data::{DataError, Directory, Keeper, Slot};
use crate::flight::Flight;
use crate::links::{self, ControlPort, ControlShell, Links, Shown};
use crate::shard_port::{ShardPort, ShardShell};
use crate::shell::{Inputs, Shell};
use crate::stop::Stopper;

/// Batches of inputs that wait for a shard before it refuses more.
const SHARD_MAILBOX: usize = 4_096;
const CONTROL_MAILBOX: usize = 1_024;

/// Who a node is, what it remembers of its votes, and where it goes on doing so.
pub(crate) struct Memory {
    who: Identity,
    state: chain::State,
    directory: Option<Directory>,
}

impl Memory {
    /// What a node with this configuration remembers; nothing when it has no directory for it.
    pub fn recall(config: &Config) -> Result<Self, DataError> {
        let fresh = Kept { id: draw_id(), vote: draw_id() };
        let directory = config.data.as_deref().map(Directory::open).transpose()?;
        let kept = directory.as_ref().map(Directory::read).transpose()?.flatten();
        let (identity, state) = kept.unzip();
        // Records are in memory, and so never survive.
        let who = Identity::at_start(identity, false, fresh);
        let memory = Self { who, state: state.unwrap_or_default(), directory };
        if let Some(directory) = &memory.directory {
            // A disk that takes nothing is better known now than at the first vote.
            directory.write(memory.identity(), &memory.state)?;
        }
        Ok(memory)
    }

    fn identity(&self) -> Kept {
        let Identity { id, vote, .. } = self.who;
        Kept { id, vote }
    }
}

fn draw_id() -> NodeId {
    NodeId(rand::rng().random_range(1..=u64::MAX))
}

/// The running pieces of a node.
pub(crate) struct Parts {
    pub id: NodeId,
    pub arbiters: Vec<Arbiter>,
    pub shards: Vec<Addr<ShardShell>>,
    pub control: Addr<ControlShell>,
    pub links: Links,
    pub view: watch::Receiver<Arc<View>>,
    pub left: watch::Receiver<bool>,
    pub board: Arc<Board>,
    pub stopper: Stopper,
    pub flight: Option<Flight>,
    pub keeper: Option<Keeper>,
}

impl Parts {
    /// Starts them: they do nothing before discovery tells them something.
    pub fn start(
        config: &Config,
        memory: Memory,
        apps: Apps,
        listener: std::net::TcpListener,
        listens_at: SocketAddr,
    ) -> Result<Self, DataError> {
        let stopper = Stopper::new();
        let clock = Clock::start();
        let who = memory.who;
        let founding = ClusterId(rand::rng().random_range(1..=u64::MAX));
        let settings = config.control(who, founding, memory.state.clone(), listens_at);
        let flight = Flight::begin(config, &settings, who.has_records, &apps);
        let arbiters: Vec<_> = (0..config.threads).map(|_| Arbiter::new()).collect();
        stopper.own(arbiters.iter().map(Arbiter::handle).collect());
        let board = Arc::new(Board::new(config.threads));
        let control_place = Arc::new(OnceLock::new());
        let shards: Vec<_> = (0..config.threads)
            .zip(&arbiters)
            .map(|(index, arbiter)| {
                let shard = config.shard(who, index, config.threads, apps.clone());
                let port = ShardPort::new(index, Arc::clone(&board), Arc::clone(&control_place));
                let shell = Shell::new(shard, port, clock, stopper.clone(), SHARD_MAILBOX)
                    .seen_by(flight.as_ref().map(|flight| flight.witness(Desk::Shard(index))));
                ShardShell::start_in_arbiter(&arbiter.handle(), move |_| shell)
            })
            .collect();
        let introduction = config.introduction(who, wall());
        let place = Arc::clone(&control_place);
        let links = Links::new(config, introduction, shards.clone(), place, stopper.clone());
        let ((sender, view), (has_left, left)) =
            (watch::channel(Arc::default()), watch::channel(false));
        let shown = Shown { view: sender, has_left };
        let slot = memory.directory.is_some().then(Arc::<Slot>::default);
        let port =
            ControlPort::new(links.clone(), shards.clone(), shown, slot.clone(), stopper.clone());
        let control = Control::new(settings);
        let shell = Shell::new(control, port, clock, stopper.clone(), CONTROL_MAILBOX)
            .seen_by(flight.as_ref().map(|flight| flight.witness(Desk::Control)));
        let first = arbiters.first().expect("the configuration was checked");
        let control = ControlShell::start_in_arbiter(&first.handle(), move |_| shell);
        control_place.set(control.clone()).expect("a node has one control actor");
        let keeper = slot.map(|slot| keep(slot, memory, control.clone())).transpose()?;
        let accepting = links.clone();
        first.spawn_fn(move || {
            actix_rt::spawn(async move {
                if let Err(error) = links::listen(accepting, listener).await {
                    tracing::error!(%error, "peers cannot be let in any more");
                }
            });
        });
        let id = who.id;
        Ok(Self {
            id,
            arbiters,
            shards,
            control,
            links,
            view,
            left,
            board,
            stopper,
            flight,
            keeper,
        })
    }
}

/// Keeps what the slot is given in the node's directory.
fn keep(
    slot: Arc<Slot>,
    mut memory: Memory,
    control: Addr<ControlShell>,
) -> Result<Keeper, DataError> {
    let directory = memory.directory.take().expect("there is a slot when there is a directory");
    let (path, who) = (directory.path().to_owned(), memory.identity());
    let write = move |state: &chain::State| directory.write(who, state);
    let kept = move |number| control.do_send(Inputs(vec![ControlIn::Kept(number)]));
    Keeper::start(slot, write, kept).map_err(|source| DataError::Io { path, source })
}
