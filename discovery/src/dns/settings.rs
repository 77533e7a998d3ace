//! What a user sets of DNS, and what of it cannot work.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::Name;
use peer_ring_discovery_core::dns::Pace;
use peer_ring_discovery_core::{Backoff, BadSetting, above_zero};
use serde::{Deserialize, Serialize};

/// The block `dns` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The name whose SRV records name the nodes and their ports, such as
    /// `_peers._tcp.example.org.`: either this or `host`.
    pub srv: Option<String>,
    /// The name whose A and AAAA records are the nodes' addresses. Whoever answers at one says which
    /// node it is.
    pub host: Option<String>,
    /// With `host`, the port at which each node is linked to.
    pub port: Option<u16>,
    /// The servers to ask, address and port each; by default those of the system. With `srv` they
    /// are asked for the addresses of hosts, too, and the system for those that they do not know.
    pub servers: Vec<SocketAddr>,
    /// Records are asked for again after this at the earliest, however short their time to live,
    /// in milliseconds. Default 1000.
    pub ttl_min_ms: u64,
    /// Records are asked for again after this at the latest, in milliseconds. Default 30000.
    pub ttl_max_ms: u64,
    /// How long a server may take to answer, in milliseconds. Default 2000.
    pub timeout_ms: u64,
    /// The pauses after failures.
    pub backoff: Backoff,
    /// A node that answers leave out for so long does not exist any more, and who was at an address
    /// that they leave out for so long is forgotten, in milliseconds. Default 30000.
    pub forget_after_ms: u64,
    /// How long there may be no record at all, or addresses at which nobody answers, before this
    /// node takes what it has found for all that there is, in milliseconds. Default 3000.
    pub settle_after_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            srv: None,
            host: None,
            port: None,
            servers: Vec::new(),
            ttl_min_ms: 1_000,
            ttl_max_ms: 30_000,
            timeout_ms: 2_000,
            backoff: Backoff::default(),
            forget_after_ms: 30_000,
            settle_after_ms: 3_000,
        }
    }
}

/// Which records say which nodes there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// SRV records. Whether the addresses of their hosts are asked for as well: the system may not
    /// know hosts of servers that are named in the settings.
    Srv {
        name: Name,
        resolves_hosts: bool,
    },
    Host {
        name: Name,
        port: u16,
    },
}

impl Settings {
    /// Whether nodes can be found so.
    ///
    /// # Errors
    /// [`BadSetting`] names the field and what to do.
    pub fn check(&self) -> Result<(), BadSetting> {
        self.query()?;
        above_zero("ttl_min_ms", self.ttl_min_ms)?;
        if self.ttl_max_ms < self.ttl_min_ms {
            let (most, least) = (self.ttl_max_ms, self.ttl_min_ms);
            let problem = format!("{most} is less than ttl_min_ms, {least}");
            return Err(BadSetting::new("ttl_max_ms", problem));
        }
        above_zero("timeout_ms", self.timeout_ms)?;
        self.backoff.check()
    }

    /// Which records to ask for.
    pub(super) fn query(&self) -> Result<Query, BadSetting> {
        match (&self.srv, &self.host, self.port) {
            (Some(srv), None, None) => {
                let resolves_hosts = !self.servers.is_empty();
                Ok(Query::Srv { name: name("srv", srv)?, resolves_hosts })
            }
            (None, Some(host), Some(port)) if port > 0 => {
                Ok(Query::Host { name: name("host", host)?, port })
            }
            (None, Some(_), _) => {
                let problem = "is missing: say at which port the nodes of `host` are linked to";
                Err(BadSetting::new("port", problem))
            }
            (Some(_), None, Some(_)) => {
                let problem = "goes with `host` only: SRV records have ports of their own";
                Err(BadSetting::new("port", problem))
            }
            (Some(_), Some(_), _) => {
                let problem = "only one of `srv` and `host` can say which nodes there are";
                Err(BadSetting::new("host", problem))
            }
            (None, None, _) => {
                let problem = "is missing: give the name of SRV records, or `host` and `port`";
                Err(BadSetting::new("srv", problem))
            }
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// When to ask, and how long to believe what was heard.
    pub(super) fn pace(&self) -> Pace {
        let millis = Duration::from_millis;
        Pace {
            ttl: millis(self.ttl_min_ms)..=millis(self.ttl_max_ms),
            pauses: self.backoff.pauses(),
            forget_after: millis(self.forget_after_ms),
            settle_after: millis(self.settle_after_ms),
        }
    }
}

fn name(field: &'static str, text: &str) -> Result<Name, BadSetting> {
    let bad = |why| BadSetting::new(field, format!("{text:?} is no name: {why}"));
    match Name::from_utf8(text) {
        Ok(name) if !name.is_root() => Ok(name),
        Ok(_) => Err(bad("it is empty".to_owned())),
        Err(error) => Err(bad(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let settings: Settings = serde_saphyr::from_str(text).unwrap();
        settings.check().map_or_else(|bad| bad.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn asks_for_one_kind_of_record() {
        assert_eq!(said("srv: _peers._tcp.example.org"), "fine");
        assert_eq!(said("{host: peers.example.org, port: 7601}"), "fine");
        assert!(said("ttl_min_ms: 5").starts_with("srv: is missing"));
        assert!(said("host: peers").starts_with("port: is missing"));
        assert!(said("{host: peers, port: 0}").starts_with("port: is missing"));
        assert!(said("{srv: peers, port: 1}").starts_with("port: goes with `host` only"));
        assert!(said("{srv: peers, host: peers, port: 1}").starts_with("host: only one of"));
        assert!(said("srv: a..b").starts_with("srv: \"a..b\" is no name"));
        assert!(said("srv: .").starts_with("srv: \".\" is no name"));
    }

    #[test]
    fn bounds_that_cross_are_refused() {
        let crossed = "{srv: p, ttl_min_ms: 50, ttl_max_ms: 40}";
        assert_eq!(said(crossed), "ttl_max_ms: 40 is less than ttl_min_ms, 50");
        assert!(said("{srv: p, backoff: {min_ms: 0}}").starts_with("backoff.min_ms: 0 is not"));
        assert!(said("{srv: p, timeout_ms: 0}").starts_with("timeout_ms: 0 is not above 0"));
    }
}
