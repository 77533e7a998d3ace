//! What an HTTP client is told that does not get what it asked for.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use peer_ring_core::failure::Failure;
use serde_json::json;

use crate::client::UnknownNamespace;

/// Why a request was not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// There is no such key.
    NoSuchKey,
    /// There is no such namespace.
    NoSuchNamespace(UnknownNamespace),
    /// There is no such route.
    NoSuchRoute,
    /// The route does not know this method.
    NoSuchMethod,
    /// The path is not percent-encoded as it should be.
    BadPath,
    /// A parameter of the query is unknown, twice there, or not what it should be.
    BadParameter {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The body has not come in time, or broke off.
    NoBody {
        /// How long it may take.
        timeout_ms: u128,
    },
    /// The cluster could not do it.
    Failed(Failure),
}

impl Problem {
    /// Whether the client is to blame.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::NoSuchKey
            | Self::NoSuchNamespace(_)
            | Self::NoSuchRoute
            | Self::NoSuchMethod
            | Self::BadPath
            | Self::BadParameter { .. }
            | Self::NoBody { .. }
            | Self::Failed(Failure::TooLarge { .. }) => true,
            Self::Failed(_) => false,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchKey | Self::NoSuchNamespace(_) | Self::NoSuchRoute => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadPath | Self::BadParameter { .. } => StatusCode::BAD_REQUEST,
            Self::NoBody { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Failed(failure) => status(failure),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchKey => "not_found",
            Self::NoSuchNamespace(_) => "unknown_namespace",
            Self::NoSuchRoute => "unknown_route",
            Self::NoSuchMethod => "unknown_method",
            Self::BadPath => "bad_path",
            Self::BadParameter { .. } => "bad_parameter",
            Self::NoBody { .. } => "no_body",
            Self::Failed(failure) => failure.code(),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NoSuchKey => "there is no such key".to_owned(),
            Self::NoSuchNamespace(unknown) => unknown.to_string(),
            Self::NoSuchRoute => "there is no such route".to_owned(),
            Self::NoSuchMethod => "this route does not know this method".to_owned(),
            Self::BadPath => "the path is not percent-encoded as it should be".to_owned(),
            Self::BadParameter { name, problem } => format!("query parameter {name:?}: {problem}"),
            Self::NoBody { timeout_ms } => {
                format!("the request's body has not come within {timeout_ms} ms, or broke off")
            }
            Self::Failed(failure) => failure.to_string(),
        }
    }

    fn may_have_happened(&self) -> bool {
        match self {
            Self::Failed(failure) => failure.may_have_happened(),
            Self::NoSuchKey
            | Self::NoSuchNamespace(_)
            | Self::NoSuchRoute
            | Self::NoSuchMethod
            | Self::BadPath
            | Self::BadParameter { .. }
            | Self::NoBody { .. } => false,
        }
    }
}

fn status(failure: &Failure) -> StatusCode {
    match failure {
        Failure::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
        Failure::Overloaded => StatusCode::TOO_MANY_REQUESTS,
        Failure::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Failure::UnknownApp { .. } | Failure::BadCommand => StatusCode::INTERNAL_SERVER_ERROR,
        Failure::QuorumNotMet { .. }
        | Failure::PrimaryDown { .. }
        | Failure::OwnersDown { .. }
        | Failure::NotReady
        | Failure::PrimaryBlank { .. }
        | Failure::WrongEpoch { .. }
        | Failure::Stopping { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<UnknownNamespace> for Problem {
    fn from(unknown: UnknownNamespace) -> Self {
        Self::NoSuchNamespace(unknown)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let error = json!({
            "code": self.code(),
            "message": self.message(),
            "may_have_happened": self.may_have_happened(),
        });
        let mut response = (self.status(), Json(json!({ "error": error }))).into_response();
        if self == Self::Failed(Failure::Overloaded) {
            let soon = axum::http::HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}
