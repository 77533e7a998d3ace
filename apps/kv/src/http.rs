//! The HTTP front: values by `curl`, and the node's own admin routes beside them.
//!
//! | route | what it does |
//! |---|---|
//! | `GET`, `HEAD /v1/kv/{namespace}/{key}?n=&r=` | reads a value, raw |
//! | `PUT /v1/kv/{namespace}/{key}?n=&w=&ttl=` | writes the body as a value |
//! | `DELETE /v1/kv/{namespace}/{key}?n=&w=` | deletes a value |
//! | `GET /v1/kv/{namespace}?after=&limit=` | lists keys, percent-encoded, with a cursor |
//!
//! Keys are any bytes, percent-encoded; a slash in a key may stand as it is. A time to live is a
//! number of milliseconds, or has a unit: `500ms`, `30s`, `5m`, `2h`. What was found or written
//! bears the headers `peer-ring-version` and, if it expires, `peer-ring-expires`. Errors are JSON
//! and say whether the write may have happened.

mod problem;
mod query;
mod routes;
mod target;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use peer_ring::Handle;

use crate::app::Kv;
use crate::client::KvClient;
use crate::fronts::budget::Budget;
use crate::fronts::config::{FrontConfig, HttpConfig};
use crate::fronts::listener::Arrival;
use crate::fronts::metrics::Metrics;

/// The head of a request: its line and headers. The longest key fits in percent-encoding as far as
/// any URL may be so long.
const HEAD_BYTES_MAX: usize = 128 * 1024;

/// The HTTP front of a node.
pub(crate) struct Front {
    router: Router,
    head_timeout: Duration,
    grace: Duration,
}

/// The answer that a client gets who is one too many.
pub(crate) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\ncontent-length: 109\r\nconnection: close\r\n\r\n\
    {\"error\":{\"code\":\"too_many_connections\",\"message\":\"max number of clients reached\",\
    \"may_have_happened\":false}}";

/// Counters for this front.
pub(crate) fn metrics() -> Metrics {
    Metrics::new("http", routes::counted())
}

impl Front {
    /// The front of `handle`'s node.
    pub(crate) fn new(
        http: &HttpConfig,
        config: &FrontConfig,
        handle: Handle<Kv>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let api = routes::Api {
            client: KvClient::new(handle.clone()),
            limits: config.limits,
            body_timeout: Duration::from_millis(http.body_timeout_ms),
            metrics,
            budget: Budget::new(config.limits.memory_bytes_max),
        };
        let router = routes::router(api).merge(peer_ring::admin::router(handle));
        Self {
            router: routes::with_fallbacks(router),
            head_timeout: Duration::from_millis(http.head_timeout_ms),
            grace: config.grace(),
        }
    }

    /// Serves a client until one of the two goes away.
    pub(crate) async fn serve(self: Arc<Self>, arrival: Arrival) {
        let mut stop = arrival.stop.clone();
        // A client may be gone before it is served.
        let Ok((stream, _place)) = arrival.into_stream() else {
            return;
        };
        let service = TowerToHyperService::new(self.router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            biased;
            // How it ended is the client's affair.
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|stops| *stops) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(self.grace, connection).await;
    }
}

#[cfg(test)]
mod tests {
    use super::FULL;

    #[test]
    fn the_answer_to_one_too_many_is_as_long_as_it_says() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
