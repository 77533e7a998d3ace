//! What only the whole configuration can show to be wrong.
//!
//! All of it is said at once, each problem under the path of its field.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use peer_ring::WireVersion;
use peer_ring::flight::BYTES_MIN as FLIGHT_BYTES_MIN;
use peer_ring_core::id::check_name;
use peer_ring_core::key::Partitions;
use peer_ring_core::quorum::REPLICAS_MAX;
use peer_ring_core::ring::Strategy;
use peer_ring_kv::fronts::BadLimit;
use peer_ring_kv::namespace;
use tracing_subscriber::EnvFilter;

use super::discovery::{Discovery, Member};
use super::flight::Flight;
use super::fronts::Fronts;
use super::namespaces::Namespace;
use super::ring::{Ring, Transfers};
use super::{Listen, Node, NodeConfig};

/// Most shards that a node can have.
pub const THREADS_MAX: u8 = 254;

/// The longest that anything may be told to take.
const WAIT_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// The longest that a member may be down before it is evicted: a year.
const EVICT_AFTER_MS_MAX: u64 = 365 * WAIT_MS_MAX;

/// What a key in a partition's table has beside the client's and the namespace's name: the app's
/// id, and the length of that name.
const KEY_EXTRA_BYTES: usize = 5;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// All that is wrong with a configuration; never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("; "))
    }
}

impl std::error::Error for Problems {}

/// Checks a configuration.
///
/// # Errors
/// [`Problems`] has all that is wrong with it.
pub fn check(config: &NodeConfig) -> Result<(), Problems> {
    let mut found = Found(Vec::new());
    found.name("cluster", &config.cluster);
    found.node(&config.node);
    found.listen(&config.listen);
    if let Some(address) = &config.advertise {
        found.address("advertise", address);
    }
    match &config.discovery {
        None => found.add("discovery", "is missing: `static: {members: [..]}` lists the members"),
        Some(discovery) => match discovery.listed() {
            Some(members) => found.members(config, members),
            None => found.source(config, discovery),
        },
    }
    found.cluster(config);
    for (name, namespace) in &config.namespaces {
        found.namespace(name, namespace, config.replicas());
    }
    found.fronts(config);
    if config.stop.grace_ms > WAIT_MS_MAX {
        found.wait("stop.grace_ms", config.stop.grace_ms);
    }
    if let Err(error) = EnvFilter::try_new(&config.log.level) {
        found.add("log.level", format!("{:?} is no filter: {error}", config.log.level));
    }
    found.flight(&config.flight);
    if found.0.is_empty() { Ok(()) } else { Err(Problems(found.0)) }
}

