//! Asks for records, and makes an answer of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use peer_ring_core::id::NodeName;

use super::directory::Answer;
use super::names::{Names, Who};
use super::settings::{Query, Settings};
use crate::NoName;

/// What came of a question, and what was wrong on the way.
pub(super) struct Found {
    pub(super) answer: Answer,
    pub(super) problems: Vec<String>,
}

/// A resolver that asks the servers of the settings, or else the system's. It keeps no answers: the
/// directory asks when their time is over.
pub(super) fn resolver(settings: &Settings) -> Result<TokioResolver, NetError> {
    let mut builder = if settings.servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = settings.servers.iter().map(server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options: &mut ResolverOpts = builder.options_mut();
    options.cache_size = 0;
    options.timeout = settings.timeout();
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

/// A server that is asked by UDP, and by TCP for what a datagram has no room for.
fn server(at: &SocketAddr) -> NameServerConfig {
    let to_port = |mut connection: ConnectionConfig| {
        connection.port = at.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(to_port);
    NameServerConfig::new(at.ip(), true, connections.into())
}

/// Asks which nodes there are, by records and, where these have addresses only, by `names`.
pub(super) async fn look_up(resolver: TokioResolver, query: Query, names: Arc<Names>) -> Found {
    match query {
        Query::Srv(name) => look_up_srv(&resolver, name).await,
        Query::Host { name, port } => look_up_host(&resolver, name, port, &names).await,
    }
}

/// The nodes of a list, in the making.
#[derive(Default)]
struct List {
    nodes: BTreeMap<NodeName, BTreeSet<String>>,
    problems: Vec<String>,
    is_partial: bool,
}

impl List {
    /// Adds the nodes at these addresses. One that has answered at another address is not where it
    /// was before.
    fn add_named(&mut self, found: impl Iterator<Item = (SocketAddr, Who)>) {
        let mut silent = Vec::new();
        for (at, who) in found {
            match who {
                Who::Is(name) => drop(self.nodes.entry(name).or_default().insert(at.to_string())),
                Who::Was(name) => silent.push((name, at)),
                Who::Nameless(why) => {
                    self.is_partial |= matches!(why, NoName::NoAnswer { .. });
                    self.problems.push(why.to_string());
                }
            }
        }
        self.is_partial |= !silent.is_empty();
        silent.retain(|(name, _)| !self.nodes.contains_key(name));
        for (name, at) in silent {
            self.nodes.entry(name).or_default().insert(at.to_string());
        }
    }

    /// Adds the node whose name is the first label of this.
    fn add_host(&mut self, host: &Name, address: String) {
        let host = plain(host);
        let label = host.split('.').next().unwrap_or_default();
        match NodeName::new(label) {
            Ok(name) => drop(self.nodes.entry(name).or_default().insert(address)),
            Err(error) => self.problems.push(format!("{host} at {address} names no node: {error}")),
        }
    }

    fn found(self, ttl: Duration) -> Found {
        let Self { nodes, problems, is_partial } = self;
        let answer = Answer::Listed { nodes, ttl, is_whole: !is_partial };
        Found { answer, problems }
    }
}

/// A name without the dot at its end.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

async fn look_up_srv(resolver: &TokioResolver, name: Name) -> Found {
    let records = match resolver.lookup(name.clone(), RecordType::SRV).await {
        Ok(records) => records,
        Err(error) => return not_found(&name, &error),
    };
    let mut list = List::default();
    for record in records.answers() {
        // The root for a target says that there is no such service.
        if let RData::SRV(srv) = &record.data
            && !srv.target.is_root()
        {
            list.add_host(&srv.target, format!("{}:{}", plain(&srv.target), srv.port));
        }
    }
    if list.nodes.is_empty() {
        return Found { answer: Answer::Nothing, problems: list.problems };
    }
    list.found(ttl(&records))
}

async fn look_up_host(resolver: &TokioResolver, name: Name, port: u16, names: &Names) -> Found {
    let by_type = |kind| resolver.lookup(name.clone(), kind);
    let (v4, v6) = join(by_type(RecordType::A), by_type(RecordType::AAAA)).await;
    let failed = [&v4, &v6].into_iter().filter_map(|result| result.as_ref().err());
    let failed: Vec<_> = failed.filter(|error| !error.is_no_records_found()).collect();
    let answered: Vec<_> = [&v4, &v6].into_iter().flatten().collect();
    if answered.is_empty() {
        let worst = failed.first().copied().or(v4.as_ref().err());
        return worst.map_or_else(nothing, |error| not_found(&name, error));
    }
    let addresses = answered.iter().flat_map(|lookup| lookup.answers());
    let ips = addresses.filter_map(|record| record.data.ip_addr());
    let addresses: Vec<_> = ips.map(|ip| SocketAddr::new(ip, port)).collect();
    let ttl = answered.iter().copied().map(ttl).min().unwrap_or_default();
    let found = names.of(&addresses, ttl).await;
    let mut list = List { is_partial: !failed.is_empty(), ..List::default() };
    list.problems.extend(failed.iter().map(|error| format!("{}: {error}", plain(&name))));
    list.add_named(addresses.into_iter().zip(found));
    list.found(ttl)
}

fn not_found(name: &Name, error: &NetError) -> Found {
    let answer = if error.is_no_records_found() { Answer::Nothing } else { Answer::Failed };
    Found { answer, problems: vec![format!("{}: {error}", plain(name))] }
}

fn nothing() -> Found {
    Found { answer: Answer::Nothing, problems: Vec::new() }
}

/// The shortest time to live of the records.
fn ttl(records: &Lookup) -> Duration {
    let least = records.answers().iter().map(|record| record.ttl).min();
    Duration::from_secs(least.unwrap_or_default().into())
}
