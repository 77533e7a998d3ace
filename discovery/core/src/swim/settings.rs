//! What a user sets of gossip, and what of it cannot work.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use foca::{Config, PeriodicParams};
use peer_ring_core::membership::Sighting;
use serde::{Deserialize, Serialize};

use super::envelope::OVERHEAD_BYTES;
use super::identity::Identity;
use super::key::{Key, Keys};
use crate::settings::BadSetting;

/// Most identities in the header of a packet, and one more: an update that the header leaves room
/// for.
const IDENTITIES_A_PACKET: usize = 4;

/// What a header takes besides identities, with a margin.
const HEADER_BYTES: usize = 24;

/// How often news are repeated beyond what foca holds for right.
const REPEATS_MORE: u8 = 4;

/// The smallest datagram that all networks carry whole, and the largest that UDP has.
const DATAGRAM_BYTES: std::ops::RangeInclusive<usize> = 508..=65_507;

/// The block `swim` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where this node listens for gossip: an address and a UDP port. Default `0.0.0.0:7946`.
    pub listen: SocketAddr,
    /// Where peers send gossip to this node: `host:port`. By default the host of the address at
    /// which peers link to it, with the port of `listen`.
    pub advertise: Option<String>,
    /// Nodes to join by: `host:port` each, resolved again for as long as this node is alone. Two
    /// are enough; this node may be one of them.
    pub seeds: Vec<String>,
    /// Shared secrets of at least 16 bytes. The first signs, each of them verifies. To change the
    /// key without a pause, give all nodes `[old, new]`, then `[new, old]`, then `[new]`. Each
    /// cluster has a key of its own: clusters with one key and a common seed would become one.
    pub keys: Vec<Key>,
    /// The file with the keys, one on each line, instead of `keys`. It is looked at every few
    /// seconds, so that keys change while the node runs; what cannot be used is complained of, and
    /// changes nothing.
    pub keys_file: Option<PathBuf>,
    /// Most bytes in a datagram: the network's MTU less the headers of IP and UDP. The same on all
    /// nodes. Default 1400.
    pub datagram_bytes_max: usize,
    /// How often this node probes another one, in milliseconds. Default 1000.
    pub probe_interval_ms: u64,
    /// How long a probe waits for its answer before others are asked to probe the same node, in
    /// milliseconds: less than half of `probe_interval_ms` is best. Default 400.
    pub probe_timeout_ms: u64,
    /// How often news are passed on, in milliseconds. Default 200.
    pub gossip_interval_ms: u64,
    /// How often nodes that are down, and seeds that are not members, are asked whether they are
    /// back, in milliseconds: what heals a partition. Default 10000.
    pub heal_interval_ms: u64,
    /// A node that was down for so long does not exist any more, in milliseconds. Time in which this
    /// node heard nobody does not count. Default 600000.
    pub forget_after_ms: u64,
    /// How long a node that hears of nobody waits before it says that it has told all it knows, in
    /// milliseconds. Default 3000.
    pub settle_after_ms: u64,
    /// How far two nodes' clocks may lie apart, in milliseconds: older datagrams are taken for
    /// replayed ones. Default 60000.
    pub clock_skew_max_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 7946)),
            advertise: None,
            seeds: Vec::new(),
            keys: Vec::new(),
            keys_file: None,
            datagram_bytes_max: 1_400,
            probe_interval_ms: 1_000,
            probe_timeout_ms: 400,
            gossip_interval_ms: 200,
            heal_interval_ms: 10_000,
            forget_after_ms: 600_000,
            settle_after_ms: 3_000,
            clock_skew_max_ms: 60_000,
        }
    }
}

impl Settings {
    /// Whether a node that says this of itself can gossip so.
    ///
    /// # Errors
    /// [`BadSetting`] names the field and what to do.
    pub fn check(&self, own: &Sighting) -> Result<(), BadSetting> {
        self.check_keys()?;
        self.check_addresses(own)?;
        self.check_times()?;
        self.check_sizes(own)
    }

    fn check_keys(&self) -> Result<(), BadSetting> {
        match (&self.keys_file, self.keys.is_empty()) {
            (Some(_), false) => {
                Err(BadSetting::new("keys_file", "says what `keys` says too: give one of them"))
            }
            // What the file has is for its reader to check.
            (Some(_), true) => Ok(()),
            (None, _) => self.keys().map(drop),
        }
    }

    /// The keys that stand in the settings themselves.
    pub(super) fn keys(&self) -> Result<Keys, BadSetting> {
        Keys::new(self.keys.clone()).map_err(|bad| BadSetting::new("keys", bad.to_string()))
    }

