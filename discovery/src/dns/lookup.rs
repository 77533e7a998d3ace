//! Asks for records, and makes an answer of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::{join, join_all};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use peer_ring_core::id::NodeName;

use super::settings::{Query, Settings};
use peer_ring_discovery_core::dns::Answer;

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

/// Asks which nodes there are.
pub(super) async fn look_up(resolver: TokioResolver, query: Query) -> Found {
    match query {
        Query::Srv(name) => look_up_srv(&resolver, name).await,
        Query::Host { name, port } => look_up_host(&resolver, name, port).await,
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
    /// Adds the node whose name is the first label of this.
    fn add(&mut self, host: &Name, address: String) {
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
    let records = match services(resolver, name.clone()).await {
        Ok(records) => records,
        Err(error) => return not_found(&name, &error),
    };
    let mut list = List::default();
    for record in records.answers() {
        // The root for a target says that there is no such service.
        if let RData::SRV(srv) = &record.data
            && !srv.target.is_root()
        {
            list.add(&srv.target, format!("{}:{}", plain(&srv.target), srv.port));
        }
    }
    if list.nodes.is_empty() {
        return Found { answer: Answer::Nothing, problems: list.problems };
    }
    list.found(ttl(&records))
}

async fn look_up_host(resolver: &TokioResolver, name: Name, port: u16) -> Found {
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
    let addresses: Vec<_> = addresses.filter_map(|record| record.data.ip_addr()).collect();
    let named = join_all(addresses.iter().map(|ip| name_of(resolver, *ip))).await;
    let mut list = List { is_partial: !failed.is_empty(), ..List::default() };
    list.problems.extend(failed.iter().map(|error| format!("{}: {error}", plain(&name))));
    for (ip, named) in addresses.into_iter().zip(named) {
        match named {
            Ok(host) => list.add(&host, SocketAddr::new(ip, port).to_string()),
            Err(problem) => {
                list.problems.push(problem);
                list.is_partial = true;
            }
        }
    }
    let least = answered.into_iter().map(ttl).min();
    list.found(least.unwrap_or_default())
}

/// What the PTR record of an address says.
async fn name_of(resolver: &TokioResolver, ip: IpAddr) -> Result<Name, String> {
    let mut reverse = Name::from(ip);
    reverse.set_fqdn(true);
    let records = resolver.lookup(reverse, RecordType::PTR).await;
    let records = records.map_err(|error| format!("{ip} has no name (PTR): {error}"))?;
    let names = records.answers().iter().filter_map(|record| match &record.data {
        RData::PTR(name) => Some(&name.0),
        _ => None,
    });
    names.min().cloned().ok_or_else(|| format!("{ip} has no name (PTR)"))
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

fn nothing() -> Found {
    Found { answer: Answer::Nothing, problems: Vec::new() }
}

/// The shortest time to live of the records.
fn ttl(records: &Lookup) -> Duration {
    let least = records.answers().iter().map(|record| record.ttl).min();
    Duration::from_secs(least.unwrap_or_default().into())
}
