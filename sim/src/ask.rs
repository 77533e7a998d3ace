//! A typed command as a node is asked it.

use std::time::Duration;

use peer_ring_core::app::{App, encode};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::AppId;

/// The question to a node that this command is.
#[must_use]
pub fn of<A: App>(app: &A, command: &A::Command, timeout: Duration) -> Ask {
    Ask {
        app: AppId::of(A::NAME),
        key: A::key(command),
        plan: app.plan(command),
        command: encode(command),
        timeout,
    }
}
