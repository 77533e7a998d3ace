//! The routes of the key-value store, and what each of them does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use peer_ring_core::failure::{Failure, SizeOf};
use peer_ring_core::record::Version;
use serde_json::json;

use super::problem::Problem;
use super::query::{KEYS, Query};
use super::target::{Target, percent_encoded};
use crate::app::Expiry;
use crate::client::KvClient;
use crate::cursor::Cursor;
use crate::fronts::budget::{Budget, NoRoom, Share};
use crate::fronts::config::Limits;
use crate::fronts::metrics::{Class, Metrics, Named, Outcome};

/// What the routes work with.
pub(super) struct Api {
    pub client: KvClient,
    pub limits: Limits,
    pub body_timeout: Duration,
    pub metrics: Arc<Metrics>,
    pub budget: Arc<Budget>,
}

/// What is counted, in the order of [`counted`].
#[derive(Clone, Copy)]
enum Route {
    Get,
    Put,
    Delete,
    List,
}

/// The names of what is counted.
pub(super) fn counted() -> Vec<Named> {
    vec![
        ("get", Class::Read),
        ("put", Class::Write),
        ("delete", Class::Write),
        ("list", Class::Sweep),
    ]
}

/// The routes.
pub(super) fn router(api: Api) -> Router {
    let of_a_key = get(read).put(write).delete(delete);
    Router::new()
        .route("/v1/kv/{namespace}", get(list))
        .route("/v1/kv/{namespace}/", of_a_key.clone())
        .route("/v1/kv/{namespace}/{*key}", of_a_key)
        .with_state(Arc::new(api))
}

/// The same router, with JSON for what it does not know.
pub(super) fn with_fallbacks(router: Router) -> Router {
    router
        .fallback(|| async { Problem::NoSuchRoute })
        .method_not_allowed_fallback(|| async { Problem::NoSuchMethod })
}

async fn read(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    api.answer(Route::Get, 0, async {
        let (target, query) = api.asked(&uri, &["n", "r"])?;
        let client = api.client_of(&target, query, "r")?;
        let found = client.get(target.key).await?.ok_or(Problem::NoSuchKey)?;
        let mut response = Response::new(Body::from(found.value));
        let headers = response.headers_mut();
        let raw = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, raw);
        describe(headers, found.version, found.expires);
        Ok(response)
    })
    .await
}

async fn write(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let declared = declared_bytes(&parts.headers);
    api.answer(Route::Put, declared.unwrap_or(0), async {
        let (target, query) = api.asked(&parts.uri, &["n", "w", "ttl"])?;
        let client = api.client_of(&target, query, "w")?;
        let (value, _share) = api.value(declared, body).await?;
        let written = client.put(target.key, value, query.ttl).await?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        describe(response.headers_mut(), written.version, written.expires);
        Ok(response)
    })
    .await
}

async fn delete(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    api.answer(Route::Delete, 0, async {
        let (target, query) = api.asked(&uri, &["n", "w"])?;
        let client = api.client_of(&target, query, "w")?;
        let deleted = client.delete(target.key).await?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        let existed = if deleted.existed { "true" } else { "false" };
        response.headers_mut().insert("peer-ring-existed", HeaderValue::from_static(existed));
        describe(response.headers_mut(), deleted.version, None);
        Ok(response)
    })
    .await
}

async fn list(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    api.answer(Route::List, 0, async {
        let (target, query) = api.asked(&uri, &["after", "limit"])?;
        let client = api.client.clone().namespace(&target.namespace)?;
        let from = query.after.unwrap_or(Cursor::START);
        let listed = client.keys(from, query.limit.unwrap_or(KEYS)).await?;
        let keys: Vec<_> = listed.keys.iter().map(|key| percent_encoded(key)).collect();
        let after = listed.next.map(|cursor| cursor.number().to_string());
        Ok(Json(json!({ "keys": keys, "after": after })).into_response())
    })
    .await
}

impl Api {
    /// Runs a request, and counts it.
    async fn answer(
        &self,
        route: Route,
        bytes_in: u64,
        run: impl Future<Output = Result<Response, Problem>>,
    ) -> Response {
        let start = Instant::now();
        let result = run.await;
        let outcome = match &result {
            Ok(_) | Err(Problem::NoSuchKey) => Outcome::Done,
            Err(problem) if problem.is_refusal() => Outcome::Refused,
            Err(_) => Outcome::Failed,
        };
        let response = result.unwrap_or_else(Problem::into_response);
        let bytes_out = axum::body::HttpBody::size_hint(response.body()).lower();
        self.metrics.command(route as usize, outcome, start.elapsed());
        self.metrics.bytes(in_memory(bytes_in), in_memory(bytes_out));
        response
    }

    fn asked(&self, uri: &Uri, known: &[&str]) -> Result<(Target, Query), Problem> {
        let target = Target::read(uri)?;
        self.limits.check_key(&target.key)?;
        Ok((target, Query::read(uri.query(), known)?))
    }

    fn client_of(&self, target: &Target, query: Query, quorum: &str) -> Result<KvClient, Problem> {
        let client = self.client.clone().namespace(&target.namespace)?;
        let query = query.check(quorum, client.settings())?;
        Ok(client.replicas(query.n).quorum(query.q))
    }

    /// The body of a request that declared so many bytes, and the share of memory that it takes.
    async fn value(&self, declared: Option<u64>, body: Body) -> Result<(Bytes, Share), Problem> {
        let bytes_max = u64::from(self.limits.value_bytes_max);
        let too_large = |bytes| Failure::TooLarge { what: SizeOf::Value, bytes, bytes_max };
        // A body of undeclared length is expected to be of the greatest.
        let expected = declared.unwrap_or(bytes_max);
        if expected > bytes_max {
            return Err(too_large(expected).into());
        }
        let mut share = self.budget.share();
        share.resize(in_memory(expected)).map_err(|NoRoom| Failure::Overloaded)?;
        let whole = axum::body::to_bytes(body, in_memory(bytes_max));
        match tokio::time::timeout(self.body_timeout, whole).await {
            Ok(Ok(value)) => Ok((value, share)),
            // It is cut off one byte beyond.
            Ok(Err(_)) if declared.is_none() => Err(too_large(bytes_max + 1).into()),
            Ok(Err(_)) | Err(_) => {
                Err(Problem::NoBody { timeout_ms: self.body_timeout.as_millis() })
            }
        }
    }
}

/// A number of bytes that fit in memory.
fn in_memory(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// How many bytes a request's body has by its own account, if it says.
fn declared_bytes(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok())
}

/// Says which version there is and when it expires.
fn describe(headers: &mut HeaderMap, version: Version, expires: Option<Expiry>) {
    let version = format!("{:016x}-{}", version.stamp.0, version.node);
    let version = HeaderValue::try_from(version).expect("digits and a dash");
    headers.insert("peer-ring-version", version);
    if let Some(Expiry(millis)) = expires {
        headers.insert("peer-ring-expires", HeaderValue::from(millis));
    }
}
