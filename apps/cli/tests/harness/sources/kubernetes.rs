//! `kubernetes`: a double of the API server, with one slice for each node.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::api_server::ApiServer;
use super::{Backend, Fault, Place, runtime};

const PATH: &str = "/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices";
const OF_RING: &str = "kubernetes.io/service-name=ring";

/// The server, and what of a service account a pod has.
pub struct Kubernetes {
    server: ApiServer,
    runtime: Runtime,
    _folder: tempfile::TempDir,
    token: PathBuf,
    fault: Option<Fault>,
}

impl Kubernetes {
    /// A server that answers everybody with this status.
    pub fn refusing(status: u16) -> Self {
        let kubernetes = Self::start();
        kubernetes.server.set(|it| it.refuse = Some(status));
        kubernetes
    }

    /// A server without any pods.
    pub fn start() -> Self {
        let runtime = runtime();
        let of = ("discovery.k8s.io/v1", "EndpointSlice");
        let server = runtime.block_on(ApiServer::start(PATH, of, OF_RING));
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "first").unwrap();
        Self { server, runtime, _folder: folder, token, fault: None }
    }
}

impl Kubernetes {
    /// Writes the slice of a node.
    fn apply(&self, node: &Place, conditions: &Value) {
        let slice = json!({
            "metadata": {"namespace": "prod"},
            "addressType": "IPv4",
            "ports": [{"name": "peers", "port": node.port}],
            "endpoints": [{
                "addresses": [node.ip.to_string()],
                "conditions": conditions,
                "targetRef": {"kind": "Pod", "name": node.name},
            }],
        });
        self.server.set(|it| it.apply(&format!("ring-{}", node.name), slice));
    }
}

impl Backend for Kubernetes {
    fn block(&self, _: &Place) -> String {
        format!(
            "{{kubernetes: {{service: ring, namespace: prod, port: peers, \
             api_url: 'https://127.0.0.1:{}', ca_file: '{}', token_file: '{}', timeout_ms: 1000, \
             watch_ms: 2000, backoff: {{min_ms: 50, max_ms: 500}}}}}}",
            self.server.port,
            self.server.certificates.ca.display(),
            self.token.display()
        )
    }

    fn comes(&mut self, node: &Place) {
        self.apply(node, &json!({"ready": false, "serving": false, "terminating": false}));
    }

    fn serves(&mut self, node: &Place) {
        self.apply(node, &json!({"ready": true, "serving": true, "terminating": false}));
    }

    fn stops(&mut self, node: &Place) {
        self.apply(node, &json!({"ready": false, "serving": true, "terminating": true}));
    }

    fn goes(&mut self, node: &Place) {
        self.server.set(|it| it.delete(&format!("ring-{}", node.name)));
    }

    fn breaks(&mut self, fault: Fault) {
        match fault {
            Fault::Dies => self.runtime.block_on(self.server.kill()),
            Fault::Hangs => self.server.set(|it| it.hangs = true),
        }
        self.fault = Some(fault);
    }

    fn mends(&mut self) {
        match self.fault.take().expect("it is broken") {
            Fault::Dies => self.runtime.block_on(self.server.restart()),
            Fault::Hangs => self.server.set(|it| it.hangs = false),
        }
    }
}
