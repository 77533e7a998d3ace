//! The handle: how the rest of a process talks to a node that runs in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::Addr;
use actix::prelude::SendError;
use actix_rt::ArbiterHandle;
use futures::channel::oneshot;
use peer_ring_core::actor::Wall;
use peer_ring_core::app::{App, encode};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{AppId, CallerId, NodeId, NodeName};
use peer_ring_core::key::Partitions;
use peer_ring_core::view::View;
use peer_ring_core::wiring::shard_of;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::board::Board;
use crate::client::{Client, decode_reply};
use crate::clock;
use crate::links::{ControlShell, Links};
use crate::metrics::Metrics;
use crate::shard_port::{Asked, Call, Reply, ShardShell};
use crate::shell::{Calls, Inspect};
use crate::stats::{NodeStats, ShardStats};
use crate::stop::{Phase, Stopper};

/// A running node, for one of its apps. Cheap to clone; all clones are equal.
pub struct Handle<A> {
    pub(crate) app: A,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub name: NodeName,
    pub id: NodeId,
    pub cluster: String,
    pub timeout: Duration,
    pub partitions: Partitions,
    pub shards: Vec<Addr<ShardShell>>,
    pub arbiters: Vec<ArbiterHandle>,
    pub next_arbiter: AtomicUsize,
    pub callers: AtomicU64,
    pub control: Addr<ControlShell>,
    pub board: Arc<Board>,
    pub left: watch::Receiver<bool>,
    pub view: watch::Receiver<Arc<View>>,
    pub links: Links,
    pub metrics: Metrics,
    pub started: Instant,
    pub stopper: Stopper,
}

impl<A: Clone> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self { app: self.app.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<A: App> Handle<A> {
    /// Runs a command and waits for its reply, for as long as the node's configuration says.
    ///
    /// # Errors
    /// [`Failure`] says why there is none, and whether the command may have taken effect.
    pub async fn ask(&self, command: A::Command) -> Result<A::Reply, Failure> {
        self.ask_within(command, self.shared.timeout).await
    }

    /// Runs a command and waits for its reply, for `timeout` at the most.
    ///
    /// # Errors
    /// [`Failure`] says why there is none, and whether the command may have taken effect.
    pub async fn ask_within(
        &self,
        command: A::Command,
        timeout: Duration,
    ) -> Result<A::Reply, Failure> {
        let (shard, ask) = self.prepare(&command, timeout)?;
        let may_have_happened = ask.plan.writes();
        let (sender, receiver) = oneshot::channel();
        let caller = self.shared.next_caller();
        let shard = &self.shared.shards[shard];
        hand_in(shard, vec![Call::Ask(Asked { caller, ask, reply: Reply::Once(sender) })]);
        let mut waiting = Waiting { shard, caller, is_over: false };
        let answer = receiver.await;
        waiting.is_over = true;
        decode_reply(answer.unwrap_or(Err(Failure::Stopping { may_have_happened })))
    }

    /// A client for one connection: it can have many commands under way.
    #[must_use]
    pub fn client(&self) -> Client<A> {
        Client::new(self.clone())
    }

    /// The app, as it was given to the builder.
    #[must_use]
    pub fn app(&self) -> &A {
        &self.app
    }

    /// The ring and the peers' health, as of now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.shared.view.borrow())
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &NodeName {
        &self.shared.name
    }

    /// The identity of the node's data.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.shared.id
    }

    /// The cluster's name.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.shared.cluster
    }

    /// When the node started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// What the node's wall clock says.
    #[must_use]
    pub fn wall(&self) -> Wall {
        clock::wall()
    }

    /// How long a request may take when the caller does not say.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Whether the node can do its part; [`Handle::ready`] says why not.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready().is_ok()
    }

    /// What the node tells about itself.
    pub async fn stats(&self) -> NodeStats {
        self.shared.stats().await
    }

    /// Runs a future on one of the node's threads, each in its turn.
    pub fn spawn<F, Fut>(&self, make: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        let turn = self.shared.next_arbiter.fetch_add(1, Ordering::Relaxed);
        let arbiter = &self.shared.arbiters[turn % self.shared.arbiters.len()];
        // A node that has stopped runs nothing any more.
        let _ = arbiter.spawn_fn(move || {
            actix_rt::spawn(make());
        });
    }

    /// Waits until the node begins to stop.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        self.shared.stopper.reached(Phase::Stopping)
    }

    /// Adds metrics to those that the node shows.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        self.shared.metrics.register(add);
    }

    /// All metrics, as OpenMetrics text.
    pub async fn render_metrics(&self) -> String {
        let stats = self.shared.stats().await;
        self.shared.metrics.render(stats)
    }

    /// The shard that takes a command, and the command as the shard takes it.
    pub(crate) fn prepare(
        &self,
        command: &A::Command,
        timeout: Duration,
    ) -> Result<(usize, Ask), Failure> {
        if self.shared.stopper.phase() != Phase::Running {
            return Err(Failure::Stopping { may_have_happened: false });
        }
        let key = A::key(command);
        let plan = self.app.plan(command);
        let ask = Ask { app: AppId::of(A::NAME), key, plan, command: encode(command), timeout };
        let shards = u8::try_from(self.shared.shards.len()).expect("at most 254 shards");
        Ok((usize::from(shard_of(self.shared.partitions.of(key), shards)), ask))
    }
}

impl Shared {
    pub(crate) fn next_caller(&self) -> CallerId {
        CallerId(self.callers.fetch_add(1, Ordering::Relaxed))
    }

    async fn stats(&self) -> NodeStats {
        let mut sum = ShardStats::default();
        for shard in &self.shards {
            let (sender, receiver) = oneshot::channel();
            // A shard that is gone has nothing to tell.
            if shard.send(Inspect(sender)).await.is_ok()
                && let Ok(report) = receiver.await
            {
                sum.add(&report);
            }
        }
        let (links, frames_damaged) = (self.links.stats(), self.links.frames_damaged());
        NodeStats { shards: sum, ring: self.ring_stats().await, links, frames_damaged }
    }
}

/// Hands calls to a shard; those it has no room for are answered at once.
pub(crate) fn hand_in(shard: &Addr<ShardShell>, calls: Vec<Call>) {
    let (refused, failure) = match shard.try_send(Calls(calls)) {
        Ok(()) => return,
        Err(SendError::Full(calls)) => (calls, Failure::Overloaded),
        Err(SendError::Closed(calls)) => (calls, Failure::Stopping { may_have_happened: false }),
    };
    for call in refused.0 {
        match call {
            Call::Ask(asked) => asked.reply.send(Err(failure.clone())),
            // The command then runs to its end, at the latest at its deadline.
            Call::Abandon(_) => {}
        }
    }
}

/// Tells the shard when the one who waits goes away before the answer comes.
struct Waiting<'a> {
    shard: &'a Addr<ShardShell>,
    caller: CallerId,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            hand_in(self.shard, vec![Call::Abandon(self.caller)]);
        }
    }
}
