//! `zookeeper`: a real one.

use super::zookeeper_server::ZooKeeperServer;
use super::{Backend, Fault, Place};

/// The server, and how it was broken.
pub struct ZooKeeper(ZooKeeperServer, Option<Fault>);

impl ZooKeeper {
    /// A server without any znodes.
    pub fn start() -> Self {
        Self(ZooKeeperServer::start(), None)
    }

    /// Where the server listens.
    pub fn port(&self) -> u16 {
        self.0.port
    }
}

impl Backend for ZooKeeper {
    fn block(&self, _: &Place) -> String {
        format!(
            "{{zookeeper: {{servers: ['{}'], session_timeout_ms: 2000, \
             backoff: {{min_ms: 50, max_ms: 500}}}}}}",
            self.0.address()
        )
    }

    fn breaks(&mut self, fault: Fault) {
        match fault {
            Fault::Dies => self.0.kill(),
            Fault::Hangs => self.0.freeze(),
        }
        self.1 = Some(fault);
    }

    fn mends(&mut self) {
        match self.1.take().expect("it is broken") {
            Fault::Dies => self.0.restart(),
            Fault::Hangs => self.0.thaw(),
        }
    }
}
