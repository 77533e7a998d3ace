//! A node: built from a configuration and apps, started, and stopped.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use actix_rt::{Arbiter, ArbiterHandle, System};
use peer_ring_core::app::{App, Apps, DuplicateApp};
use peer_ring_core::wiring::ControlIn;
use peer_ring_discovery::{Facts, Source, Static};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::config::{Config, ConfigError};
use crate::data::{DataError, Keeper};
use crate::flight::Flight;
use crate::handle::{Handle, Shared};
use crate::links;
use crate::metrics::Metrics;
use crate::shell::Inputs;
use crate::start::{Memory, Parts};
use crate::stop::{NodeFailure, Phase, Stopper};

/// How often a stopping node looks whether its requests have finished.
const DRAIN_PAUSE: Duration = Duration::from_millis(10);

/// How long a source of discovery may take to take back what it said of a node that stops.
const GOODBYE_MAX: Duration = Duration::from_secs(4);

/// A running node, started for the app `A`; see [`Node::handle_of`] for others it may run.
///
/// It runs on threads of its own. They end with [`Node::stop`], or when the node is dropped, which
/// does not wait for anything.
pub struct Node<A = NoApp> {
    handle: Handle<A>,
    others: Vec<Box<dyn Any + Send + Sync>>,
    listens_at: SocketAddr,
    /// How many nodes found the cluster.
    expected: usize,
    stop_grace: Duration,
    leave_on_stop: Option<Duration>,
    arbiters: Vec<Arbiter>,
    /// Ends when discovery has.
    discovery: oneshot::Receiver<()>,
    flight: Option<Flight>,
    keeper: Option<Keeper>,
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
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
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
    /// Starts the node, and waits until it has a ring; see [`Node::until_ring`].
    ///
    /// # Errors
    /// [`StartError`] says why it does not start; nothing of it runs then.
    pub async fn start(self) -> Result<Node<A>, StartError> {
        let node = self.launch()?;
        node.until_ring().await?;
        Ok(node)
    }

    /// Starts the node, and waits for nothing: before it has a ring it refuses what it is asked.
    ///
    /// # Errors
    /// [`StartError`] says why it does not start; nothing of it runs then.
    pub fn launch(self) -> Result<Node<A>, StartError> {
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
        let memory = Memory::recall(&config)?;
        let parts = Parts::start(&config, memory, self.apps, listener, listens_at)?;
        let mut node = parts.into_node(&config, self.app, self.others, listens_at);
        node.discover(source);
        node.watch();
        Ok(node)
    }
}

impl Parts {
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
            control: self.control,
            board: self.board,
            left: self.left,
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
            expected: config.steward().bootstrap_expect,
            stop_grace: config.stop_grace,
            leave_on_stop: config.leave_on_stop,
            arbiters: self.arbiters,
            discovery: oneshot::channel().1,
            flight: self.flight,
            keeper: self.keeper,
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

    /// Waits until the node has a ring: until the cluster is founded, or a member has told it.
    /// While it waits it says now and then for whom.
    ///
    /// # Errors
    /// [`NodeFailure`] says why there will be none.
    pub async fn until_ring(&self) -> Result<(), NodeFailure> {
        let mut view = self.handle.shared.view.clone();
        let ring = view.wait_for(|view| view.ring.is_some());
        tokio::select! {
            biased;
            failure = self.stopped() => failure,
            _ = ring => Ok(()),
            never = self.handle.shared.say_what_it_waits_for(self.expected) => match never {},
        }
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

    /// Hands over what the node owns, if it is configured to do so before it stops, for as long as
    /// the configuration says. It serves its clients meanwhile.
    pub async fn hand_over(&self) {
        if let Some(timeout) = self.leave_on_stop
            && !self.handle.has_left()
            && self.stopper().phase() == Phase::Running
        {
            tracing::info!(?timeout, "leaving");
            self.handle.shared.hand_over(timeout).await;
        }
    }

    /// Stops the node: hands over what it owns if it is configured to, says goodbye to its peers,
    /// takes no new requests, lets those under way finish for as long as the configuration says,
    /// and ends its threads.
    pub async fn stop(mut self) {
        self.hand_over().await;
        self.end().await;
    }

    /// Stops the node as [`Node::stop`] does, and hands nothing over.
    pub async fn stop_for_a_while(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        self.stopper().begin();
        self.handle.shared.control.do_send(Inputs(vec![ControlIn::Leave]));
        let begun = tokio::time::Instant::now();
        let patience = begun + self.stop_grace;
        // At least one pause, in which the goodbyes go out.
        loop {
            tokio::time::sleep(DRAIN_PAUSE).await;
            let is_late = tokio::time::Instant::now() >= patience;
            if is_late || self.handle.stats().await.shards.inflight == 0 {
                break;
            }
        }
        // Its end is a message or a channel that is closed; either will do.
        let _ = tokio::time::timeout_at(begun + GOODBYE_MAX, &mut self.discovery).await;
        self.stopper().halt();
        for arbiter in std::mem::take(&mut self.arbiters) {
            // A thread that panicked has been reported already.
            let _ = actix_rt::task::spawn_blocking(move || arbiter.join()).await;
        }
        if let Some(flight) = &self.flight {
            flight.end();
        }
        if let Some(keeper) = self.keeper.take() {
            // It may have to wait for a disk.
            let _ = actix_rt::task::spawn_blocking(move || drop(keeper)).await;
        }
    }

    fn stopper(&self) -> &Stopper {
        &self.handle.shared.stopper
    }

    /// Lets the log say when no ring can be decided.
    fn watch(&self) {
        let shared = Arc::clone(&self.handle.shared);
        let stopping = self.stopper().reached(Phase::Stopping);
        self.handle.spawn(move || async move {
            tokio::select! {
                biased;
                () = stopping => {}
                never = shared.say_what_is_stuck() => match never {},
            }
        });
    }

    fn discover(&mut self, source: Box<dyn Source>) {
        let (facts, mut said) = Facts::channel();
        let facts = facts.asking(self.handle.shared.links.clone());
        let (end, ended) = oneshot::channel();
        self.discovery = ended;
        let control = self.handle.shared.control.clone();
        let stopper = self.stopper().clone();
        let stopping = self.stopper().reached(Phase::Stopping);
        let stopped = self.stopper().reached(Phase::Stopped);
        self.handle.spawn(move || async move {
            let hear = async move {
                while let Some(fact) = said.recv().await {
                    control.do_send(Inputs(vec![ControlIn::Fact(fact)]));
                }
            };
            // That nobody listens any more tells the source to say goodbye.
            let listen = async {
                tokio::select! {
                    biased;
                    () = stopping => {}
                    () = hear => {}
                }
            };
            let run = async {
                if let Err(error) = source.run(facts).await {
                    stopper.fail(error.into());
                }
            };
            tokio::select! {
                biased;
                () = stopped => {}
                ((), ()) = futures::future::join(run, listen) => {}
            }
            drop(end);
        });
    }
}

impl<A> Drop for Node<A> {
    fn drop(&mut self) {
        self.handle.shared.stopper.halt();
    }
}
