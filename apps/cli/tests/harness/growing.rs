//! A cluster that grows and shrinks: each node a process with a file for its configuration.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::http::Client;
use super::ports;
use super::process::Process;
use super::until;

/// Most nodes that there can be.
pub const NODES_MAX: usize = 5;

/// How long a change of the ring may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Nodes of one cluster, or as many of them as run. Each is told of those before it.
pub struct Growing {
    folder: TempDir,
    ports: u16,
    nodes: BTreeMap<usize, Process>,
    more: String,
}

impl Growing {
    /// A cluster of which no node runs, with something more in each configuration. `{at}` in it
    /// becomes the node's number, `{folder}` a folder for all of them.
    pub fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = ports::free(u16::try_from(3 * NODES_MAX).unwrap());
        Self { folder, ports, nodes: BTreeMap::new(), more: more.to_owned() }
    }

    /// Starts a node, the first of which is 0.
    pub fn launch(&mut self, at: usize) {
        let config = self.write_config(at);
        let process = Process::start(&["node", "--config", config.to_str().unwrap()], &[]);
        self.nodes.insert(at, process);
    }

    /// Kills a node, as does `kill -9`.
    pub fn kill(&mut self, at: usize) {
        self.nodes.remove(&at);
    }

    /// Takes a node's process out of the cluster, still running.
    pub fn take(&mut self, at: usize) -> Process {
        self.nodes.remove(&at).unwrap()
    }

    /// All that a node said so far, since it was launched last.
    pub fn said(&self, at: usize) -> String {
        self.nodes[&at].said()
    }

    /// The nodes that run.
    pub fn running(&self) -> Vec<usize> {
        self.nodes.keys().copied().collect()
    }

    /// Where a node serves HTTP.
    pub fn http(&self, at: usize) -> SocketAddr {
        self.address(NODES_MAX + at)
    }

    /// A client of a node's HTTP front.
    pub fn client(&self, at: usize) -> Client {
        Client::new(self.http(at))
    }

    /// A metric of a node; `None` when it does not say.
    pub fn metric(&self, at: usize, name: &str) -> Option<u64> {
        let metrics = self.client(at).get("/metrics")?.body;
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        metrics.lines().find_map(value)
    }

    /// Waits until all nodes that run are the members, and have all that they are to have.
    pub fn wait_replicated(&self) {
        let nodes = self.running();
        until(&format!("{} nodes have all that they are to have", nodes.len()), PATIENCE, || {
            nodes.iter().all(|at| {
                self.metric(*at, "peer_ring_ring_members") == Some(nodes.len() as u64)
                    && self.client(*at).get("/v1/replicated").is_some_and(|it| it.status == 200)
            })
        });
    }

    /// Waits until the ring moves and this node has, or misses, something on its way.
    pub fn wait_moving(&self, at: usize) {
        until(&format!("n{} is in the middle of a move", at + 1), PATIENCE, || {
            self.metric(at, "peer_ring_ring_moving") == Some(1)
                && (0..NODES_MAX).any(|other| {
                    self.nodes.contains_key(&other)
                        && self.metric(other, "peer_ring_replicas_pending").unwrap_or(0) > 0
                        && self.metric(other, "peer_ring_transfer_records_in_total").unwrap_or(0)
                            > 0
                })
        });
    }

    /// A node's configuration, once it was launched.
    pub fn config(&self, at: usize) -> PathBuf {
        self.folder.path().join(format!("n{}.yml", at + 1))
    }

    fn write_config(&self, at: usize) -> PathBuf {
        let mut text = format!(
            "cluster: test\nnode: {{name: n{}, threads: 1}}\nlisten: {{peers: '{}', http: '{}', \
             resp: '{}'}}\n",
            at + 1,
            self.address(at),
            self.http(at),
            self.address(2 * NODES_MAX + at),
        );
        text += "discovery:\n  static:\n    members:\n";
        for member in 0..=at {
            let address = self.address(member);
            writeln!(text, "    - {{name: n{}, address: '{address}'}}", member + 1).unwrap();
        }
        text += "requests: {timeout_ms: 5000}\n";
        text +=
            "membership: {probe_interval_ms: 100, suspect_after_ms: 300, down_after_ms: 1000}\n";
        text += "links: {backoff_max_ms: 200, conflict_timeout_ms: 500}\n";
        let folder = self.folder.path();
        text += &self.more.replace("{at}", &(at + 1).to_string());
        let text = text.replace("{folder}", folder.to_str().unwrap());
        let file = self.config(at);
        std::fs::write(&file, text).unwrap();
        file
    }

    fn address(&self, offset: usize) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports + u16::try_from(offset).unwrap()))
    }
}
