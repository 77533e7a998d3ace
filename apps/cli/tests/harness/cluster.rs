//! Three nodes, each a process of its own with a file for its configuration.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::http::Client;
use super::ports;
use super::process::Process;
use super::until;

/// How long a node may take to be ready.
const READY: Duration = Duration::from_secs(15);

/// How long a node may go unnoticed that is gone.
pub const DOWN_AFTER: Duration = Duration::from_millis(1_000);

/// How long a request may take.
pub const TIMEOUT: Duration = Duration::from_millis(1_000);

/// Three nodes, or as many of them as run.
pub struct Cluster {
    folder: TempDir,
    ports: u16,
    nodes: [Option<Process>; 3],
}

impl Cluster {
    /// Three nodes that run and are ready.
    pub fn start() -> Self {
        let mut cluster = Self::stopped();
        (0..3).for_each(|at| cluster.launch(at));
        (0..3).for_each(|at| cluster.wait_ready(at));
        cluster
    }

    /// Three nodes of which none runs.
    pub fn stopped() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cluster = Self { folder, ports: ports::free(9), nodes: [None, None, None] };
        (0..3).for_each(|at| cluster.write_config(at, ""));
        cluster
    }

    /// Starts a node.
    pub fn launch(&mut self, at: usize) {
        let config = self.config(at);
        self.nodes[at] = Some(Process::start(&["node", "--config", config.to_str().unwrap()], &[]));
    }

    /// Waits until a node says that it is ready.
    pub fn wait_ready(&self, at: usize) {
        let mut client = self.http(at);
        until(&format!("n{} is ready", at + 1), READY, || {
            client.get("/readyz").is_some_and(|answer| answer.status == 200)
        });
    }

    /// Kills a node, as does `kill -9`.
    pub fn kill(&mut self, at: usize) {
        self.nodes[at] = None;
    }

    /// Takes a node's process out of the cluster, still running.
    pub fn take(&mut self, at: usize) -> Process {
        self.nodes[at].take().unwrap()
    }

    /// All that a running node said so far.
    pub fn said(&self, at: usize) -> String {
        self.nodes[at].as_ref().map(Process::said).unwrap_or_default()
    }

    /// A client of a node's HTTP front.
    pub fn http(&self, at: usize) -> Client {
        Client::new(self.address(3 + at))
    }

    /// Where a node serves the Redis protocol.
    pub fn resp(&self, at: usize) -> SocketAddr {
        self.address(6 + at)
    }

    /// How many records a node holds; `None` when it does not say.
    pub fn records(&self, at: usize) -> Option<u64> {
        let metrics = self.http(at).get("/metrics")?.body;
        let value = |line: &str| line.strip_prefix("peer_ring_records ")?.trim().parse().ok();
        metrics.lines().find_map(value)
    }

    /// A node's configuration.
    pub fn config(&self, at: usize) -> PathBuf {
        self.folder.path().join(format!("n{}.yml", at + 1))
    }

    /// Writes a node's configuration, with something more at its end.
    pub fn write_config(&self, at: usize, more: &str) {
        let mut text = format!(
            "cluster: test\nnode: {{name: n{}, threads: 1}}\nlisten: {{peers: '{}', http: '{}', \
             resp: '{}'}}\n",
            at + 1,
            self.address(at),
            self.address(3 + at),
            self.resp(at)
        );
        text += "discovery:\n  static:\n    members:\n";
        for member in 0..3 {
            let address = self.address(member);
            writeln!(text, "    - {{name: n{}, address: '{address}'}}", member + 1).unwrap();
        }
        writeln!(text, "requests: {{timeout_ms: {}}}", TIMEOUT.as_millis()).unwrap();
        writeln!(
            text,
            "membership: {{probe_interval_ms: 100, suspect_after_ms: 300, down_after_ms: {}}}",
            DOWN_AFTER.as_millis()
        )
        .unwrap();
        text += "links: {backoff_max_ms: 200, conflict_timeout_ms: 500}\n";
        std::fs::write(self.config(at), text + more).unwrap();
    }

    fn address(&self, offset: usize) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports + u16::try_from(offset).unwrap()))
    }
}
