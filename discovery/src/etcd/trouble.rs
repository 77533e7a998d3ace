//! What an error of etcd's client means to a session.

use std::error::Error as _;

use etcd_client::Error;
use peer_ring_discovery_core::retry::Trouble;

/// Whether the lease has run out, or was revoked.
pub(super) fn is_lease_gone(error: &Error) -> bool {
    match error {
        Error::LeaseKeepAliveError(reason) => reason.contains("lease not found"),
        Error::GRpcStatus(status) => status.message().contains("requested lease not found"),
        _ => false,
    }
}

/// What it is to whoever keeps at etcd, and to the operator.
pub(super) fn trouble(endpoint: &str, error: &Error) -> Trouble {
    use tonic_code::{FAILED_PRECONDITION, INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED};
    match error {
        Error::GRpcStatus(status) => {
            let mut reason = format!("{endpoint}: {}", status.message());
            let code = status.code() as i32;
            let mut cause = status.source();
            while let Some(inner) = cause {
                reason = format!("{reason}: {inner}");
                cause = inner.source();
            }
            match code {
                PERMISSION_DENIED => Trouble::Refused(format!(
                    "{reason}; grant the user a role with readwrite on the prefix: etcdctl role \
                     grant-permission ROLE --prefix=true readwrite PREFIX"
                )),
                UNAUTHENTICATED | INVALID_ARGUMENT | FAILED_PRECONDITION => Trouble::Refused(
                    format!("{reason}; check user and password_file against etcd's users"),
                ),
                _ => Trouble::Outage(reason),
            }
        }
        Error::TransportError(transport) => {
            let mut reason = format!("{endpoint}: {transport}");
            let mut cause = transport.source();
            while let Some(inner) = cause {
                reason = format!("{reason}: {inner}");
                cause = inner.source();
            }
            Trouble::Outage(reason)
        }
        Error::InvalidArgs(reason) => Trouble::Misconfigured(reason.clone()),
        Error::InvalidUri(reason) => {
            Trouble::Misconfigured(format!("endpoints: {endpoint}: {reason}"))
        }
        other => Trouble::Outage(format!("{endpoint}: {other}")),
    }
}

/// The codes of gRPC's statuses that mean a refusal; etcd's client does not export their names.
mod tonic_code {
    pub const INVALID_ARGUMENT: i32 = 3;
    pub const PERMISSION_DENIED: i32 = 7;
    pub const FAILED_PRECONDITION: i32 = 9;
    pub const UNAUTHENTICATED: i32 = 16;
}
