//! What clients talk to: the Redis protocol and HTTP, on one node.
//!
//! ```no_run
//! # async fn example(handle: peer_ring::Handle<peer_ring_kv::Kv>) -> Result<(), Box<dyn std::error::Error>> {
//! use peer_ring_kv::fronts::{FrontConfig, HttpConfig, RedisConfig, serve};
//!
//! let config = FrontConfig {
//!     redis: Some(RedisConfig::default()),
//!     http: Some(HttpConfig::default()),
//!     ..FrontConfig::default()
//! };
//! let serving = serve(handle, config).await?;
//! println!("redis at {:?}, http at {:?}", serving.redis(), serving.http());
//! serving.stop().await;
//! # Ok(())
//! # }
//! ```

pub(crate) mod budget;
pub(crate) mod config;
pub(crate) mod listener;
pub(crate) mod metrics;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use peer_ring::Handle;
use thiserror::Error;
use tokio::sync::{Semaphore, watch};

pub use config::{BadLimit, FrontConfig, HttpConfig, Limits, RedisConfig};

use crate::app::Kv;
use crate::client::UnknownNamespace;
use crate::namespace::Namespace;
use crate::{http, resp};
use listener::{Arrival, Door};
use metrics::{Metrics, Shown};

/// The fronts of a node, while they serve.
///
/// They stop with the node, or with [`Serving::stop`]; dropping this stops nothing.
pub struct Serving {
    redis: Option<SocketAddr>,
    http: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    places: Vec<Arc<Semaphore>>,
    metrics: Vec<Arc<Metrics>>,
    connections_max: u32,
    grace: Duration,
}

/// Why the fronts do not serve. None of them does then.
#[derive(Debug, Error)]
pub enum FrontError {
    /// An address cannot be listened on.
    #[error("{field}: cannot listen on {address}: {source}")]
    Listen {
        /// The field of the configuration.
        field: &'static str,
        /// What it says.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// A front is to serve a namespace that does not exist.
    #[error("redis.namespace: {0}")]
    Namespace(#[from] UnknownNamespace),
    /// A bound is impossible.
    #[error("limits.{0}")]
    Limit(#[from] BadLimit),
}

/// Serves clients of `handle`'s node, until it stops.
///
/// All addresses are bound before any client is let in.
///
/// # Errors
/// [`FrontError`] names the field of the configuration that is to blame.
pub async fn serve(handle: Handle<Kv>, config: FrontConfig) -> Result<Serving, FrontError> {
    config.limits.check()?;
    let namespace = config.redis.as_ref().map(|redis| find(&handle, &redis.namespace));
    let namespace = namespace.transpose()?;
    let redis_socket = match &config.redis {
        Some(redis) => Some(bind("redis.listen", &redis.listen).await?),
        None => None,
    };
    let http_socket = match &config.http {
        Some(http) => Some(bind("http.listen", &http.listen).await?),
        None => None,
    };
    let mut serving = Serving::new(&config);
    if let (Some(redis), Some(socket), Some(namespace)) = (&config.redis, redis_socket, namespace) {
        serving.open_redis(&handle, &config, redis, socket, namespace);
    }
    if let (Some(http), Some(socket)) = (&config.http, http_socket) {
        serving.open_http(&handle, &config, http, socket);
    }
    let shown = Shown(std::mem::take(&mut serving.metrics));
    handle.register(|registry| registry.register_collector(Box::new(shown)));
    serving.stop_with(&handle);
    Ok(serving)
}

fn find(handle: &Handle<Kv>, name: &str) -> Result<Namespace, UnknownNamespace> {
    let unknown = || UnknownNamespace { name: name.to_owned() };
    handle.app().namespaces().find(name).ok_or_else(unknown)
}

/// A socket that listens, and where.
type Socket = (TcpListener, SocketAddr);

async fn bind(field: &'static str, address: &str) -> Result<Socket, FrontError> {
    let bound = async {
        let listener = tokio::net::TcpListener::bind(address).await?.into_std()?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let listen_error = |source| FrontError::Listen { field, address: address.to_owned(), source };
    bound.await.map_err(listen_error)
}

impl Serving {
    /// Where the Redis front listens, if there is one.
    #[must_use]
    pub fn redis(&self) -> Option<SocketAddr> {
        self.redis
    }

    /// Where the HTTP front listens, if there is one.
    #[must_use]
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Lets nobody in any more, lets connections finish what they have begun for as long as the
    /// configuration says, and closes them.
    ///
    /// To be called before the node is stopped, since that takes the threads away.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let drained = async {
            for places in &self.places {
                // An error means that there are no places at all any more.
                let _ = places.acquire_many(self.connections_max).await;
            }
        };
        // What is not finished by then ends with the node's threads.
        let _ = tokio::time::timeout(self.grace, drained).await;
    }

    fn new(config: &FrontConfig) -> Self {
        Self {
            redis: None,
            http: None,
            stop: watch::channel(false).0,
            places: Vec::new(),
            metrics: Vec::new(),
            connections_max: config.limits.connections_max,
            grace: config.grace(),
        }
    }

    fn open_redis(
        &mut self,
        handle: &Handle<Kv>,
        config: &FrontConfig,
        redis: &RedisConfig,
        (listener, address): Socket,
        namespace: Namespace,
    ) {
        let metrics = Arc::new(resp::metrics());
        let settings = *handle.app().namespaces().settings(&namespace);
        let bounds = (config.limits, config.grace());
        let counted = Arc::clone(&metrics);
        let front = resp::Front::new(redis, namespace, settings, bounds, address, counted);
        let (front, node) = (Arc::new(front), handle.clone());
        self.open(handle, listener, metrics, resp::FULL, move |arrival| {
            let (front, handle) = (Arc::clone(&front), node.clone());
            node.spawn(move || front.serve(handle, arrival));
        });
        self.redis = Some(address);
    }

    fn open_http(
        &mut self,
        handle: &Handle<Kv>,
        config: &FrontConfig,
        http: &HttpConfig,
        (listener, address): Socket,
    ) {
        let metrics = Arc::new(http::metrics());
        let front = http::Front::new(http, config, handle.clone(), Arc::clone(&metrics));
        let (front, node) = (Arc::new(front), handle.clone());
        self.open(handle, listener, metrics, http::FULL, move |arrival| {
            let front = Arc::clone(&front);
            node.spawn(move || front.serve(arrival));
        });
        self.http = Some(address);
    }

    /// Lets clients in, on one of the node's threads, and hands each over to `serve`.
    fn open(
        &mut self,
        handle: &Handle<Kv>,
        listener: TcpListener,
        metrics: Arc<Metrics>,
        full: &'static [u8],
        serve: impl Fn(Arrival) + Send + 'static,
    ) {
        let places = Arc::new(Semaphore::new(self.connections_max as usize));
        self.places.push(Arc::clone(&places));
        self.metrics.push(Arc::clone(&metrics));
        let door = Door { listener, places, metrics, full, stop: self.stop.subscribe() };
        handle.spawn(move || async move {
            if let Err(error) = door.open(serve).await {
                tracing::error!(%error, "no client can be let in any more");
            }
        });
    }

    /// Stops the fronts as soon as the node begins to stop.
    fn stop_with(&self, handle: &Handle<Kv>) {
        let (stop, stopping) = (self.stop.clone(), handle.stopping());
        handle.spawn(move || async move {
            stopping.await;
            stop.send_replace(true);
        });
    }
}
