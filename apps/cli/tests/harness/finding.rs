//! A cluster whose nodes find each other by some source: each a process, with an address of its own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::http::Client;
use super::ports;
use super::process::{Process, run};
use super::sources::{Backend, Fault, Place};
use super::until;

/// Most nodes that there can be.
const NODES_MAX: u16 = 4;

/// How long finding each other, or a change of the ring, may take.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// How long nodes wait for each other when it is measured whom they miss.
const EAGER: &str = "requests: {timeout_ms: 5000}\n\
    membership: {probe_interval_ms: 100, suspect_after_ms: 400, down_after_ms: 1500}\n\
    links: {backoff_max_ms: 200, conflict_timeout_ms: 500}\n";

/// How long they wait when they are to miss nobody, even on a machine that stalls for seconds.
const PATIENT: &str = "requests: {timeout_ms: 30000}\n\
    membership: {probe_interval_ms: 500, suspect_after_ms: 25000, down_after_ms: 30000}\n\
    links: {backoff_max_ms: 200, keepalive_ms: 30000}\n";

/// Nodes that find each other.
pub struct Finding {
    folder: TempDir,
    ports: u16,
    waiting: &'static str,
    backend: Box<dyn Backend>,
    evict_after: Duration,
    nodes: BTreeMap<u16, Process>,
    places: BTreeMap<u16, Place>,
}

impl Finding {
    /// A cluster of which no node runs; three found it. They are quick to miss each other.
    pub fn by(backend: impl Backend + 'static) -> Self {
        Self::waiting(backend, EAGER)
    }

    /// The same, of nodes that do not miss each other on a machine that stalls.
    pub fn patient(backend: impl Backend + 'static) -> Self {
        Self::waiting(backend, PATIENT)
    }

    fn waiting(backend: impl Backend + 'static, waiting: &'static str) -> Self {
        let (nodes, places) = (BTreeMap::new(), BTreeMap::new());
        let ports = ports::free(NODES_MAX + 1);
        let folder = tempfile::tempdir().unwrap();
        let (backend, evict_after) = (Box::new(backend), Duration::from_secs(2));
        Self { folder, ports, waiting, backend, evict_after, nodes, places }
    }

    /// The same, but who is down is evicted after this.
    pub fn evicting_after(self, evict_after: Duration) -> Self {
        Self { evict_after, ..self }
    }

    /// Starts a node, the first of which is 0; one that was there before returns elsewhere.
    pub fn launch(&mut self, at: u16) {
        let before = self.places.get(&at).map_or(0, |place| place.ip.octets()[2]);
        let ip = Ipv4Addr::new(127, 0, before + 1, u8::try_from(at).unwrap() + 1);
        let place = Place { name: format!("n{}", at + 1), ip, port: self.ports };
        self.backend.comes(&place);
        let config = self.folder.path().join(format!("{}.yml", place.name));
        std::fs::write(&config, self.config(at, &place)).unwrap();
        self.places.insert(at, place);
        let process = Process::start(&["node", "--config", config.to_str().unwrap()], &[]);
        self.nodes.insert(at, process);
    }

    fn config(&self, at: u16, place: &Place) -> String {
        format!(
            "cluster: test\n\
             node: {{name: {}, threads: 1}}\n\
             listen: {{peers: '{}', http: '{}', resp: null}}\n\
             discovery: {}\n\
             ring: {{bootstrap_expect: 3, settle_delay_ms: 300, evict_after_ms: {}}}\n\
             {}",
            place.name,
            place.peers(),
            self.http(at),
            self.backend.block(place),
            self.evict_after.as_millis(),
            self.waiting,
        )
    }

    /// Takes a node's process out of the cluster, still running.
    pub fn take(&mut self, at: u16) -> Process {
        self.nodes.remove(&at).unwrap()
    }

    /// Kills a node, as does `kill -9`.
    pub fn kill(&mut self, at: u16) {
        self.nodes.remove(&at);
    }

    /// Stops a node where it is, or lets it go on: `STOP`, `CONT`.
    pub fn signal(&self, at: u16, name: &str) {
        self.nodes[&at].signal(name);
    }

    /// Lets a node leave the ring, and end by itself.
    pub fn leave(&mut self, at: u16) {
        let http = self.http(at).to_string();
        let (code, said) = run(&["leave", "--wait", "--address", &http]);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = self.take(at).ended(PATIENCE);
        assert_eq!(code, Some(0), "{said}");
        self.backend.goes(&self.places[&at]);
    }

    /// Replaces a node's process as an orchestrator does: it is told to stop, and when it has, another
    /// one starts under its name and elsewhere.
    pub fn replace(&mut self, at: u16) {
        let process = self.take(at);
        process.signal("TERM");
        let (code, said) = process.ended(PATIENCE);
        assert_eq!(code, Some(0), "{said}");
        self.launch(at);
    }

    /// Tells the source that a node is about to stop.
    pub fn announce_stop(&mut self, at: u16) {
        self.backend.stops(&self.places[&at]);
    }

    /// Waits until a node is ready, and tells the source; how long that took.
    pub fn wait_ready(&mut self, at: u16) -> Duration {
        let since = Instant::now();
        until(&format!("n{} is ready", at + 1), PATIENCE, || {
            let answer = Client::new(self.http(at)).get("/readyz");
            answer.is_some_and(|it| it.status == 200)
        });
        self.backend.serves(&self.places[&at]);
        since.elapsed()
    }

    /// Breaks what stands behind the source.
    pub fn breaks(&mut self, fault: Fault) {
        self.backend.breaks(fault);
    }

    /// Brings it back.
    pub fn mends(&mut self) {
        self.backend.mends();
    }

    /// The port of all nodes for their peers.
    pub fn peers_port(&self) -> u16 {
        self.ports
    }

    /// Where a node serves HTTP.
    pub fn http(&self, at: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports + 1 + at).into()
    }

    /// The nodes that run.
    pub fn running(&self) -> Vec<u16> {
        self.nodes.keys().copied().collect()
    }

    /// The members, as a node has them, and how it finds them: `n1 alive`.
    pub fn members(&self, at: u16) -> Option<Vec<String>> {
        let answer = Client::new(self.http(at)).get("/v1/ring").filter(|it| it.status == 200)?;
        let ring: Value = serde_json::from_str(&answer.body).unwrap();
        let text = |member: &Value, field| member[field].as_str().unwrap().to_owned();
        let members = ring["members"].as_array().unwrap().iter();
        Some(members.map(|it| text(it, "name") + " " + &text(it, "state")).collect())
    }

    /// Waits until a node sees the members so; how long that took.
    pub fn wait_seen(&self, at: u16, what: &str, is_so: impl Fn(&[String]) -> bool) -> Duration {
        let since = Instant::now();
        let mut seen = None;
        while !seen.as_deref().is_some_and(&is_so) {
            assert!(since.elapsed() < PATIENCE, "in vain until {what}: {seen:?}");
            std::thread::sleep(Duration::from_millis(10));
            seen = self.members(at);
        }
        since.elapsed()
    }

    /// Waits until all nodes that run are the members, and have all that they are to have.
    pub fn wait_replicated(&self) {
        let nodes = self.running();
        until(&format!("{} nodes have all that they are to have", nodes.len()), PATIENCE, || {
            nodes.iter().all(|at| {
                self.members(*at).is_some_and(|members| {
                    members.len() == nodes.len() && members.iter().all(|it| it.ends_with(" alive"))
                }) && Client::new(self.http(*at))
                    .get("/v1/replicated")
                    .is_some_and(|it| it.status == 200)
            })
        });
    }
}
