//! Links: one long-lived stream per peer and lane, over which many requests are in flight.
//!
//! Of two nodes the one with the smaller name dials; the other accepts, and asks what is wrong when
//! nobody dials it. One that nobody knows yet is let in when it asks. After the handshake the stream
//! carries messages both ways, whoever dialled, in the newest version of the wire that both speak.
//! What the actors of one turn say is packed into one frame; a link that cannot send fast enough
//! collects more per frame, up to a bound past which it refuses. A link that breaks is made again,
//! and the actors are told what was lost.
//!
//! A stream may also be opened to learn who is at an address, and ends with the answer (`who.rs`).

mod accept;
mod ask;
mod carrier;
mod control_port;
mod dial;
mod outbound;
mod read;
mod standing;
mod table;
mod who;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix::Addr;
use peer_ring_core::id::{NodeName, Seat};
use peer_ring_core::peer::Lane;
use peer_ring_core::ring::Ring;
use peer_ring_proto::hello::{Hello, HelloRefusal, Identity};
use peer_ring_proto::{Limits, WireVersion, hello};
use tokio::sync::Semaphore;

use crate::config::{Config, LinkSettings};
use crate::shard_port::{ShardPort, ShardShell};
use crate::shell::Adjust;
use crate::stats::LinkStats;
use crate::stop::Stopper;

pub use accept::listen;
use carrier::Grpc;
pub use carrier::{Carrier, Connection, Inbound};
pub(crate) use control_port::Shown;
pub use control_port::{ControlPort, ControlShell, Ordered};
pub use dial::DialError;
pub use outbound::{Frames, Outbound};
use read::LinkEnd;
use standing::Standing;
use table::{MadeBy, Table, Told};

/// The links of one node.
#[derive(Clone)]
pub struct Links(Arc<Shared>);

struct Shared {
    settings: LinkSettings,
    limits: Limits,
    partitions: peer_ring_core::key::Partitions,
    identity: Mutex<Identity>,
    table: Mutex<Table>,
    standing: Mutex<Standing>,
    shards: Vec<Addr<ShardShell>>,
    control: Arc<OnceLock<Addr<ControlShell>>>,
    stopper: Stopper,
    frames_damaged: AtomicU64,
    carrier: Box<dyn Carrier>,
    /// Turns to ask who is at an address.
    turns_to_ask: Semaphore,
}

impl Links {
    /// The links of a node with these shards; none stands yet.
    pub(crate) fn new(
        config: &Config,
        identity: Identity,
        shards: Vec<Addr<ShardShell>>,
        control: Arc<OnceLock<Addr<ControlShell>>>,
        stopper: Stopper,
    ) -> Self {
        Self::over(Box::new(Grpc), config, identity, shards, control, stopper)
    }

    /// The links of such a node over this carrier.
    pub(crate) fn over(
        carrier: Box<dyn Carrier>,
        config: &Config,
        identity: Identity,
        shards: Vec<Addr<ShardShell>>,
        control: Arc<OnceLock<Addr<ControlShell>>>,
        stopper: Stopper,
    ) -> Self {
        Self(Arc::new(Shared {
            settings: config.links,
            limits: config.limits,
            partitions: config.ring.partitions,
            identity: Mutex::new(identity),
            table: Mutex::default(),
            standing: Mutex::default(),
            shards,
            control,
            stopper,
            frames_damaged: AtomicU64::new(0),
            carrier,
            turns_to_ask: Semaphore::new(who::ASKED_AT_ONCE_MAX),
        }))
    }

    /// What is known of each link that stands.
    #[must_use]
    pub fn stats(&self) -> Vec<LinkStats> {
        lock(&self.0.table).stats()
    }

    /// How many frames from peers were changed on their way.
    #[must_use]
    pub fn frames_damaged(&self) -> u64 {
        self.0.frames_damaged.load(Ordering::Relaxed)
    }

    fn identity(&self) -> Identity {
        lock(&self.0.identity).clone()
    }

    fn set_ring(&self, ring: &Ring) {
        let mut identity = lock(&self.0.identity);
        identity.ring_epoch = ring.epoch();
        identity.ring_fingerprint = ring.fingerprint();
        identity.cluster_id = ring.cluster();
    }

