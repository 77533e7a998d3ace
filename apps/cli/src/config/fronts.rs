//! What clients talk to: the Redis protocol and HTTP.
//!
//! Where they listen stands in `listen`; here is how. Defaults are those of the fronts themselves.

use std::net::SocketAddr;

use peer_ring_kv::fronts::{FrontConfig, HttpConfig, Limits, RedisConfig};
use serde::{Deserialize, Serialize};

/// What clients talk to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fronts {
    /// The bounds, for each front by itself.
    pub limits: Limits,
    /// The Redis protocol.
    pub resp: Resp,
    /// HTTP.
    pub http: Http,
}

/// The Redis protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resp {
    /// The one namespace that it serves.
    pub namespace: String,
    /// Whether `FLUSHALL` and `FLUSHDB` may delete every key of the namespace.
    pub allow_flush: bool,
    /// After how long a connection that asks nothing is closed; never when not given.
    pub idle_timeout_ms: Option<u64>,
}

/// HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// How long a client may take to send a request's head, or to begin the next one.
    pub head_timeout_ms: u64,
    /// How long a client may take to send a request's body.
    pub body_timeout_ms: u64,
}

impl Fronts {
    /// What the fronts take.
    #[must_use]
    pub fn settings(
        &self,
        resp: Option<SocketAddr>,
        http: Option<SocketAddr>,
        grace_ms: u64,
    ) -> FrontConfig {
        let redis = resp.map(|listen| RedisConfig {
            listen: listen.to_string(),
            namespace: self.resp.namespace.clone(),
            allow_flush: self.resp.allow_flush,
            idle_timeout_ms: self.resp.idle_timeout_ms,
        });
        let http = http.map(|listen| HttpConfig {
            listen: listen.to_string(),
            head_timeout_ms: self.http.head_timeout_ms,
            body_timeout_ms: self.http.body_timeout_ms,
        });
        FrontConfig { redis, http, limits: self.limits, grace_ms }
    }
}

impl Default for Resp {
    fn default() -> Self {
        let RedisConfig { namespace, allow_flush, idle_timeout_ms, .. } = RedisConfig::default();
        Self { namespace, allow_flush, idle_timeout_ms }
    }
}

impl Default for Http {
    fn default() -> Self {
        let HttpConfig { head_timeout_ms, body_timeout_ms, .. } = HttpConfig::default();
        Self { head_timeout_ms, body_timeout_ms }
    }
}
