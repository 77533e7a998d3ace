//! `dns`: a server of the test's own has the address of each node, or its host and port as well.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use hickory_resolver::proto::rr::Record;
use tokio::runtime::Runtime;

use super::dns_server::{Mood, Server, address, srv};
use super::{Backend, Fault, Place, runtime};

const HOST: &str = "peers.example.org.";
const SRV: &str = "_peers._tcp.example.org.";

/// Times to live, in seconds.
const TTL: u32 = 1;

/// The server.
pub struct Dns {
    server: Server,
    has: Has,
    /// What it has of each node.
    records: BTreeMap<String, Vec<Record>>,
    _runtime: Runtime,
}

/// What the server has of a node.
#[derive(Clone, Copy)]
enum Has {
    /// One of the addresses of a name, and nothing of whose it is.
    Address,
    /// A host, its port, and the address of that host.
    Service,
}

impl Dns {
    /// A server without any records, which is to have the addresses of nodes.
    pub fn with_addresses() -> Self {
        Self::start(Has::Address)
    }

    /// A server without any records, which is to have the hosts and ports of nodes.
    pub fn with_services() -> Self {
        Self::start(Has::Service)
    }

    /// The same, with one more address of no node.
    pub fn and_address(self, ip: Ipv4Addr) -> Self {
        self.server.zone().records.push(address(HOST, &ip.to_string(), TTL));
        self
    }

    fn start(has: Has) -> Self {
        let runtime = runtime();
        let server = runtime.block_on(Server::start());
        Self { server, has, records: BTreeMap::new(), _runtime: runtime }
    }
}

impl Backend for Dns {
    fn block(&self, node: &Place) -> String {
        let name = match self.has {
            Has::Address => format!("host: {HOST}, port: {}", node.port),
            Has::Service => format!("srv: {SRV}"),
        };
        format!(
            "{{dns: {{{name}, servers: ['{}'], ttl_min_ms: 100, ttl_max_ms: 500, \
             timeout_ms: 300, forget_after_ms: 1000, settle_after_ms: 1000, \
             backoff: {{min_ms: 50, max_ms: 500}}}}}}",
            self.server.at
        )
    }

    fn comes(&mut self, node: &Place) {
        self.goes(node);
        let (ip, host) = (node.ip.to_string(), format!("{}.{HOST}", node.name));
        let records = match self.has {
            Has::Address => vec![address(HOST, &ip, TTL)],
            Has::Service => vec![srv(SRV, &host, node.port, TTL), address(&host, &ip, TTL)],
        };
        self.server.zone().records.extend_from_slice(&records);
        self.records.insert(node.name.clone(), records);
    }

    fn goes(&mut self, node: &Place) {
        let gone = self.records.remove(&node.name).unwrap_or_default();
        self.server.zone().records.retain(|record| !gone.contains(record));
    }

    fn breaks(&mut self, fault: Fault) {
        self.server.zone().mood = match fault {
            Fault::Dies => Mood::Fails,
            Fault::Hangs => Mood::IsSilent,
        };
    }

    fn mends(&mut self) {
        self.server.zone().mood = Mood::Answers;
    }
}
