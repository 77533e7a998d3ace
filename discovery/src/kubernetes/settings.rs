//! What an operator says about Kubernetes.

use std::path::PathBuf;
use std::time::Duration;

use peer_ring_discovery_core::{Backoff, BadSetting, above_zero};
use serde::{Deserialize, Serialize};

use crate::files::{pem, readable};

/// Where Kubernetes puts what a pod needs to talk to it.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Which pods are nodes, and where the API server is. In a pod, `service` is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The headless service whose pods are the nodes. Either this or `selector`.
    pub service: Option<String>,
    /// The labels of the pods that are the nodes, such as `app=peer-ring`. Either this or `service`.
    pub selector: Option<String>,
    /// The namespace of the service or pods; this pod's own by default.
    pub namespace: Option<String>,
    /// The port for peers: a number, or its name in the service or pod. 7601 by default.
    pub port: Port,
    /// How nodes are reached: by `ip` (the default) or by `hostname`, which the pods of a
    /// `StatefulSet` have in its service.
    pub address: Address,
    /// The API server, `https://host:port`; in a pod, what its environment says.
    pub api_url: Option<String>,
    /// The certificate authority of the API server, in PEM; in a pod, the service account's.
    pub ca_file: Option<PathBuf>,
    /// The file with the token; in a pod, the service account's.
    pub token_file: Option<PathBuf>,
    /// How long an answer may take, in milliseconds. 10,000 by default.
    pub timeout_ms: u64,
    /// How long a watch lasts before it is renewed, in milliseconds: whole seconds. A connection
    /// that hangs is noticed after this and `timeout_ms`. 60,000 by default.
    pub watch_ms: u64,
    /// The pauses between attempts.
    pub backoff: Backoff,
}

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Port {
    /// By its number.
    Number(u16),
    /// By its name in the service, or among the ports of the pod's containers.
    Name(String),
}

/// How nodes are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// By the pod's IP.
    #[default]
    Ip,
    /// By the pod's host name in its service; by its IP where it has none.
    Hostname,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service: None,
            selector: None,
            namespace: None,
            port: Port::Number(7601),
            address: Address::Ip,
            api_url: None,
            ca_file: None,
            token_file: None,
            timeout_ms: 10_000,
            watch_ms: 60_000,
            backoff: Backoff::default(),
        }
    }
}

impl Settings {
    /// Checks them, the files among them.
    ///
    /// # Errors
    /// [`BadSetting`] names the first field that cannot work, and says what to do.
    pub fn check(&self) -> Result<(), BadSetting> {
        let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        match (filled(&self.service), filled(&self.selector)) {
            (true, false) | (false, true) => {}
            (false, false) => {
                let problem = "is missing; name the headless service, or give a selector";
                return Err(BadSetting::new("service", problem));
            }
            (true, true) => {
                return Err(BadSetting::new("selector", "goes without service: give one of them"));
            }
        }
        match &self.port {
            Port::Number(0) => return Err(BadSetting::new("port", "0 is not 1 to 65535")),
            Port::Name(name) if name.is_empty() => {
                return Err(BadSetting::new("port", "is empty; give a number or a name"));
            }
            Port::Number(_) | Port::Name(_) => {}
        }
        above_zero("timeout_ms", self.timeout_ms)?;
        if self.watch_ms < 1_000 || !self.watch_ms.is_multiple_of(1_000) {
            let problem = format!("{} is not whole seconds, 1000 or more", self.watch_ms);
            return Err(BadSetting::new("watch_ms", problem));
        }
        self.api_url().map_err(|problem| BadSetting::new("api_url", problem))?;
        pem("ca_file", self.ca_file.as_deref(), "CERTIFICATE")?;
        readable("token_file", self.token_file.as_deref())?;
        self.backoff.check()
    }

    /// Where the API server is.
    pub(super) fn api_url(&self) -> Result<String, String> {
        if let Some(url) = &self.api_url {
            let is_url = url.starts_with("https://") || url.starts_with("http://");
            return match is_url {
                true => Ok(url.clone()),
                false => Err(format!("{url:?} must begin with https://")),
            };
        }
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT")) {
            (Some(host), Some(port)) if host.contains(':') => {
                Ok(format!("https://[{host}]:{port}"))
            }
            (Some(host), Some(port)) => Ok(format!("https://{host}:{port}")),
            (_, _) => {
                Err("is missing, and KUBERNETES_SERVICE_HOST is not set: outside of a pod, say \
                           where the API server is"
                    .to_owned())
            }
        }
    }

    pub(super) fn ca_path(&self) -> PathBuf {
        self.ca_file.clone().unwrap_or_else(|| format!("{SERVICE_ACCOUNT}/ca.crt").into())
    }

    pub(super) fn token_path(&self) -> PathBuf {
        self.token_file.clone().unwrap_or_else(|| format!("{SERVICE_ACCOUNT}/token").into())
    }

    pub(super) fn namespace(&self) -> Result<String, String> {
        if let Some(namespace) = &self.namespace {
            return Ok(namespace.clone());
        }
        let path = format!("{SERVICE_ACCOUNT}/namespace");
        match std::fs::read_to_string(&path) {
            Ok(namespace) => Ok(namespace.trim().to_owned()),
            Err(error) => Err(format!("namespace: is missing, and {path} cannot be read: {error}")),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn watch_s(&self) -> u32 {
        u32::try_from(self.watch_ms / 1_000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = good();
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    }

    fn good() -> Settings {
        Settings {
            service: Some("ring".into()),
            api_url: Some("https://10.0.0.1:443".into()),
            ..Settings::default()
        }
    }

    #[test]
    fn every_mistake_names_its_field() {
        assert_eq!(good().check(), Ok(()));
        assert!(wrong(|it| it.service = None).starts_with("service: is missing; name"));
        assert!(wrong(|it| it.selector = Some("a=b".into())).starts_with("selector: goes without"));
        assert!(wrong(|it| it.port = Port::Number(0)).starts_with("port: 0 is not"));
        assert!(wrong(|it| it.watch_ms = 500).starts_with("watch_ms: 500 is not whole seconds"));
        assert!(wrong(|it| it.api_url = Some("10.0.0.1".into())).starts_with("api_url: \"10.0.0"));
        assert!(wrong(|it| it.api_url = None).contains("KUBERNETES_SERVICE_HOST"));
        assert!(wrong(|it| it.token_file = Some("/no/such".into())).starts_with("token_file: "));
    }
}
