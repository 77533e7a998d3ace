//! What a node is told at its start.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use peer_ring_core::id::{BadName, NodeName, check_name};
use peer_ring_core::membership::Sighting;
use peer_ring_core::steward::{self, ChangeMode};
use peer_ring_core::{coordinator, membership, ring_view, transfer};
use peer_ring_proto::{Limits, WireVersion};
use thiserror::Error;

use crate::flight::{BYTES_MIN, FlightSettings};

/// How long it takes to be told the ring once the pause is over after which a member tries to link
/// to one that was away.
const KNOCK: Duration = Duration::from_millis(500);

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
    /// Where it stands: owners of a partition are spread over zones. Its own entry among the
    /// members has the say where that names one.
    pub zone: Option<Arc<str>>,
    /// Its share of partitions in proportion to the others'; as for the zone, unless the entry has
    /// the usual 1.
    pub weight: u32,
    /// Where it listens for its peers.
    pub listen: SocketAddr,
    /// Where its peers reach it, `host:port`, if that is neither where it listens nor what its own
    /// entry among the members says.
    pub advertise: Option<String>,
    /// How many threads it uses, one shard each.
    pub threads: u8,
    /// The nodes that it is told of at its start, itself among them; itself alone when empty.
    /// Another source of discovery is given to the builder.
    pub members: Vec<Sighting>,
    /// What a ring is made of that this node founds, or helps to found.
    pub ring: ring_view::Settings,
    /// When the ring changes.
    pub changes: ChangeSettings,
    /// The bounds within which data is moved.
    pub transfers: transfer::Settings,
    /// The directory in which the node keeps what it must not forget of its votes, and so stays a
    /// voter through a restart; without one it is a new node at each start.
    pub data: Option<PathBuf>,
    /// How peers are watched.
    pub membership: membership::Settings,
    /// The bounds within which requests are coordinated.
    pub coordinator: coordinator::Settings,
    /// How long a request may take when the caller does not say.
    pub timeout: Duration,
    /// How long a stopping node waits for its requests to finish.
    pub stop_grace: Duration,
    /// Whether a node that is told to stop hands over first what it owns, and for how long it
    /// tries; a node that does not is thought to be back soon.
    pub leave_on_stop: Option<Duration>,
    /// What peers may send, at most.
    pub limits: Limits,
    /// How links to peers are kept.
    pub links: LinkSettings,
    /// Where the node's actors are recorded, so that they can be replayed; not at all when not
    /// given.
    pub flight: Option<FlightSettings>,
}

/// When the ring changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSettings {
    /// A cluster is founded when so many nodes see each other, none of whom has a ring; when not
    /// given, as many as there are members in the configuration.
    pub bootstrap_expect: Option<usize>,
    /// Whether nodes join and go without an operator's order.
    pub mode: ChangeMode,
    /// How long nothing may have come or gone before the ring changes.
    pub settle_delay: Duration,
    /// A member that is down for so long is evicted; `None` for never.
    pub evict_after: Option<Duration>,
    /// How long the others wait for the steward to do what is due.
    pub patience: Duration,
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

