//! How a node works with its peers: requests, membership and links.
//!
//! Defaults are those of the crates that do the work, so that there is one place for each.

use std::time::Duration;

use peer_ring::{LinkSettings, WireVersion};
use peer_ring_core::{coordinator, membership};
use serde::{Deserialize, Serialize};

/// The bounds within which requests are served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requests {
    /// How long a request may take when the client does not say.
    pub timeout_ms: u64,
    /// Most requests under way in one shard; one more is refused at once.
    pub inflight_max: usize,
    /// Most bytes of requests under way in one shard.
    pub inflight_bytes_max: usize,
    /// A read turns to a spare replica not before this.
    pub hedge_after_min_ms: u64,
    /// A read turns to a spare replica at the latest after this.
    pub hedge_after_max_ms: u64,
}

/// How peers are watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Membership {
    /// How often each peer is probed.
    pub probe_interval_ms: u64,
    /// A peer that has not answered for so long is suspect.
    pub suspect_after_ms: u64,
    /// A peer that has not answered for so long is down.
    pub down_after_ms: u64,
}

/// How links to peers are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Most bytes that wait to be sent over one link; what exceeds it is refused at once.
    pub queue_bytes_max: usize,
    /// How long a connection or handshake may take.
    pub connect_timeout_ms: u64,
    /// The pause before the first attempt to link again; it doubles with each.
    pub backoff_min_ms: u64,
    /// The longest pause between two attempts.
    pub backoff_max_ms: u64,
    /// How often an idle link is checked.
    pub keepalive_ms: u64,
    /// How long another node may bear this node's name, or all peers call it one of another
    /// cluster, before it gives up.
    pub conflict_timeout_ms: u64,
    /// The newest version of the wire that is spoken.
    pub wire_max: u32,
}

impl Requests {
    /// Within which bounds the node coordinates.
    #[must_use]
    pub fn coordinator(&self) -> coordinator::Settings {
        coordinator::Settings {
            inflight_max: self.inflight_max,
            inflight_bytes_max: self.inflight_bytes_max,
            hedge_after_min: Duration::from_millis(self.hedge_after_min_ms),
            hedge_after_max: Duration::from_millis(self.hedge_after_max_ms),
        }
    }
}

impl Membership {
    /// How the node watches its peers.
    #[must_use]
    pub fn settings(&self) -> membership::Settings {
        membership::Settings {
            probe_interval: Duration::from_millis(self.probe_interval_ms),
            suspect_after: Duration::from_millis(self.suspect_after_ms),
            down_after: Duration::from_millis(self.down_after_ms),
        }
    }
}

impl Links {
    /// How the node keeps its links.
    #[must_use]
    pub fn settings(&self) -> LinkSettings {
        LinkSettings {
            queue_bytes_max: self.queue_bytes_max,
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            backoff_min: Duration::from_millis(self.backoff_min_ms),
            backoff_max: Duration::from_millis(self.backoff_max_ms),
            keepalive: Duration::from_millis(self.keepalive_ms),
            conflict_timeout: Duration::from_millis(self.conflict_timeout_ms),
            wire_max: WireVersion::of(self.wire_max).unwrap_or(WireVersion::NEWEST),
        }
    }
}

impl Default for Requests {
    fn default() -> Self {
        let bounds = coordinator::Settings::default();
        Self {
            timeout_ms: 2_000,
            inflight_max: bounds.inflight_max,
            inflight_bytes_max: bounds.inflight_bytes_max,
            hedge_after_min_ms: millis(bounds.hedge_after_min),
            hedge_after_max_ms: millis(bounds.hedge_after_max),
        }
    }
}

impl Default for Membership {
    fn default() -> Self {
        let watch = membership::Settings::default();
        Self {
            probe_interval_ms: millis(watch.probe_interval),
            suspect_after_ms: millis(watch.suspect_after),
            down_after_ms: millis(watch.down_after),
        }
    }
}

impl Default for Links {
    fn default() -> Self {
        let links = LinkSettings::default();
        Self {
            queue_bytes_max: links.queue_bytes_max,
            connect_timeout_ms: millis(links.connect_timeout),
            backoff_min_ms: millis(links.backoff_min),
            backoff_max_ms: millis(links.backoff_max),
            keepalive_ms: millis(links.keepalive),
            conflict_timeout_ms: millis(links.conflict_timeout),
            wire_max: links.wire_max.number(),
        }
    }
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_crates() {
        assert_eq!(Requests::default().coordinator(), coordinator::Settings::default());
        assert_eq!(Membership::default().settings(), membership::Settings::default());
        assert_eq!(Links::default().settings(), LinkSettings::default());
    }
}
