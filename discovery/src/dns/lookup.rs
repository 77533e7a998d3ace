//! Asks for records, and makes an answer of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{OptionFuture, join};
use futures::{StreamExt, stream};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use peer_ring_core::id::NodeName;
use peer_ring_discovery_core::dns::Answer;

use super::names::{Names, Who};
use super::settings::{Query, Settings};
use crate::NoName;

/// The addresses of so many hosts are asked for at once.
const HOSTS_AT_ONCE_MAX: usize = 16;

/// How many aliases are followed, one to the next.
const ALIASES_MAX: u32 = 4;

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
        Query::Srv { name, resolves_hosts } => look_up_srv(&resolver, name, resolves_hosts).await,
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

    /// Takes note of what keeps the list from being whole, if anything does.
    fn lacks(&mut self, problems: &[String]) {
        self.is_partial |= !problems.is_empty();
        self.problems.extend_from_slice(problems);
    }

    fn found(self, ttl: Duration) -> Found {
        let Self { nodes, problems, is_partial } = self;
        let answer = if nodes.is_empty() {
            Answer::Nothing
        } else {
            Answer::Listed { nodes, ttl, is_whole: !is_partial }
        };
        Found { answer, problems }
    }
}

/// A name without the dot at its end.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

/// The nodes of SRV records, at the addresses of their hosts as far as these are asked for and known,
/// or else at the hosts themselves.
async fn look_up_srv(resolver: &TokioResolver, name: Name, resolves_hosts: bool) -> Found {
    let records = match services(resolver, name.clone()).await {
        Ok(records) => records,
        Err(error) => return not_found(&name, &error),
    };
    let mut services = Vec::new();
    for record in records.answers() {
        // The root for a target says that there is no such service.
        if let RData::SRV(srv) = &record.data
            && !srv.target.is_root()
        {
            services.push(srv.clone());
        }
    }
    let found = stream::iter(services).map(|srv| async move {
        let asked = resolves_hosts.then(|| addresses_of(resolver, &srv.target));
        let addresses = OptionFuture::from(asked).await;
        (srv, addresses)
    });
    let found: Vec<_> = found.buffered(HOSTS_AT_ONCE_MAX).collect().await;
    let (mut list, mut ttl) = (List::default(), ttl(&records));
    for (SRV { target, port, .. }, addresses) in &found {
        match addresses {
            Some(Ok(addresses)) => {
                ttl = ttl.min(addresses.ttl);
                for ip in &addresses.ips {
                    list.add_host(target, SocketAddr::new(*ip, *port).to_string());
                }
                list.lacks(&addresses.problems);
            }
            Some(Err(error)) if !error.is_no_records_found() => {
                list.lacks(&[format!("{}: {error}", plain(target))]);
            }
            Some(Err(_)) | None => list.add_host(target, format!("{}:{port}", plain(target))),
        }
    }
    list.found(ttl)
}

async fn look_up_host(resolver: &TokioResolver, name: Name, port: u16, names: &Names) -> Found {
    let Addresses { ips, ttl, problems } = match addresses_of(resolver, &name).await {
        Ok(addresses) => addresses,
        Err(error) => return not_found(&name, &error),
    };
    let addresses: Vec<_> = ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    let found = names.of(&addresses, ttl).await;
    let mut list = List::default();
    list.lacks(&problems);
    list.add_named(addresses.into_iter().zip(found));
    list.found(ttl)
}

/// The addresses of a name, of both kinds.
struct Addresses {
    ips: Vec<IpAddr>,
    ttl: Duration,
    /// Why those of a kind are not among them.
    problems: Vec<String>,
}

/// The error is that there are none only when there are none of either kind.
async fn addresses_of(resolver: &TokioResolver, name: &Name) -> Result<Addresses, NetError> {
    let by_type = |kind| resolver.lookup(name.clone(), kind);
    let both = match join(by_type(RecordType::A), by_type(RecordType::AAAA)).await {
        (Err(v4), Err(v6)) => return Err(if v4.is_no_records_found() { v6 } else { v4 }),
        (v4, v6) => [v4, v6],
    };
    let mut addresses = Addresses { ips: Vec::new(), ttl: Duration::MAX, problems: Vec::new() };
    for outcome in both {
        match outcome {
            Ok(records) => {
                let ips = records.answers().iter().filter_map(|record| record.data.ip_addr());
                addresses.ips.extend(ips);
                addresses.ttl = addresses.ttl.min(ttl(&records));
            }
            Err(error) if error.is_no_records_found() => {}
            Err(error) => addresses.problems.push(format!("{}: {error}", plain(name))),
        }
    }
    Ok(addresses)
}

/// The SRV records of a name, or of the one that it is an alias of: the resolver takes the target of
/// an alias for that of a service, and finds nothing there.
async fn services(resolver: &TokioResolver, mut name: Name) -> Result<Lookup, NetError> {
    let mut aliases = 0;
    loop {
        let error = match resolver.lookup(name.clone(), RecordType::SRV).await {
            Ok(records) => return Ok(records),
            Err(error) if error.is_no_records_found() && aliases < ALIASES_MAX => error,
            Err(error) => return Err(error),
        };
        aliases += 1;
        let Ok(alias) = resolver.lookup(name, RecordType::CNAME).await else { return Err(error) };
        let target = alias.answers().iter().find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        });
        let Some(target) = target else { return Err(error) };
        name = target;
    }
}

fn not_found(name: &Name, error: &NetError) -> Found {
    let answer = if error.is_no_records_found() { Answer::Nothing } else { Answer::Failed };
    Found { answer, problems: vec![format!("{}: {error}", plain(name))] }
}

/// The shortest time to live of the records.
fn ttl(records: &Lookup) -> Duration {
    let least = records.answers().iter().map(|record| record.ttl).min();
    Duration::from_secs(least.unwrap_or_default().into())
}
