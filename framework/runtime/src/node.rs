//! A node: built from a configuration and apps, started, and stopped.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use actix::{Actor as _, Addr};
use actix_rt::{Arbiter, ArbiterHandle, System};
use peer_ring_core::app::{App, Apps, DuplicateApp};
use peer_ring_core::id::{Desk, NodeId};
use peer_ring_core::view::View;
use peer_ring_core::wiring::ControlIn;
use peer_ring_discovery::{Facts, Source, Static};
use rand::RngExt;
use thiserror::Error;
use tokio::sync::watch;

use crate::clock::{Clock, wall};
use crate::config::{Config, ConfigError};
use crate::flight::Flight;
use crate::handle::{Handle, Shared};
use crate::links::{self, ControlPort, ControlShell, Links};
use crate::metrics::Metrics;
use crate::shard_port::{ShardPort, ShardShell};
use crate::shell::{Inputs, Shell};
use crate::stop::{NodeFailure, Phase, Stopper};

/// Batches of inputs that wait for a shard before it refuses more.
const SHARD_MAILBOX: usize = 4_096;
const CONTROL_MAILBOX: usize = 1_024;
/// How often a stopping node looks whether its requests have finished.
const DRAIN_PAUSE: Duration = Duration::from_millis(10);

/// A running node, started for the app `A`; see [`Node::handle_of`] for others it may run.
///
/// It runs on threads of its own. They end with [`Node::stop`], or when the node is dropped, which
/// does not wait for anything.
pub struct Node<A = NoApp> {
    handle: Handle<A>,
    others: Vec<Box<dyn Any + Send + Sync>>,
    listens_at: SocketAddr,
    stop_grace: Duration,
    control: Addr<ControlShell>,
    arbiters: Vec<Arbiter>,
    flight: Option<Flight>,
}

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error("the configuration is wrong: {0}")]
    Config(#[from] ConfigError),
    /// Two apps cannot be told apart.
    #[error(transparent)]
    App(#[from] DuplicateApp),
    /// The address for peers cannot be listened on.
    #[error("cannot listen for peers on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// There is no actix system on this thread.
    #[error("a node must be started inside an actix system: see actix_rt::System")]
    NoSystem,
    /// The node failed before it had a ring.
    #[error(transparent)]
    Failed(#[from] NodeFailure),
}

/// Stands where an app will.
#[derive(Clone, Copy, Debug)]
pub struct NoApp;

/// What a node is built from.
pub struct Builder<A> {
    config: Option<Config>,
    source: Option<Box<dyn Source>>,
    apps: Apps,
    others: Vec<Box<dyn Any + Send + Sync>>,
    duplicate: Option<DuplicateApp>,
    app: A,
}

impl Node {
    /// A builder without a configuration and apps.
    #[must_use]
    pub fn builder() -> Builder<NoApp> {
        Builder {
            config: None,
            source: None,
            apps: Apps::new(),
            others: Vec::new(),
            duplicate: None,
            app: NoApp,
        }
    }
}

impl Builder<NoApp> {
    /// The app that [`Node::ask`] asks.
    #[must_use]
    pub fn app<A: App + Sync>(self, app: A) -> Builder<A> {
        let Self { config, source, mut apps, others, mut duplicate, app: NoApp } = self;
        duplicate = duplicate.or(apps.add(app.clone()).err());
        Builder { config, source, apps, others, duplicate, app }
    }
}

impl<A> Builder<A> {
    /// The configuration. Without one, the node is called `n1` and is a cluster by itself.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// A source of discovery to use instead of the members in the configuration.
    #[must_use]
    pub fn discovery(mut self, source: impl Source) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// One more app, to be asked through [`Node::handle_of`].
    #[must_use]
    pub fn also<B: App + Sync>(mut self, app: B) -> Self {
        self.duplicate = self.duplicate.or(self.apps.add(app.clone()).err());
        self.others.push(Box::new(app));
        self
    }
}

impl<A: App + Sync> Builder<A> {
    /// Starts the node, and waits until it has a ring.
    ///
    /// # Errors
    /// [`StartError`] says why it does not start; nothing of it runs then.
    pub async fn start(self) -> Result<Node<A>, StartError> {
        if let Some(duplicate) = self.duplicate {
            return Err(duplicate.into());
        }
        System::try_current().ok_or(StartError::NoSystem)?;
        let config = match self.config {
            Some(config) => config,
            None => Config::new("n1").expect("that is a name"),
        };
        config.check()?;
        let listen_error = |source| StartError::Listen { address: config.listen, source };
        let listener = links::bind(config.listen).map_err(listen_error)?;
        let listens_at = listener.local_addr().map_err(listen_error)?;
        let source = self.source.unwrap_or_else(|| {
            let alone = || vec![config.own_sighting(listens_at)];
            let members = Some(config.members.clone()).filter(|members| !members.is_empty());
            Box::new(Static::new(members.unwrap_or_else(alone)))
        });
        let parts = Parts::start(&config, self.apps, listener);
        let node = parts.into_node(&config, self.app, self.others, listens_at);
        node.discover(source);
        node.until_ring().await?;
        Ok(node)
    }
}

/// The running pieces of a node.
struct Parts {
    id: NodeId,
    arbiters: Vec<Arbiter>,
    shards: Vec<Addr<ShardShell>>,
    control: Addr<ControlShell>,
    links: Links,
    view: watch::Receiver<Arc<View>>,
    blank: Arc<AtomicUsize>,
    stopper: Stopper,
    flight: Option<Flight>,
}

impl Parts {
    fn start(config: &Config, apps: Apps, listener: std::net::TcpListener) -> Self {
        let stopper = Stopper::new();
        let clock = Clock::start();
        let id = NodeId(rand::rng().random_range(1..=u64::MAX));
        let flight = Flight::begin(config, id, &apps);
        let arbiters: Vec<_> = (0..config.threads).map(|_| Arbiter::new()).collect();
        stopper.own(arbiters.iter().map(Arbiter::handle).collect());
        let blank = Arc::new(AtomicUsize::new(arbiters.len()));
        let shards: Vec<_> = (0..config.threads)
            .zip(&arbiters)
            .map(|(index, arbiter)| {
                let shard = config.shard(id, index, config.threads, apps.clone());
                let port = ShardPort::new(Arc::clone(&blank));
                let shell = Shell::new(shard, port, clock, stopper.clone(), SHARD_MAILBOX)
                    .seen_by(flight.as_ref().map(|flight| flight.witness(Desk::Shard(index))));
                ShardShell::start_in_arbiter(&arbiter.handle(), move |_| shell)
            })
            .collect();
        let identity = config.identity(id, wall());
        let links = Links::new(config, identity, shards.clone(), stopper.clone());
        let (sender, view) = watch::channel(Arc::default());
        let control = config.control();
        let port = ControlPort::new(links.clone(), shards.clone(), sender, stopper.clone());
        let shell = Shell::new(control, port, clock, stopper.clone(), CONTROL_MAILBOX)
            .seen_by(flight.as_ref().map(|flight| flight.witness(Desk::Control)));
        let first = arbiters.first().expect("the configuration was checked");
        let control = ControlShell::start_in_arbiter(&first.handle(), move |_| shell);
        links.set_control(control.clone());
        let accepting = links.clone();
        first.spawn_fn(move || {
            actix_rt::spawn(async move {
                if let Err(error) = links::listen(accepting, listener).await {
                    tracing::error!(%error, "peers cannot be let in any more");
                }
            });
        });
        Self { id, arbiters, shards, control, links, view, blank, stopper, flight }
    }

    fn into_node<A: App>(
        self,
        config: &Config,
        app: A,
        others: Vec<Box<dyn Any + Send + Sync>>,
        listens_at: SocketAddr,
    ) -> Node<A> {
        let shared = Shared {
            name: config.name.clone(),
            id: self.id,
            cluster: config.cluster.clone(),
            timeout: config.timeout,
            partitions: config.ring.partitions,
            shards: self.shards,
            arbiters: self.arbiters.iter().map(Arbiter::handle).collect::<Vec<ArbiterHandle>>(),
            next_arbiter: AtomicUsize::new(0),
            callers: AtomicU64::new(0),
            blank: self.blank,
            view: self.view,
            links: self.links,
            metrics: Metrics::new(),
            started: Instant::now(),
            stopper: self.stopper,
        };
        Node {
            handle: Handle { app, shared: Arc::new(shared) },
            others,
            listens_at,
            stop_grace: config.stop_grace,
            control: self.control,
            arbiters: self.arbiters,
            flight: self.flight,
        }
    }
}

impl<A: App> Node<A> {
    /// Runs a command and waits for its reply; see [`Handle::ask`].
    ///
    /// # Errors
    /// [`peer_ring_core::failure::Failure`] says why there is none.
    pub async fn ask(
        &self,
        command: A::Command,
    ) -> Result<A::Reply, peer_ring_core::failure::Failure> {
        self.handle.ask(command).await
    }

    /// A handle for the node's first app.
    #[must_use]
    pub fn handle(&self) -> Handle<A> {
        self.handle.clone()
    }

    /// A handle for another of the node's apps; `None` when it does not run here.
    #[must_use]
    pub fn handle_of<B: App>(&self) -> Option<Handle<B>> {
        let app = self.others.iter().find_map(|app| app.downcast_ref::<B>())?;
        Some(Handle { app: app.clone(), shared: Arc::clone(&self.handle.shared) })
    }

    /// Where the node listens for its peers.
    #[must_use]
    pub fn listens_at(&self) -> SocketAddr {
        self.listens_at
    }

    /// Waits until the node has a ring and every replica on it has its data.
    pub async fn ready(&self) {
        while !self.handle.is_ready() && self.stopper().phase() == Phase::Running {
            tokio::time::sleep(DRAIN_PAUSE).await;
        }
    }

    /// Waits until the node stops by itself, or is stopped.
    ///
    /// # Errors
    /// [`NodeFailure`] says why, when it was not asked to.
    pub async fn stopped(&self) -> Result<(), NodeFailure> {
        self.stopper().reached(Phase::Stopped).await;
        self.stopper().take_failure().map_or(Ok(()), Err)
    }

    /// Stops the node: says goodbye to its peers, takes no new requests, lets those under way
    /// finish for as long as the configuration says, and ends its threads.
    pub async fn stop(mut self) {
        self.stopper().begin();
        self.control.do_send(Inputs(vec![ControlIn::Leave]));
        let patience = tokio::time::Instant::now() + self.stop_grace;
        // At least one pause, in which the goodbyes go out.
        loop {
            tokio::time::sleep(DRAIN_PAUSE).await;
            let is_late = tokio::time::Instant::now() >= patience;
            if is_late || self.handle.stats().await.shards.inflight == 0 {
                break;
            }
        }
        self.stopper().halt();
        for arbiter in std::mem::take(&mut self.arbiters) {
            // A thread that panicked has been reported already.
            let _ = actix_rt::task::spawn_blocking(move || arbiter.join()).await;
        }
        if let Some(flight) = &self.flight {
            flight.end();
        }
    }

    fn stopper(&self) -> &Stopper {
        &self.handle.shared.stopper
    }

    fn discover(&self, source: Box<dyn Source>) {
        let (facts, mut said) = Facts::channel();
        let (control, stopper) = (self.control.clone(), self.stopper().clone());
        let stopped = self.stopper().reached(Phase::Stopped);
        self.handle.spawn(move || async move {
            let listen = async {
                while let Some(fact) = said.recv().await {
                    control.do_send(Inputs(vec![ControlIn::Fact(fact)]));
                }
            };
            tokio::select! {
                biased;
                () = stopped => {}
                outcome = source.run(facts) => if let Err(error) = outcome {
                    stopper.fail(error.into());
                },
                () = listen => {}
            }
        });
    }

    async fn until_ring(&self) -> Result<(), NodeFailure> {
        let mut view = self.handle.shared.view.clone();
        let ring = view.wait_for(|view| view.ring.is_some());
        tokio::select! {
            biased;
            failure = self.stopped() => failure,
            _ = ring => Ok(()),
        }
    }
}

impl<A> Drop for Node<A> {
    fn drop(&mut self) {
        self.handle.shared.stopper.halt();
    }
}
