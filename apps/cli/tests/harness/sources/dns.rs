//! `dns`: a server of the test's own has an address of each node, and its name.

use tokio::runtime::Runtime;

use super::dns_server::{Mood, Server, address, ptr};
use super::{Backend, Fault, Place, runtime};

const HOST: &str = "peers.example.org.";

/// The server.
pub struct Dns {
    server: Server,
    _runtime: Runtime,
}

impl Dns {
    /// A server without any records.
    pub fn start() -> Self {
        let runtime = runtime();
        Self { server: runtime.block_on(Server::start()), _runtime: runtime }
    }
}

impl Backend for Dns {
    fn block(&self, node: &Place) -> String {
        format!(
            "{{dns: {{host: {HOST}, port: {}, servers: ['{}'], ttl_min_ms: 100, ttl_max_ms: 500, \
             timeout_ms: 300, forget_after_ms: 1000, settle_after_ms: 1000, \
             backoff: {{min_ms: 50, max_ms: 500}}}}}}",
            node.port, self.server.at
        )
    }

    fn comes(&mut self, node: &Place) {
        self.goes(node);
        // As IPv6 has it: every resolver says by itself that 127.0.0.0/8 is localhost.
        let ip = node.ip.to_ipv6_mapped().to_string();
        let name = format!("{}.example.org.", node.name);
        self.server.zone().records.extend([address(HOST, &ip, 1), ptr(&ip, &name)]);
    }

    fn goes(&mut self, node: &Place) {
        // Of all that it has, only the name of a node says whose a record is.
        let name = format!("{}.example.org.", node.name);
        let mut zone = self.server.zone();
        let pointers = zone.records.iter().filter(|it| it.data.to_string() == name);
        let owners: Vec<_> = pointers.map(|it| it.name.clone()).collect();
        zone.records.retain(|it| {
            let is_pointer = owners.contains(&it.name);
            let reversed = it.data.ip_addr().map(|ip| {
                let mut name: hickory_resolver::proto::rr::Name = ip.into();
                name.set_fqdn(true);
                name
            });
            !is_pointer && !reversed.is_some_and(|name| owners.contains(&name))
        });
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
