//! What an operator says about ZooKeeper.

use std::path::PathBuf;
use std::time::Duration;

use peer_ring_discovery_core::{Backoff, BadSetting};
use serde::{Deserialize, Serialize};

use crate::login;

/// Where ZooKeeper is, and how this node's znode is kept there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The servers of the ensemble, each `host:port`. None by default: at least one is needed.
    pub servers: Vec<String>,
    /// Below which path the nodes of this cluster are; another cluster of peer-ring needs another
    /// one. It is created when it is not there. `/peer-ring/nodes` by default.
    pub path: String,
    /// After how long the znode of a node that was killed goes, in milliseconds; the servers have
    /// bounds of their own, 2 to 20 of their ticks. 10,000 by default.
    pub session_timeout_ms: u64,
    /// The user of the scheme `digest`, if one is wanted.
    pub user: Option<String>,
    /// The file with the user's password, in which a newline at the end does not count.
    pub password_file: Option<PathBuf>,
    /// Who else may read and change what this node creates. `creator` by default when there is a
    /// user, else `open`.
    pub access: Option<Access>,
    /// The pauses between attempts.
    pub backoff: Backoff,
}

/// Who may do what with a znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anybody may do anything: `world:anyone:cdrwa`.
    Open,
    /// Who has the same user may do anything, nobody else anything: `auth::cdrwa`.
    Creator,
    /// Who has the same user may do anything, anybody else may read.
    CreatorAndReaders,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            path: "/peer-ring/nodes".to_owned(),
            session_timeout_ms: 10_000,
            user: None,
            password_file: None,
            access: None,
            backoff: Backoff::default(),
        }
    }
}

impl Settings {
    /// Checks them, the file among them.
    ///
    /// # Errors
    /// [`BadSetting`] names the first field that cannot work, and says what to do.
    pub fn check(&self) -> Result<(), BadSetting> {
        if self.servers.is_empty() {
            return Err(BadSetting::new("servers", "is empty; give one or more host:port"));
        }
        for server in &self.servers {
            let parts = server.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
            if server.contains(['/', ',']) || !parts.is_some_and(|(_, port)| is_port(port)) {
                let problem = format!("{server:?} must be host:port, without a scheme or path");
                return Err(BadSetting::new("servers", problem));
            }
        }
        let steps = self.path.strip_prefix('/').map(|steps| steps.split('/'));
        if !steps.is_some_and(|mut steps| steps.all(|step| !matches!(step, "" | "." | ".."))) {
            let problem = format!("{:?} must begin with a / and not end with one", self.path);
            return Err(BadSetting::new("path", problem));
        }
        if self.session_timeout_ms < 1_000 {
            let problem = format!("{} is less than 1000", self.session_timeout_ms);
            return Err(BadSetting::new("session_timeout_ms", problem));
        }
        if self.user.as_ref().is_some_and(|user| user.is_empty() || user.contains(':')) {
            return Err(BadSetting::new("user", "must not be empty, or have a colon"));
        }
        login::check(self.user.as_deref(), self.password_file.as_deref())?;
        if self.access.is_some_and(|access| access != Access::Open) && self.user.is_none() {
            return Err(BadSetting::new("access", "needs a user; give one, or say open"));
        }
        self.backoff.check()
    }

    pub(super) fn access(&self) -> Access {
        match (self.access, &self.user) {
            (Some(access), _) => access,
            (None, Some(_)) => Access::Creator,
            (None, None) => Access::Open,
        }
    }

    pub(super) fn session_timeout(&self) -> Duration {
        Duration::from_millis(self.session_timeout_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Settings {
        Settings { servers: vec!["127.0.0.1:2181".into()], ..Settings::default() }
    }

    fn wrong(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = good();
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    }

    #[test]
    fn every_mistake_names_its_field() {
        assert_eq!(good().check(), Ok(()));
        assert!(wrong(|it| it.servers.clear()).starts_with("servers: is empty; give"));
        assert!(wrong(|it| it.servers = vec!["h".into()]).starts_with("servers: \"h\" must be"));
        assert!(wrong(|it| it.servers = vec!["h:1/x".into()]).contains("without a scheme or path"));
        assert!(wrong(|it| it.path = "/a/".into()).starts_with("path: \"/a/\" must"));
        assert!(wrong(|it| it.path = "a".into()).starts_with("path: "));
        assert!(wrong(|it| it.session_timeout_ms = 10).starts_with("session_timeout_ms: 10 is"));
        assert!(wrong(|it| it.user = Some("u".into())).starts_with("password_file: is missing"));
        assert!(wrong(|it| it.access = Some(Access::Creator)).starts_with("access: needs a user"));
    }

    #[test]
    fn who_has_a_user_keeps_its_znode_to_it() {
        let mut settings = good();
        assert_eq!(settings.access(), Access::Open);
        settings.user = Some("ring".into());
        assert_eq!(settings.access(), Access::Creator);
        settings.access = Some(Access::CreatorAndReaders);
        assert_eq!(settings.access(), Access::CreatorAndReaders);
    }
}
