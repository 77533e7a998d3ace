//! A node's configuration: one YAML file, every field of which the environment can override.
//!
//! The structs here are the file, block by block, and each field is documented as an operator
//! reads it. What a type cannot refuse, [`check`] does; [`settings`] turns the whole into what the
//! crates take. Where values come from is [`load`] and [`environment`].

pub mod check;
pub mod cluster;
pub mod data;
pub mod discovery;
pub mod environment;
pub mod flight;
pub mod fronts;
pub mod load;
pub mod log;
pub mod namespaces;
pub mod ring;
pub mod settings;
pub mod yaml;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use cluster::{Links, Membership, Requests};
use data::Data;
use discovery::Discovery;
use flight::Flight;
use fronts::Fronts;
use log::Log;
use namespaces::Namespace;
use ring::{Ring, Transfers};

/// Everything a node is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeConfig {
    /// The cluster's name; nodes of another one are refused.
    pub cluster: String,
    /// This node.
    pub node: Node,
    /// Where it listens.
    pub listen: Listen,
    /// Where its peers reach it, `host:port`, if that is not where it listens. What its own entry
    /// in a list of members says must not contradict this.
    pub advertise: Option<String>,
    /// Where it finds its peers: one source, named by its block.
    pub discovery: Option<Discovery>,
    /// How the key space is divided, and when that changes.
    pub ring: Ring,
    /// The bounds within which data is moved.
    pub transfers: Transfers,
    /// What the node keeps on its disk.
    pub data: Data,
    /// The bounds within which requests are served.
    pub requests: Requests,
    /// How peers are watched.
    pub membership: Membership,
    /// How links to peers are kept.
    pub links: Links,
    /// How the records of each namespace are kept; `default` is always there.
    pub namespaces: BTreeMap<String, Namespace>,
    /// What clients talk to.
    pub fronts: Fronts,
    /// How the node stops.
    pub stop: Stop,
    /// What the node says on its standard error.
    pub log: Log,
    /// Whether and where the node records what its actors are given.
    pub flight: Flight,
}

/// The node itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// The name of its seat; the host's name when not given.
    pub name: Option<String>,
    /// Where it stands: owners of a partition are spread over zones. What its own entry in a list
    /// of members says must not contradict this.
    pub zone: Option<String>,
    /// Its share of partitions in proportion to the others', 1 when not given; as for the zone.
    pub weight: Option<u32>,
    /// How many threads it uses, one shard each; 0 for one per core.
    pub threads: u8,
}

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// For its peers.
    pub peers: SocketAddr,
    /// For clients that speak the Redis protocol; nowhere when null.
    pub resp: Option<SocketAddr>,
    /// For clients that speak HTTP, for probes and for metrics; nowhere when null.
    pub http: Option<SocketAddr>,
}

/// How a node stops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// How long requests under way may take to finish.
    pub grace_ms: u64,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            cluster: "peer-ring".to_owned(),
            node: Node::default(),
            listen: Listen::default(),
            advertise: None,
            discovery: None,
            ring: Ring::default(),
            transfers: Transfers::default(),
            data: Data::default(),
            requests: Requests::default(),
            membership: Membership::default(),
            links: Links::default(),
            namespaces: BTreeMap::new(),
            fronts: Fronts::default(),
            stop: Stop::default(),
            log: Log::default(),
            flight: Flight::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { peers: local(7601), resp: Some(local(7401)), http: Some(local(7501)) }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self { grace_ms: 5_000 }
    }
}