    /// Whether a node that says hello is let in.
    fn judge(&self, theirs: &Hello, lane: Lane) -> Result<hello::Accepted, HelloRefusal> {
        let ours = self.identity();
        let accepted = hello::negotiate(&ours, theirs)?;
        let name = &theirs.identity.name;
        if let Some(holder) = lock(&self.0.table).other_holder(name.seat(), theirs.identity.node) {
            return Err(HelloRefusal::NameInUse { name: name.clone(), holder });
        }
        // Who asks is there. A peer of which nobody has told this node where it is can only come by
        // itself.
        if self.is_ours_to_dial(name) && lock(&self.0.table).hurry(name.seat(), lane) {
            return Err(HelloRefusal::OursToDial { ours: ours.name, theirs: name.clone() });
        }
        Ok(accepted)
    }

    /// Enters a link that stands, and tells everybody. Its number.
    fn up(&self, peer: &Identity, lane: Lane, made: MadeBy, outbound: &Outbound) -> u64 {
        let seat = peer.name.seat();
        let wire = outbound.version();
        lock(&self.0.standing).linked(seat);
        // Held until all are told, so that they learn of links in the order of their numbers.
        let mut table = lock(&self.0.table);
        let number = table.enter(peer, lane, made, outbound.clone());
        for shard in &self.0.shards {
            let outbound = outbound.clone();
            let change = move |port: &mut ShardPort| port.link(seat, lane, number, outbound);
            shard.do_send(Adjust(Box::new(change)));
        }
        if lane == Lane::Foreground {
            let (outbound, id) = (outbound.clone(), peer.node);
            let change = move |port: &mut ControlPort| port.link(seat, id, number, outbound);
            self.control().do_send(Adjust(Box::new(change)));
        }
        drop(table);
        tracing::info!(peer = %peer.name, id = %peer.node, ?lane, %wire, "linked");
        number
    }

    /// Takes a link out that broke, and tells everybody: whoever has a newer one by now loses
    /// nothing.
    fn down(&self, peer: &NodeName, lane: Lane, number: u64, end: &LinkEnd) {
        let seat = peer.seat();
        if let LinkEnd::Wire(error) = end {
            tracing::warn!(%peer, %error, "the link is dropped for what the peer sent");
            self.0.frames_damaged.fetch_add(error.is_damage().into(), Ordering::Relaxed);
        }
        lock(&self.0.table).leave(seat, lane, number);
        for shard in &self.0.shards {
            let change = move |port: &mut ShardPort| port.unlink(seat, lane, number);
            shard.do_send(Adjust(Box::new(change)));
        }
        if lane == Lane::Foreground {
            let change = move |port: &mut ControlPort| port.unlink(seat, number);
            self.control().do_send(Adjust(Box::new(change)));
        }
        tracing::info!(%peer, ?lane, why = %end, "link lost");
    }

    fn control(&self) -> &Addr<ControlShell> {
        self.0.control.get().expect("set before anything links")
    }

    fn is_ours_to_dial(&self, peer: &NodeName) -> bool {
        lock(&self.0.identity).name < *peer
    }

    /// Keeps a link to this peer at this address, if it is ours to dial, and asks for it otherwise.
    fn connect(&self, peer: &NodeName, address: &str) {
        if self.is_ours_to_dial(peer) {
            self.dial(peer, address, Lane::Foreground);
            self.dial(peer, address, Lane::Background);
        } else {
            self.ask(peer, address, Lane::Foreground);
            self.ask(peer, address, Lane::Background);
        }
    }

    fn ask(&self, peer: &NodeName, address: &str, lane: Lane) {
        let stop = lock(&self.0.table).begin_dialling(peer.seat(), lane).stop;
        let (links, peer, address) = (self.clone(), peer.clone(), address.to_owned());
        actix_rt::spawn(async move {
            dial::until(&links, stop, ask::keep_asking(&links, &peer, &address, lane)).await;
        });
    }

    fn dial(&self, peer: &NodeName, address: &str, lane: Lane) {
        let Told { stop, hurry } = lock(&self.0.table).begin_dialling(peer.seat(), lane);
        let (links, peer, address) = (self.clone(), peer.clone(), address.to_owned());
        actix_rt::spawn(async move {
            let dialling = dial::keep_dialling(&links, &peer, &address, lane, &hurry);
            dial::until(&links, stop, dialling).await;
        });
    }

    /// Keeps no link to this peer any more.
    fn disconnect(&self, seat: Seat) {
        lock(&self.0.table).end_dialling(seat);
    }
}

/// The version of the wire of a protocol that a handshake came to.
fn spoken(protocol: u32) -> WireVersion {
    WireVersion::of(protocol).expect("one of those that this node says it speaks")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Binds the address where peers are listened for.
///
/// # Errors
/// When it is in use or not this host's.
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
