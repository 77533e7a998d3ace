//! `INFO`: what a node tells about itself, in the form that Redis's tools read.
//!
//! Names that Redis has mean what they mean there, as far as that can be here; the keyspace is
//! that of this node's own replicas, since counting a cluster's keys means looking at each.

use std::fmt::{self, Write};

use peer_ring::NodeStats;
use peer_ring_core::view::{PeerState, View};

use super::hello::REDIS_VERSION;
use super::request::Request;
use crate::fronts::metrics::Metrics;

/// What there is to tell.
pub(super) struct Facts<'a> {
    pub node: &'a str,
    pub id: String,
    pub cluster: &'a str,
    pub namespace: &'a str,
    pub port: u16,
    pub uptime_s: u64,
    pub connections_max: u32,
    pub metrics: &'a Metrics,
    pub view: &'a View,
    pub stats: &'a NodeStats,
}

type Section = (&'static str, fn(&Facts<'_>, &mut String) -> fmt::Result);

const SECTIONS: [Section; 7] = [
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Stats", stats),
    ("Replication", replication),
    ("Cluster", cluster),
    ("Keyspace", keyspace),
];

/// The sections that `request` names, or all of them.
pub(super) fn info(request: &Request, facts: &Facts<'_>) -> String {
    let is_asked = |name: &str| {
        let every = ["all", "default", "everything"];
        let mut asked = request.iter().skip(1);
        request.count() == 1
            || asked.any(|section| {
                let is = |name: &&str| section.eq_ignore_ascii_case(name.as_bytes());
                every.iter().any(is) || is(&name)
            })
    };
    let mut text = String::new();
    for (name, write) in SECTIONS.into_iter().filter(|(name, _)| is_asked(name)) {
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        text.push_str(&format!("# {name}\r\n"));
        write(facts, &mut text).expect("a string takes everything");
    }
    text
}

fn line(text: &mut String, name: &str, value: impl fmt::Display) -> fmt::Result {
    write!(text, "{name}:{value}\r\n")
}

fn server(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    line(text, "redis_version", REDIS_VERSION)?;
    line(text, "peer_ring_version", env!("CARGO_PKG_VERSION"))?;
    line(text, "redis_mode", "standalone")?;
    line(text, "os", std::env::consts::OS)?;
    line(text, "arch_bits", usize::BITS)?;
    line(text, "process_id", std::process::id())?;
    line(text, "run_id", &facts.id)?;
    line(text, "tcp_port", facts.port)?;
    line(text, "uptime_in_seconds", facts.uptime_s)?;
    line(text, "uptime_in_days", facts.uptime_s / 86_400)
}

fn clients(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    line(text, "connected_clients", facts.metrics.connections())?;
    line(text, "blocked_clients", 0)?;
    line(text, "maxclients", facts.connections_max)
}

fn memory(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    // Keys and values; what holds them comes on top.
    line(text, "used_memory", facts.stats.shards.table.bytes)?;
    line(text, "maxmemory", 0)
}

fn stats(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    let (bytes_in, bytes_out) = facts.metrics.bytes_so_far();
    let counters = facts.stats.shards.counters;
    line(text, "total_connections_received", facts.metrics.connections_so_far())?;
    line(text, "total_commands_processed", facts.metrics.commands_so_far())?;
    line(text, "total_net_input_bytes", bytes_in)?;
    line(text, "total_net_output_bytes", bytes_out)?;
    line(text, "rejected_connections", facts.metrics.refused_so_far())?;
    line(text, "requests_inflight", facts.stats.shards.inflight)?;
    line(text, "reads_hedged", counters.hedged_reads)?;
    line(text, "reads_repaired", counters.read_repairs)?;
    line(text, "writes_restamped", counters.restamped_writes)?;
    line(text, "requests_forwarded", counters.forwarded)
}

fn replication(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    let replicas = facts.view.ring.as_ref().map_or(0, |ring| ring.replicas());
    line(text, "role", "master")?;
    line(text, "connected_slaves", 0)?;
    line(text, "replicas_per_partition", replicas)?;
    let progress = facts.stats.ring.progress.unwrap_or_default();
    line(text, "replicas_pending", progress.pending)?;
    line(text, "replicas_stray", progress.strays)
}

fn cluster(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    line(text, "cluster_enabled", 0)?;
    line(text, "cluster_name", facts.cluster)?;
    line(text, "node_name", facts.node)?;
    line(text, "namespace", facts.namespace)?;
    let alive = facts.view.health.peers().iter().filter(|peer| peer.state == PeerState::Alive);
    line(text, "peers_alive", alive.count())?;
    let Some(ring) = &facts.view.ring else {
        return line(text, "ring_epoch", "none");
    };
    line(text, "ring_epoch", ring.epoch())?;
    line(text, "ring_moving", u8::from(ring.is_moving()))?;
    line(text, "members", ring.members().len())?;
    line(text, "partitions", ring.partitions().count())
}

fn keyspace(facts: &Facts<'_>, text: &mut String) -> fmt::Result {
    let table = facts.stats.shards.table;
    if table.records == 0 {
        return Ok(());
    }
    write!(text, "db0:keys={},expires={},avg_ttl=0\r\n", table.records, table.expiring)
}
