//! What an operator says about etcd.

use std::path::PathBuf;
use std::time::Duration;

use peer_ring_discovery_core::{Backoff, BadSetting, above_zero};
use serde::{Deserialize, Serialize};

use crate::files::pem;
use crate::login;

/// Where etcd is, and how this node's key is kept there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The members of the etcd cluster, each `http://host:port` or `https://host:port`. One is used
    /// at a time; when it fails, the next. None by default: at least one is needed.
    pub endpoints: Vec<String>,
    /// What the keys of this cluster's nodes begin with; another cluster of peer-ring needs another
    /// prefix. `/peer-ring/nodes/` by default.
    pub prefix: String,
    /// After how long the key of a node that was killed goes, in milliseconds: whole seconds, at
    /// least two. 10,000 by default.
    pub lease_ttl_ms: u64,
    /// How long an answer may take, in milliseconds. 3,000 by default.
    pub timeout_ms: u64,
    /// The user, when etcd wants one; it needs the right to read and write under `prefix`.
    pub user: Option<String>,
    /// The file with the user's password, in which a newline at the end does not count.
    pub password_file: Option<PathBuf>,
    /// The certificate authority of etcd's own certificates, in PEM; needed for `https`.
    pub ca_file: Option<PathBuf>,
    /// This node's certificate, in PEM, when etcd wants one.
    pub cert_file: Option<PathBuf>,
    /// The key of this node's certificate, in PEM.
    pub key_file: Option<PathBuf>,
    /// The pauses between attempts.
    pub backoff: Backoff,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            prefix: "/peer-ring/nodes/".to_owned(),
            lease_ttl_ms: 10_000,
            timeout_ms: 3_000,
            user: None,
            password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
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
        if self.endpoints.is_empty() {
            return Err(BadSetting::new(
                "endpoints",
                "is empty; give one or more http://host:port",
            ));
        }
        for endpoint in &self.endpoints {
            self.endpoint(endpoint)?;
        }
        if !self.prefix.ends_with('/') || self.prefix.len() < 2 {
            let problem = format!("{:?} must end with a / and be more than it", self.prefix);
            return Err(BadSetting::new("prefix", problem));
        }
        if self.lease_ttl_ms < 2_000 || !self.lease_ttl_ms.is_multiple_of(1_000) {
            let problem = format!(
                "{} is not whole seconds, 2000 or more, as etcd wants it",
                self.lease_ttl_ms
            );
            return Err(BadSetting::new("lease_ttl_ms", problem));
        }
        above_zero("timeout_ms", self.timeout_ms)?;
        login::check(self.user.as_deref(), self.password_file.as_deref())?;
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => {
                return Err(BadSetting::new("key_file", "is missing; cert_file needs its key"));
            }
            (None, Some(_)) => {
                return Err(BadSetting::new("cert_file", "is missing; key_file is that of one"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        pem("ca_file", self.ca_file.as_deref(), "CERTIFICATE")?;
        pem("cert_file", self.cert_file.as_deref(), "CERTIFICATE")?;
        pem("key_file", self.key_file.as_deref(), "PRIVATE KEY")?;
        self.backoff.check()
    }

    fn endpoint(&self, endpoint: &str) -> Result<(), BadSetting> {
        let bad = |problem: String| Err(BadSetting::new("endpoints", problem));
        let (is_tls, rest) = match endpoint.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) | None => {
                return bad(format!("{endpoint:?} must begin with http:// or https://"));
            }
        };
        let port = rest.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if !port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return bad(format!("{endpoint:?} must end with host:port"));
        }
        match (is_tls, &self.ca_file) {
            (true, None) => Err(BadSetting::new(
                "ca_file",
                format!("is missing; {endpoint} needs the authority of its certificate"),
            )),
            (false, Some(_)) => {
                bad(format!("{endpoint:?} must be https://, since ca_file is given"))
            }
            (true, Some(_)) | (false, None) => Ok(()),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn lease_ttl_s(&self) -> i64 {
        i64::try_from(self.lease_ttl_ms / 1_000).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Settings {
        Settings { endpoints: vec!["http://127.0.0.1:2379".into()], ..Settings::default() }
    }

    fn wrong(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = good();
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    }

    #[test]
    fn every_mistake_names_its_field() {
        assert_eq!(good().check(), Ok(()));
        assert!(wrong(|it| it.endpoints.clear()).starts_with("endpoints: is empty; give"));
        assert!(
            wrong(|it| it.endpoints = vec!["h:1".into()]).starts_with("endpoints: \"h:1\" must")
        );
        assert!(wrong(|it| it.endpoints = vec!["http://h".into()]).contains("host:port"));
        assert!(wrong(|it| it.endpoints = vec!["https://h:1".into()]).starts_with("ca_file: is"));
        assert!(wrong(|it| it.prefix = "/peer-ring".into()).starts_with("prefix: "));
        assert!(wrong(|it| it.lease_ttl_ms = 2_500).starts_with("lease_ttl_ms: 2500 is not whole"));
        assert!(wrong(|it| it.timeout_ms = 0).starts_with("timeout_ms: "));
        assert!(wrong(|it| it.user = Some("u".into())).starts_with("password_file: is missing"));
        assert!(wrong(|it| it.cert_file = Some("c".into())).starts_with("key_file: is missing"));
        assert!(wrong(|it| it.backoff.min_ms = 0).starts_with("backoff.min_ms: "));
    }

    #[test]
    fn a_certificate_file_that_holds_none_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello").unwrap();
        let mut settings = good();
        settings.endpoints = vec!["https://h:1".into()];
        settings.ca_file = Some(file.path().to_owned());
        let error = settings.check().unwrap_err();
        assert_eq!(error.field, "ca_file");
        assert!(error.problem.contains("no CERTIFICATE in PEM"), "{error}");
    }
}
