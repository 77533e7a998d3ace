//! The Redis front: any Redis client can talk to the store.
//!
//! ```text
//!   socket ──bytes──▶ RequestParser ──requests──▶ Session ──commands──▶ peer_ring::Client ──▶ shards
//!     ▲              (request.rs)                (session.rs)          (connection.rs)          │
//!     └───bytes────── Writer ◀──────replies─────── Session ◀──────────────answers───────────────┘
//! ```
//!
//! Each connection is one task on one of the node's threads (`connection.rs`). In a turn it reads
//! what the socket has, begins every request in it, hands all their commands over together, and
//! writes all replies that are known with one call. What a request means is decided in
//! `understand.rs`; requests of several commands are `gather.rs` (many keys), `chain.rs` (a read,
//! then a write) and `sweep.rs` (every partition). The codec, [`request`] and [`reply`], serves
//! other fronts as well.
//!
//! **What is different from Redis.** A command is answered after a quorum of replicas, or with an
//! error that says whether it may have happened. Commands about several keys are several commands:
//! no transaction. Commands that decide by what a key holds (`SET NX`, `INCR`) are refused: last
//! write wins here, and they need a register.

mod chain;
mod clients;
mod command;
mod connection;
mod gather;
mod gauge;
mod glob;
mod hello;
mod info;
mod job;
mod local;
mod node;
mod port;
mod reading;
mod refusal;
pub mod reply;
pub mod request;
mod says;
mod session;
mod sweep;
mod tag;
mod times;
mod understand;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use peer_ring::Handle;

use crate::app::Kv;
use crate::fronts::budget::Budget;
use crate::fronts::config::{Limits, RedisConfig};
use crate::fronts::listener::Arrival;
use crate::fronts::metrics::Metrics;
use crate::namespace::{Namespace, Settings};
use clients::Clients;

/// What all connections of the Redis front share.
pub(crate) struct Front {
    namespace: Namespace,
    settings: Settings,
    limits: Limits,
    allows_flush: bool,
    idle_timeout: Option<Duration>,
    grace: Duration,
    address: SocketAddr,
    metrics: Arc<Metrics>,
    budget: Arc<Budget>,
    clients: Clients,
}

/// The bytes that a client gets who is one too many.
pub(crate) const FULL: &[u8] = b"-ERR max number of clients reached\r\n";

/// Counters for this front.
pub(crate) fn metrics() -> Metrics {
    Metrics::new("redis", command::counted())
}

impl Front {
    /// A front of `namespace` that listens at `address`.
    pub(crate) fn new(
        config: &RedisConfig,
        namespace: Namespace,
        settings: Settings,
        (limits, grace): (Limits, Duration),
        address: SocketAddr,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            namespace,
            settings,
            limits,
            allows_flush: config.allow_flush,
            idle_timeout: config.idle_timeout_ms.map(Duration::from_millis),
            grace,
            address,
            metrics,
            budget: Budget::new(limits.memory_bytes_max),
            clients: Clients::default(),
        }
    }

    /// Serves a client until one of the two goes away.
    pub(crate) async fn serve(self: Arc<Self>, handle: Handle<Kv>, arrival: Arrival) {
        connection::run(self, handle, arrival).await;
    }
}