/// The problems found so far.
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Problem { field: field.into(), problem: problem.into() });
    }

    fn name(&mut self, field: &str, name: &str) {
        if let Err(bad) = check_name(name) {
            self.add(field, format!("{bad}, in {name:?}"));
        }
    }

    fn address(&mut self, field: &str, address: &str) {
        if !is_reachable(address) {
            let problem = format!("{address:?} is not host:port with a port above 0");
            self.add(field, problem);
        }
    }

    fn wait(&mut self, field: &str, millis: u64) {
        if millis == 0 || millis > WAIT_MS_MAX {
            self.add(field, format!("{millis} is not 1 to {WAIT_MS_MAX}"));
        }
    }

    fn positive(&mut self, field: &str, number: usize) {
        if number == 0 {
            self.add(field, "0 is not above 0");
        }
    }

    fn at_least(&mut self, (low, from): (&str, u64), (high, to): (&str, u64)) {
        if to < from {
            self.add(high, format!("{to} is not at least {low}, {from}"));
        }
    }

    fn more_than(&mut self, (low, from): (&str, u64), (high, to): (&str, u64)) {
        if to <= from {
            self.add(high, format!("{to} is not more than {low}, {from}"));
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.name {
            Some(name) => self.name("node.name", name),
            None => self.add("node.name", "is missing, and this host does not say its name"),
        }
        if let Some(zone) = &node.zone {
            self.name("node.zone", zone);
        }
        if node.threads > THREADS_MAX {
            self.add("node.threads", format!("{} is more than {THREADS_MAX}", node.threads));
        }
    }

    fn listen(&mut self, listen: &Listen) {
        let fields = [
            ("listen.peers", Some(listen.peers)),
            ("listen.resp", listen.resp),
            ("listen.http", listen.http),
        ];
        let mut taken: BTreeMap<SocketAddr, &str> = BTreeMap::new();
        for (field, address) in fields {
            let Some(address) = address.filter(|address| address.port() != 0) else { continue };
            if let Some(other) = taken.insert(address, field) {
                self.add(field, format!("{address} is {other} already"));
            }
        }
    }

    /// A source that finds the nodes elsewhere.
    fn source(&mut self, config: &NodeConfig, discovery: &Discovery) {
        let name = discovery.name();
        if config.ring.bootstrap_expect.is_none() {
            let problem = format!(
                "is missing: {name} does not say how many nodes there are to be, so say how many \
                 found the cluster, the same on all of them"
            );
            self.add("ring.bootstrap_expect", problem);
        }
        let listens = config.listen.peers;
        let leads_somewhere = !listens.ip().is_unspecified() && listens.port() != 0;
        if discovery.announces() && config.advertise.is_none() && !leads_somewhere {
            let problem = format!(
                "is missing: {name} tells peers where this node is, and {listens} leads nowhere; \
                 give host:port"
            );
            return self.add("advertise", problem);
        }
        // What is wrong with the name is said already.
        let Ok(own) = config.own_sighting() else { return };
        if let Err((field, problem)) = discovery.check(&own) {
            self.add(field, problem);
        }
    }

    fn members(&mut self, config: &NodeConfig, members: &[Member]) {
        let field = "discovery.static.members";
        let mut names = BTreeMap::new();
        let mut addresses = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            let at = format!("{field}[{index}]");
            self.name(&format!("{at}.name"), &member.name);
            self.address(&format!("{at}.address"), &member.address);
            if let Some(zone) = &member.zone {
                self.name(&format!("{at}.zone"), zone);
            }
            if let Some(other) = names.insert(&member.name, index) {
                let problem = format!("{:?} is the name of {field}[{other}] already", member.name);
                self.add(format!("{at}.name"), problem);
            }
            if let Some(other) = addresses.insert(&member.address, index) {
                let address = &member.address;
                let problem = format!("{address} is the address of {field}[{other}] already");
                self.add(format!("{at}.address"), problem);
            }
        }
        if members.iter().all(|member| member.weight == Some(0)) {
            self.add(field, "has no member with a weight above 0, so nobody would own anything");
        }
        let Some(name) = &config.node.name else { return };
        match members.iter().position(|member| member.name == *name) {
            Some(at) => self.own_entry(config, &format!("{field}[{at}]"), &members[at]),
            None => self.add(field, format!("this node, {name}, is not among them")),
        }
    }

    /// What is said of this node twice must be the same.
    fn own_entry(&mut self, config: &NodeConfig, entry: &str, own: &Member) {
        let weight = |weight: Option<u32>| weight.map(|weight| weight.to_string());
        let node = &config.node;
        let said = [
            ("node.zone", node.zone.clone(), "zone", own.zone.clone()),
            ("node.weight", weight(node.weight), "weight", weight(own.weight)),
            ("advertise", config.advertise.clone(), "address", Some(own.address.clone())),
        ];
        for (field, ours, name, theirs) in said {
            if let (Some(ours), Some(theirs)) = (ours, theirs)
                && ours != theirs
            {
                let problem = format!("is {ours}, and {entry}.{name} is {theirs} for this node");
                self.add(field, problem);
            }
        }
    }

    fn cluster(&mut self, config: &NodeConfig) {
        let NodeConfig { ring, transfers, requests, membership, links, .. } = config;
        self.partitions(ring);
        self.changes(ring, transfers);
        let owners = config.replicas();
        if ring.strategy == Strategy::Full && owners > REPLICAS_MAX {
            let problem =
                format!("full makes all {owners} members owners: it takes {REPLICAS_MAX} at most");
            self.add("ring.strategy", problem);
        }
        if ring.replicas == 0 || ring.replicas > REPLICAS_MAX {
            self.add("ring.replicas", format!("{} is not 1 to {REPLICAS_MAX}", ring.replicas));
        }
        self.wait("requests.timeout_ms", requests.timeout_ms);
        self.positive("requests.inflight_max", requests.inflight_max);
        self.positive("requests.inflight_bytes_max", requests.inflight_bytes_max);
        self.at_least(
            ("requests.hedge_after_min_ms", requests.hedge_after_min_ms),
            ("requests.hedge_after_max_ms", requests.hedge_after_max_ms),
        );
        self.wait("membership.probe_interval_ms", membership.probe_interval_ms);
        self.more_than(
            ("membership.probe_interval_ms", membership.probe_interval_ms),
            ("membership.suspect_after_ms", membership.suspect_after_ms),
        );
        self.more_than(
            ("membership.suspect_after_ms", membership.suspect_after_ms),
            ("membership.down_after_ms", membership.down_after_ms),
        );
        self.positive("links.queue_bytes_max", links.queue_bytes_max);
        self.wait("links.connect_timeout_ms", links.connect_timeout_ms);
        self.wait("links.backoff_min_ms", links.backoff_min_ms);
        self.at_least(
            ("links.backoff_min_ms", links.backoff_min_ms),
            ("links.backoff_max_ms", links.backoff_max_ms),
        );
        self.wait("links.keepalive_ms", links.keepalive_ms);
        self.wait("links.conflict_timeout_ms", links.conflict_timeout_ms);
        if WireVersion::of(links.wire_max).is_none() {
            let newest = WireVersion::NEWEST;
            self.add("links.wire_max", format!("{} is not 1 to {newest}", links.wire_max));
        }
    }

    fn changes(&mut self, ring: &Ring, transfers: &Transfers) {
        if ring.bootstrap_expect == Some(0) {
            self.add("ring.bootstrap_expect", "0 is not above 0");
        }
        if ring.settle_delay_ms > WAIT_MS_MAX {
            self.wait("ring.settle_delay_ms", ring.settle_delay_ms);
        }
        if ring.evict_after_ms > EVICT_AFTER_MS_MAX {
            let problem = format!("{} is not 0 to {EVICT_AFTER_MS_MAX}", ring.evict_after_ms);
            self.add("ring.evict_after_ms", problem);
        }
        self.wait("ring.patience_ms", ring.patience_ms);
        self.wait("ring.leave_timeout_ms", ring.leave_timeout_ms);
        self.positive("transfers.pages_max", transfers.pages_max);
        if transfers.bytes_per_second == 0 {
            self.add("transfers.bytes_per_second", "0 is not above 0");
        }
        self.wait("transfers.timeout_ms", transfers.timeout_ms);
        self.positive("transfers.foreground_max", transfers.foreground_max);
    }

    fn partitions(&mut self, ring: &Ring) {
        let (count, max) = (ring.partitions, Partitions::MAX);
        let takes_any = ring.strategy.takes_any_number_of_partitions();
        match Partitions::any(count) {
            Some(partitions) if takes_any || partitions.is_power_of_two() => {}
            Some(_) | None if takes_any => {
                self.add("ring.partitions", format!("{count} is not 1 to {max}"));
            }
            Some(_) | None => {
                let problem = format!("{count} is not a power of two from 1 to {max}");
                self.add("ring.partitions", problem);
            }
        }
    }

    fn flight(&mut self, flight: &Flight) {
        if flight.bytes_max < FLIGHT_BYTES_MIN {
            let problem = format!("{} is less than {FLIGHT_BYTES_MIN}", flight.bytes_max);
            self.add("flight.bytes_max", problem);
        }
        self.positive("flight.recordings_max", flight.recordings_max);
    }

    fn fronts(&mut self, config: &NodeConfig) {
        let Fronts { limits, resp, http } = &config.fronts;
        if !config.namespaces.contains_key(&resp.namespace) {
            let problem = format!("there is no namespace {}", resp.namespace);
            self.add("fronts.resp.namespace", problem);
        }
        if resp.idle_timeout_ms == Some(0) {
            self.add("fronts.resp.idle_timeout_ms", "0 is not above 0; null is never");
        }
        self.wait("fronts.http.head_timeout_ms", http.head_timeout_ms);
        self.wait("fronts.http.body_timeout_ms", http.body_timeout_ms);
        if let Err(BadLimit { name, given, least }) = limits.check() {
            let problem = format!("{given} is too low, it must be at least {least}");
            self.add(format!("fronts.limits.{name}"), problem);
        }
        self.wire(config);
    }

    /// What clients may send, peers must take: else a replica that lost it could not get it back.
    fn wire(&mut self, config: &NodeConfig) {
        let wire = peer_ring_proto::Limits::default();
        let limits = &config.fronts.limits;
        let longest = config.namespaces.keys().filter(|name| *name != namespace::DEFAULT);
        let longest = longest.max_by_key(|name| name.len()).map_or("", String::as_str);
        let key_bytes_max = wire.key_bytes_max.saturating_sub(KEY_EXTRA_BYTES + longest.len());
        if limits.key_bytes_max as usize > key_bytes_max {
            let problem = format!(
                "{} is more than {key_bytes_max}, which peers take besides {longest:?}, the \
                 longest name of a namespace",
                limits.key_bytes_max
            );
            self.add("fronts.limits.key_bytes_max", problem);
        }
        if limits.value_bytes_max as usize > wire.value_bytes_max {
            let (given, max) = (limits.value_bytes_max, wire.value_bytes_max);
            let problem = format!("{given} is more than {max}, which peers take");
            self.add("fronts.limits.value_bytes_max", problem);
        }
    }

    fn namespace(&mut self, name: &str, namespace: &Namespace, replicas: u8) {
        let field = format!("namespaces.{name}");
        self.name(&field, name);
        let n = namespace.n.unwrap_or(replicas);
        if n == 0 || n > replicas {
            self.add(format!("{field}.n"), format!("{n} is not 1 to ring.replicas, {replicas}"));
        }
        for (quorum, count) in [("r", namespace.r), ("w", namespace.w)] {
            let Some(count) = count.filter(|count| *count == 0 || *count > n) else { continue };
            self.add(format!("{field}.{quorum}"), format!("{count} is not 1 to n, {n}"));
        }
        if namespace.ttl_ms == Some(0) {
            self.add(format!("{field}.ttl_ms"), "0 is not above 0; null is for ever");
        }
    }
}

/// Whether a text is `host:port`, as an address to reach somebody at.
fn is_reachable(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let host_is_one = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ' ', '@']),
    };
    host_is_one && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
#[path = "check/tests.rs"]
mod tests;
