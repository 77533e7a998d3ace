//! The ring, when it changes, and how data moves when it does.
//!
//! Defaults are those of the crates that do the work, so that there is one place for each.

use std::time::Duration;

use peer_ring::ChangeSettings;
use peer_ring_core::ring::Strategy;
use peer_ring_core::steward::ChangeMode;
use peer_ring_core::{ring_view, transfer};
use serde::{Deserialize, Serialize};

use super::cluster::millis;

/// How the key space is divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ring {
    /// How partitions are placed on members: `balanced`, `tokens`, `rendezvous`, `modulo` or
    /// `full`.
    pub strategy: Strategy,
    /// How many partitions there are, fixed when the cluster is created: a power of two, or any
    /// number for `modulo`.
    pub partitions: u32,
    /// How many owners each partition has, when there are so many members; `full` makes it their
    /// number.
    pub replicas: u8,
    /// A cluster is founded when so many nodes see each other, none of whom has a ring; when not
    /// given, as many as `discovery.static` lists.
    pub bootstrap_expect: Option<usize>,
    /// Who lets nodes join and go.
    pub change: Change,
    /// How long nothing may have come or gone before the ring changes.
    pub settle_delay_ms: u64,
    /// A member that is down for so long is evicted; 0 for never.
    pub evict_after_ms: u64,
    /// How long the others wait for the node whose turn it is to propose a change.
    pub patience_ms: u64,
    /// Whether a node that is told to stop hands over first what it owns.
    pub leave_on_stop: bool,
    /// How long that may take.
    pub leave_timeout_ms: u64,
}

/// Who lets nodes join and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The cluster itself.
    #[default]
    Automatic,
    /// An operator, with `peer-ring ring apply`.
    Manual,
}

/// The bounds within which a shard of the node moves data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transfers {
    /// Most pages that are asked for, or offered, at once.
    pub pages_max: usize,
    /// Most bytes of records that are asked for, or sent, in a second.
    pub bytes_per_second: u64,
    /// How long a peer may be silent before what was asked of it is given up.
    pub timeout_ms: u64,
    /// While more requests than this are under way, data waits.
    pub foreground_max: usize,
}

impl Ring {
    /// When the ring changes.
    #[must_use]
    pub fn changes(&self) -> ChangeSettings {
        let evict_after = Duration::from_millis(self.evict_after_ms);
        ChangeSettings {
            bootstrap_expect: self.bootstrap_expect,
            mode: match self.change {
                Change::Automatic => ChangeMode::Automatic,
                Change::Manual => ChangeMode::Manual,
            },
            settle_delay: Duration::from_millis(self.settle_delay_ms),
            evict_after: Some(evict_after).filter(|after| !after.is_zero()),
            patience: Duration::from_millis(self.patience_ms),
        }
    }

    /// For how long a node that is told to stop hands over what it owns; `None` for not at all.
    #[must_use]
    pub fn leave_on_stop(&self) -> Option<Duration> {
        self.leave_on_stop.then_some(Duration::from_millis(self.leave_timeout_ms))
    }
}

impl Transfers {
    /// The bounds within which data is moved.
    #[must_use]
    pub fn settings(&self) -> transfer::Settings {
        transfer::Settings {
            pages_max: self.pages_max,
            bytes_per_second: self.bytes_per_second,
            timeout: Duration::from_millis(self.timeout_ms),
            foreground_max: self.foreground_max,
        }
    }
}

impl Default for Ring {
    fn default() -> Self {
        let ring_view::Settings { strategy, partitions, replicas } = ring_view::Settings::default();
        let ChangeSettings { bootstrap_expect, mode, settle_delay, evict_after, patience } =
            ChangeSettings::default();
        Self {
            strategy,
            partitions: partitions.count(),
            replicas,
            bootstrap_expect,
            change: match mode {
                ChangeMode::Automatic => Change::Automatic,
                ChangeMode::Manual => Change::Manual,
            },
            settle_delay_ms: millis(settle_delay),
            evict_after_ms: evict_after.map_or(0, millis),
            patience_ms: millis(patience),
            leave_on_stop: false,
            leave_timeout_ms: 600_000,
        }
    }
}

impl Default for Transfers {
    fn default() -> Self {
        let bounds = transfer::Settings::default();
        Self {
            pages_max: bounds.pages_max,
            bytes_per_second: bounds.bytes_per_second,
            timeout_ms: millis(bounds.timeout),
            foreground_max: bounds.foreground_max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_crates() {
        assert_eq!(Ring::default().changes(), ChangeSettings::default());
        assert_eq!(Transfers::default().settings(), transfer::Settings::default());
    }

    #[test]
    fn a_member_that_is_down_is_never_evicted_after_zero() {
        let ring = Ring { evict_after_ms: 0, ..Ring::default() };
        assert_eq!(ring.changes().evict_after, None);
    }
}
