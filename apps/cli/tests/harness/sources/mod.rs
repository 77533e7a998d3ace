//! What nodes find each other by: real servers, or the test's own, which a test can break.

#[allow(dead_code, reason = "the tests of each source use the rest")]
#[path = "../../../../../discovery/tests/world/api_server.rs"]
pub mod api_server;
#[path = "../../../../../discovery/tests/world/certificates.rs"]
pub mod certificates;
#[allow(dead_code, reason = "the tests of the source use the rest")]
#[path = "../../../../../discovery/tests/world/dns_server.rs"]
pub mod dns_server;
#[cfg(feature = "etcd")]
#[allow(dead_code, reason = "the tests of the source use the rest")]
#[path = "../../../../../discovery/tests/world/etcd_server.rs"]
pub mod etcd_server;
#[allow(dead_code, reason = "only some of the servers are asked for")]
#[path = "../../../../../discovery/tests/world/program.rs"]
pub mod program;
#[allow(dead_code, reason = "the tests of the source use the rest")]
#[path = "../../../../../discovery/tests/world/zookeeper_server.rs"]
pub mod zookeeper_server;

pub mod dns;
#[cfg(feature = "etcd")]
pub mod etcd;
pub mod fixed;
pub mod kubernetes;
pub mod swim;
pub mod zookeeper;

use std::net::{Ipv4Addr, SocketAddr};

use tokio::runtime::Runtime;

/// A node, as its source has it.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its address for peers; each node has one of its own, and one that returns another one.
    pub ip: Ipv4Addr,
    /// Its port for peers, the same for all nodes of a cluster.
    pub port: u16,
}

impl Place {
    /// Where its peers reach it.
    pub fn peers(&self) -> SocketAddr {
        (self.ip, self.port).into()
    }
}

/// How a source's backend breaks.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It is gone: nobody listens.
    Dies,
    /// It takes what it is asked, and does not answer.
    Hangs,
}

/// A source and what stands behind it.
pub trait Backend {
    /// Its block in the configuration of a node: `{name: {..}}`.
    fn block(&self, node: &Place) -> String;

    /// A node is about to start. Those who announce themselves need nobody to say so.
    fn comes(&mut self, _: &Place) {}

    /// A node is ready, and serves.
    fn serves(&mut self, _: &Place) {}

    /// A node is about to stop, and serves until then.
    fn stops(&mut self, _: &Place) {}

    /// A node has left for good.
    fn goes(&mut self, _: &Place) {}

    /// Breaks what stands behind it.
    fn breaks(&mut self, fault: Fault);

    /// Brings it back.
    fn mends(&mut self);
}

/// What the test's own servers run on.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
