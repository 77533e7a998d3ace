//! What a node is told at its start.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use peer_ring_core::id::{BadName, NodeName, check_name};
use peer_ring_core::membership::Sighting;
use peer_ring_core::{coordinator, membership, ring_view};
use peer_ring_proto::{Limits, WireVersion};
use thiserror::Error;

use crate::flight::{BYTES_MIN, FlightSettings};

/// Everything a node is told at its start.
///
/// ```
/// use peer_ring::Config;
///
/// let mut config = Config::new("n1")?;
/// config.listen = "127.0.0.1:0".parse()?;
/// config.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// The cluster; nodes of another one are refused.
    pub cluster: String,
    /// The name of this node's seat.
    pub name: NodeName,
    /// Where it stands: owners of a partition are spread over zones.
    pub zone: Option<Arc<str>>,
    /// Its share of partitions in proportion to the others'.
    pub weight: u32,
    /// Where it listens for its peers.
    pub listen: SocketAddr,
    /// Where its peers reach it, `host:port`, if that is not where it listens.
    pub advertise: Option<String>,
    /// How many threads it uses, one shard each.
    pub threads: u8,
    /// The members, this node among them; this node alone when empty. Another source of discovery
    /// is given to the builder.
    pub members: Vec<Sighting>,
    /// What the ring is made of.
    pub ring: ring_view::Settings,
    /// How peers are watched.
    pub membership: membership::Settings,
    /// The bounds within which requests are coordinated.
    pub coordinator: coordinator::Settings,
    /// How long a request may take when the caller does not say.
    pub timeout: Duration,
    /// How long a stopping node waits for its requests to finish.
    pub stop_grace: Duration,
    /// What peers may send, at most.
    pub limits: Limits,
    /// How links to peers are kept.
    pub links: LinkSettings,
    /// Where the node's actors are recorded, so that they can be replayed; not at all when not
    /// given.
    pub flight: Option<FlightSettings>,
}

/// How links to peers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// Most bytes that wait to be sent over one link; what exceeds it is refused at once.
    pub queue_bytes_max: usize,
    /// How long a connection or handshake may take.
    pub connect_timeout: Duration,
    /// The pause before the first attempt to link again; it doubles with each.
    pub backoff_min: Duration,
    /// The longest pause between two attempts.
    pub backoff_max: Duration,
    /// How often an idle link is checked.
    pub keepalive: Duration,
    /// How long another node may bear this node's name before this one gives up; and for how long
    /// all peers that a node reaches may call it one of another cluster, before any let it in.
    pub conflict_timeout: Duration,
    /// The newest version of the wire that is spoken, even where a peer speaks a newer one. Older
    /// ones always are. Set it to the old release's while a cluster is upgraded, and the way back
    /// stays open.
    pub wire_max: WireVersion,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            queue_bytes_max: 64 * 1024 * 1024,
            connect_timeout: Duration::from_secs(3),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
            keepalive: Duration::from_secs(5),
            conflict_timeout: Duration::from_secs(10),
            wire_max: WireVersion::NEWEST,
        }
    }
}

/// A configuration that no node can start with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Config {
    /// The configuration of a node called `name` that is a cluster by itself.
    ///
    /// # Errors
    /// [`BadName`] when that cannot be a node's name.
    pub fn new(name: &str) -> Result<Self, BadName> {
        Ok(Self {
            cluster: "peer-ring".to_owned(),
            name: NodeName::new(name)?,
            zone: None,
            weight: 1,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7601)),
            advertise: None,
            threads: 1,
            members: Vec::new(),
            ring: ring_view::Settings::default(),
            membership: membership::Settings::default(),
            coordinator: coordinator::Settings::default(),
            timeout: Duration::from_secs(2),
            stop_grace: Duration::from_secs(5),
            limits: Limits::default(),
            links: LinkSettings::default(),
            flight: None,
        })
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`ConfigError`] names the first field that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |field, problem: String| Err(ConfigError { field, problem });
        if let Err(bad) = check_name(&self.cluster) {
            return wrong("cluster", bad.to_string());
        }
        if self.threads == 0 || self.threads == u8::MAX {
            return wrong("threads", format!("{} is not 1 to 254", self.threads));
        }
        if self.timeout.is_zero() {
            return wrong("timeout", "a request needs time".to_owned());
        }
        let is_member = self.members.iter().any(|member| member.name == self.name);
        if !self.members.is_empty() && !is_member {
            return wrong("members", format!("this node, {}, is not among them", self.name));
        }
        let membership::Settings { probe_interval, suspect_after, down_after } = self.membership;
        if probe_interval.is_zero() || suspect_after <= probe_interval {
            let problem = "must be longer than the probe interval, which must not be zero";
            return wrong("membership.suspect_after", problem.to_owned());
        }
        if down_after <= suspect_after {
            return wrong("membership.down_after", "must be longer than suspect_after".to_owned());
        }
        match &self.flight {
            Some(flight) if flight.bytes_max < BYTES_MIN => {
                let problem = format!("{} is less than {BYTES_MIN}", flight.bytes_max);
                wrong("flight.bytes_max", problem)
            }
            Some(flight) if flight.recordings_max == 0 => {
                wrong("flight.recordings_max", "0 is not above 0".to_owned())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What discovery would say of this node.
    pub(crate) fn own_sighting(&self, listens_at: SocketAddr) -> Sighting {
        let address = self.advertise.clone().unwrap_or_else(|| listens_at.to_string());
        let mut sighting = Sighting::new(self.name.clone(), address);
        sighting.zone.clone_from(&self.zone);
        sighting.weight = self.weight;
        sighting
    }
}