impl Default for ChangeSettings {
    fn default() -> Self {
        let steward::Settings { change, settle_delay, evict_after, patience, .. } =
            steward::Settings::default();
        Self { bootstrap_expect: None, mode: change, settle_delay, evict_after, patience }
    }
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
            changes: ChangeSettings::default(),
            transfers: transfer::Settings::default(),
            data: None,
            membership: membership::Settings::default(),
            coordinator: coordinator::Settings::default(),
            timeout: Duration::from_secs(2),
            stop_grace: Duration::from_secs(5),
            leave_on_stop: None,
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
        if !self.members.is_empty() && self.own_entry().is_none() {
            return wrong("members", format!("this node, {}, is not among them", self.name));
        }
        self.check_own_entry()?;
        if self.changes.bootstrap_expect == Some(0) {
            return wrong("changes.bootstrap_expect", "nobody founds no cluster".to_owned());
        }
        let transfer::Settings { pages_max, bytes_per_second, timeout, .. } = self.transfers;
        if pages_max == 0 || bytes_per_second == 0 || timeout.is_zero() {
            return wrong("transfers", "with a bound of 0 nothing would ever move".to_owned());
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

    /// Where this node says the same twice, the two must agree.
    fn check_own_entry(&self) -> Result<(), ConfigError> {
        let Some(entry) = self.own_entry() else { return Ok(()) };
        let differs = |field, ours: &str, theirs: &str| {
            let problem = format!("is {ours}, but members has {theirs} for this node");
            Err(ConfigError { field, problem })
        };
        if let (Some(ours), Some(theirs)) = (&self.zone, &entry.zone)
            && ours != theirs
        {
            return differs("zone", ours, theirs);
        }
        if self.weight != 1 && entry.weight != 1 && self.weight != entry.weight {
            let (ours, theirs) = (self.weight.to_string(), entry.weight.to_string());
            return differs("weight", &ours, &theirs);
        }
        match &self.advertise {
            Some(ours) if *ours != entry.address => differs("advertise", ours, &entry.address),
            Some(_) | None => Ok(()),
        }
    }

    fn own_entry(&self) -> Option<&Sighting> {
        self.members.iter().find(|member| member.name == self.name)
    }

    /// What there is to say of this node, which listens for its peers here.
    pub(crate) fn own_sighting(&self, listens_at: SocketAddr) -> Sighting {
        let entry = self.own_entry();
        let listens = || (!listens_at.ip().is_unspecified()).then(|| listens_at.to_string());
        let address = entry.map(|entry| entry.address.clone());
        let address = address.or_else(|| self.advertise.clone()).or_else(listens);
        let mut sighting = Sighting::new(self.name.clone(), address.unwrap_or_default());
        let zone = entry.and_then(|entry| entry.zone.clone());
        sighting.zone = zone.or_else(|| self.zone.clone());
        let weight = entry.map(|entry| entry.weight).filter(|weight| *weight != 1);
        sighting.weight = weight.unwrap_or(self.weight);
        sighting
    }

    /// When the node changes the ring.
    pub(crate) fn steward(&self) -> steward::Settings {
        let ChangeSettings { bootstrap_expect, mode, settle_delay, evict_after, patience } =
            self.changes.clone();
        let listed = self.members.len().max(1);
        // Who listens at another port than before is looked for by nobody.
        let is_found_again = self.listen.port() != 0;
        let alone_for =
            if is_found_again { self.links.backoff_max + KNOCK } else { Duration::ZERO };
        steward::Settings {
            bootstrap_expect: bootstrap_expect.unwrap_or(listed),
            alone_for,
            change: mode,
            settle_delay,
            evict_after,
            patience,
            bytes_per_second: self.transfers.bytes_per_second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Config {
        let mut config = Config::new("n1").unwrap();
        let member = |name| Sighting::new(NodeName::new(name).unwrap(), "h:1");
        config.members = vec![member("n1"), member("n2")];
        config
    }

    #[test]
    fn a_cluster_is_founded_by_as_many_as_are_listed_unless_it_is_said() {
        assert_eq!(Config::new("n1").unwrap().steward().bootstrap_expect, 1);
        let mut config = listed();
        assert_eq!(config.steward().bootstrap_expect, 2);
        config.changes.bootstrap_expect = Some(5);
        assert_eq!(config.steward().bootstrap_expect, 5);
    }

    #[test]
    fn a_lone_founder_waits_as_long_as_members_take_to_come_to_it() {
        let mut config = Config::new("n1").unwrap();
        config.listen = "127.0.0.1:7601".parse().unwrap();
        assert!(config.steward().alone_for > config.links.backoff_max);
        config.listen = "127.0.0.1:0".parse().unwrap();
        assert_eq!(config.steward().alone_for, Duration::ZERO);
    }

    #[test]
    fn what_a_node_says_of_itself_stands_where_its_entry_says_nothing() {
        let mut config = listed();
        config.zone = Some("z".into());
        config.weight = 3;
        let own = config.own_sighting(config.listen);
        assert_eq!((own.zone.as_deref(), own.weight, own.address.as_str()), (Some("z"), 3, "h:1"));
        config.members[0].weight = 2;
        let said = config.check().unwrap_err().to_string();
        assert_eq!(said, "weight: is 3, but members has 2 for this node");
    }

    #[test]
    fn an_address_that_leads_nowhere_is_not_said() {
        let config = Config::new("n1").unwrap();
        let own = config.own_sighting("0.0.0.0:7601".parse().unwrap());
        assert_eq!(own.address, "");
    }
}