    fn check_addresses(&self, own: &Sighting) -> Result<(), BadSetting> {
        if let Some(odd) = self.seeds.iter().find(|seed| split(seed).is_none()) {
            let problem = format!("{odd:?} is no `host:port`");
            return Err(BadSetting::new("seeds", problem));
        }
        let advertised = self.advertised(own);
        let Some((host, port)) = split(&advertised) else {
            let problem = format!("{advertised:?} is no `host:port`");
            return Err(BadSetting::new("advertise", problem));
        };
        let is_nowhere = matches!(host, "0.0.0.0" | "::" | "[::]");
        if is_nowhere || (port == 0 && self.listen.port() != 0) {
            let problem = format!("peers cannot send to {advertised:?}: say where they reach it");
            return Err(BadSetting::new("advertise", problem));
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), BadSetting> {
        let times = [
            ("probe_interval_ms", self.probe_interval_ms, 20),
            ("probe_timeout_ms", self.probe_timeout_ms, 1),
            ("gossip_interval_ms", self.gossip_interval_ms, 10),
            ("heal_interval_ms", self.heal_interval_ms, 100),
            ("forget_after_ms", self.forget_after_ms, 1_000),
            ("settle_after_ms", self.settle_after_ms, 1),
            ("clock_skew_max_ms", self.clock_skew_max_ms, 1_000),
        ];
        if let Some((field, given, least)) = times.into_iter().find(|(_, given, min)| given < min) {
            return Err(BadSetting::new(field, format!("is {given}, at least {least} works")));
        }
        if self.probe_timeout_ms >= self.probe_interval_ms {
            let problem = format!(
                "is {}: it must be less than probe_interval_ms, {}, so that others can be asked \
                 within it",
                self.probe_timeout_ms, self.probe_interval_ms
            );
            return Err(BadSetting::new("probe_timeout_ms", problem));
        }
        Ok(())
    }

    fn check_sizes(&self, own: &Sighting) -> Result<(), BadSetting> {
        if !DATAGRAM_BYTES.contains(&self.datagram_bytes_max) {
            let (least, most) = (DATAGRAM_BYTES.start(), DATAGRAM_BYTES.end());
            let problem = format!("is {}, from {least} to {most} works", self.datagram_bytes_max);
            return Err(BadSetting::new("datagram_bytes_max", problem));
        }
        let (bytes, most) = (bytes(&self.said_of(own.clone())), self.identity_bytes_max());
        if bytes > most {
            let problem = format!(
                "{} leaves {most} bytes for what a node says of itself, and name, address and zone \
                 of this one take {bytes}: shorten them, or raise this",
                self.datagram_bytes_max
            );
            return Err(BadSetting::new("datagram_bytes_max", problem));
        }
        Ok(())
    }

    /// What of this is said in gossip: all of it where a datagram has room for that, or else all but
    /// the metadata. What peers act on, such as zone and weight, each node says over its links as well.
    pub(super) fn said_of(&self, own: Sighting) -> Sighting {
        if bytes(&own) <= self.identity_bytes_max() {
            return own;
        }
        Sighting { metadata: BTreeMap::new(), ..own }
    }

    fn identity_bytes_max(&self) -> usize {
        (self.packet_bytes_max() - HEADER_BYTES) / IDENTITIES_A_PACKET
    }

    /// Where peers send gossip to the node that says this of itself.
    #[must_use]
    pub fn advertised(&self, own: &Sighting) -> String {
        let of_own = || {
            let host = split(&own.address).map_or(own.address.as_str(), |(host, _)| host);
            format!("{host}:{}", self.listen.port())
        };
        self.advertise.clone().unwrap_or_else(of_own)
    }

    pub(super) fn settle_after(&self) -> Duration {
        Duration::from_millis(self.settle_after_ms)
    }

    pub(super) fn packet_bytes_max(&self) -> usize {
        self.datagram_bytes_max - OVERHEAD_BYTES
    }

    /// Foca's settings for a cluster of so many nodes.
    pub(super) fn config(&self, nodes: usize) -> Config {
        let nodes = u32::try_from(nodes).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let lan = Config::new_lan(nodes);
        let probe_period = Duration::from_millis(self.probe_interval_ms);
        // Foca reckons with a probe each second.
        let suspicion = lan.suspect_to_down_after.mul_f64(probe_period.as_secs_f64());
        // Foca's count is meant for networks that lose next to nothing.
        let repeats = lan.max_transmissions.saturating_add(REPEATS_MORE);
        let often = |millis, count| {
            let num_members = NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
            Some(PeriodicParams { frequency: Duration::from_millis(millis), num_members })
        };
        Config {
            probe_period,
            probe_rtt: Duration::from_millis(self.probe_timeout_ms),
            suspect_to_down_after: suspicion,
            max_transmissions: repeats,
            max_packet_size: NonZeroUsize::new(self.packet_bytes_max())
                .unwrap_or(NonZeroUsize::MIN),
            notify_down_members: true,
            periodic_announce: often(self.heal_interval_ms, 1),
            periodic_announce_to_down_members: often(self.heal_interval_ms, 2),
            periodic_gossip: often(self.gossip_interval_ms, 3),
            ..lan
        }
    }
}

/// What an identity that says this takes at most, whatever its numbers and addresses are.
fn bytes(own: &Sighting) -> usize {
    let widest = SocketAddr::from(([0; 16], u16::MAX));
    Identity::new(own.clone(), widest, u64::MAX).bytes()
}

/// Host and port of `host:port`.
fn split(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    (!host.is_empty() && !is_bare_v6).then_some(())?;
    Some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests;
