//! The network: which ways are cut, lossy or late, who listens, and which streams are open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use peer_ring::staged::{Carrier, Connection, DialError, Frames, Inbound, Links};
use peer_ring_sim::scene::stage::travel;
use peer_ring_sim::scene::step::Harm;
use peer_ring_sim::world::{Hop, NodeIndex};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::carry::carry;

/// The network of one cluster.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ways: BTreeMap<Hop, Way>,
    listening: BTreeMap<NodeIndex, Links>,
    streams: Vec<(Hop, Stream)>,
    /// When the last message arrives that is under way.
    latest_arrival: Option<Instant>,
}

/// What is wrong with a way.
#[derive(Clone, Copy, Default)]
struct Way {
    is_cut: bool,
    is_lossy: bool,
    late_by: Duration,
}

/// A stream between two nodes: it stands until one end of it is dropped, or its node is.
#[derive(Clone)]
pub struct Stream(watch::Sender<bool>);

impl Stream {
    /// Waits until it stands no more.
    pub async fn is_over(&self) {
        let mut over = self.0.subscribe();
        // The sender is here.
        let _ = over.wait_for(|is_over| *is_over).await;
    }

    /// Ends it; what is under way is lost.
    pub fn end(&self) {
        self.0.send_replace(true);
    }
}

impl Network {
    /// Lets a node be reached.
    pub fn listen(&self, node: NodeIndex, links: Links) {
        self.state().listening.insert(node, links);
    }

    /// Ends all streams of a node, which cannot be reached any more.
    pub fn take_down(&self, node: NodeIndex) {
        let mut state = self.state();
        state.listening.remove(&node);
        for (way, stream) in &state.streams {
            if way.from == node || way.to == node {
                stream.end();
            }
        }
    }

    /// Lets something be wrong with a way.
    pub fn harm(&self, way: Hop, harm: Harm) {
        let mut state = self.state();
        let way = state.ways.entry(way).or_default();
        match harm {
            Harm::Cut => way.is_cut = true,
            Harm::Loss => way.is_lossy = true,
            Harm::Late(by) => way.late_by = by,
        }
    }

    /// Lets nothing be wrong with any way.
    pub fn heal(&self) {
        self.state().ways.clear();
    }

    /// Whether nothing at all gets over a way.
    pub fn is_cut(&self, way: Hop) -> bool {
        self.way(way).is_cut
    }

    /// How long everything takes over a way.
    pub fn travel(&self, way: Hop) -> Duration {
        travel(way) + self.way(way).late_by
    }

    /// When what is sent over a way now arrives, if it does. A handshake is not lost by chance.
    pub fn arrival(&self, way: Hop, is_handshake: bool) -> Option<Instant> {
        let Way { is_cut, is_lossy, .. } = self.way(way);
        if is_cut || is_lossy && !is_handshake {
            return None;
        }
        let arrival = Instant::now() + self.travel(way);
        let mut state = self.state();
        state.latest_arrival = state.latest_arrival.max(Some(arrival));
        Some(arrival)
    }

    /// Whether nothing is under way that was held up.
    pub fn is_calm(&self) -> bool {
        let soon = Instant::now() + Duration::from_millis(20);
        self.state().latest_arrival.is_none_or(|latest| latest <= soon)
    }

    /// What carries the frames of a node.
    pub fn carrier(&self, from: NodeIndex) -> InMemory {
        InMemory { network: self.clone(), from }
    }

    fn way(&self, way: Hop) -> Way {
        self.state().ways.get(&way).copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// Carries frames in memory. The address of a node is its name.
pub struct InMemory {
    network: Network,
    from: NodeIndex,
}

impl Carrier for InMemory {
    fn connect<'a>(
        &'a self,
        _: &'a Links,
        address: &'a str,
    ) -> BoxFuture<'a, Result<Box<dyn Connection>, DialError>> {
        let digits = address.strip_prefix('n').unwrap();
        let to = NodeIndex(digits.parse::<u8>().unwrap() - 1);
        let (network, way) = (self.network.clone(), Hop { from: self.from, to });
        async move {
            if network.is_cut(way) || network.is_cut(way.back()) {
                // Until the dialler's patience ends.
                std::future::pending::<()>().await;
            }
            if !network.state().listening.contains_key(&to) {
                sleep(network.travel(way) + network.travel(way.back())).await;
                return Err(DialError::Handshake(Status::unavailable("nobody listens there")));
            }
            let connection: Box<dyn Connection> = Box::new(Connected { network, way });
            Ok(connection)
        }
        .boxed()
    }
}

struct Connected {
    network: Network,
    way: Hop,
}

impl Connection for Connected {
    fn open(self: Box<Self>, frames: Frames) -> BoxFuture<'static, Result<Inbound, Status>> {
        let Self { network, way } = *self;
        async move {
            let stream = Stream(watch::Sender::new(false));
            let listening = {
                let mut state = network.state();
                state.streams.push((way, stream.clone()));
                state.listening.get(&way.to).cloned()
            };
            let there = carry(&network, &stream, way, frames.map(Ok).boxed());
            let listening = listening.ok_or_else(|| Status::unavailable("it has just gone"))?;
            let back = listening.accept(&way.from.to_string(), there).await?;
            Ok(carry(&network, &stream, way.back(), back))
        }
        .boxed()
    }
}
