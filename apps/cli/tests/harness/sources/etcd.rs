//! `etcd`: a real one.

use super::etcd_server::EtcdServer;
use super::{Backend, Fault, Place};

/// The server, and how it was broken.
pub struct Etcd(EtcdServer, Option<Fault>);

impl Etcd {
    /// A server without any keys.
    pub fn start() -> Self {
        Self(EtcdServer::start(), None)
    }
}

impl Backend for Etcd {
    fn block(&self, _: &Place) -> String {
        format!(
            "{{etcd: {{endpoints: ['{}'], lease_ttl_ms: 2000, timeout_ms: 1000, \
             backoff: {{min_ms: 50, max_ms: 500}}}}}}",
            self.0.endpoint()
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
