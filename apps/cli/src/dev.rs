//! `peer-ring dev`: a whole cluster in one process, to try things on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use futures::future::select_all;
use futures::{FutureExt, future};

use crate::config::discovery::{Discovery, Member, Static};
use crate::config::log::Log;
use crate::config::{NodeConfig, check, settings};
use crate::exit::{Exit, Failure, OrExit, say};
use crate::logging;
use crate::node;
use crate::server::Server;
use crate::signals::Signals;
use crate::table::{Side, Table};

/// What is said unless `PEER_RING_LOG` says otherwise. The first nodes cannot link to the last ones
/// yet, which is no news here.
const LOG_LEVEL: &str = "warn,peer_ring::links::dial=error";

/// Runs a whole cluster in this process, in memory.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  peer-ring dev
  peer-ring dev --nodes 5 --replicas 3
  PEER_RING_LOG=info peer-ring dev --resp-port 6379")]
pub struct Options {
    /// How many nodes.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub nodes: u16,
    /// On how many of them each record is kept; three, if there are so many, when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=16))]
    pub replicas: Option<u16>,
    /// The first node's port for the Redis protocol; each node takes the next one.
    #[arg(long, value_name = "PORT", default_value_t = 7401)]
    pub resp_port: u16,
    /// The first node's port for HTTP.
    #[arg(long, value_name = "PORT", default_value_t = 7501)]
    pub http_port: u16,
    /// The first node's port for its peers.
    #[arg(long, value_name = "PORT", default_value_t = 7601)]
    pub peer_port: u16,
    /// The address to listen on.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub listen: IpAddr,
}

/// Runs the cluster until it is told to stop.
///
/// # Errors
/// When it cannot start, or a node stops by itself.
pub fn dev(options: &Options) -> Result<Exit, Failure> {
    logging::start(&Log { level: LOG_LEVEL.to_owned(), ..Log::default() }).or_exit(Exit::Usage)?;
    let configs = options.configs().or_exit(Exit::Usage)?;
    actix_rt::System::new().block_on(run(options, &configs))
}

async fn run(options: &Options, configs: &[NodeConfig]) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let mut servers = Vec::new();
    for config in configs {
        servers.push(Server::start(config).await?);
    }
    let grace = Duration::from_millis(configs.iter().map(|c| c.stop.grace_ms).max().unwrap_or(0));
    let all_ready = future::join_all(servers.iter().map(Server::ready)).boxed_local();
    let is_interrupted = tokio::select! {
        biased;
        _ = signals.next() => true,
        failure = any_failed(&servers) => return Err(failure),
        _ = all_ready => false,
    };
    if !is_interrupted {
        say(options.welcome(configs));
        tokio::select! {
            biased;
            _ = signals.next() => {}
            failure = any_failed(&servers) => return Err(failure),
        }
    }
    node::stop(servers, signals, grace).await
}

async fn any_failed(servers: &[Server]) -> Failure {
    select_all(servers.iter().map(|server| server.failed().boxed_local())).await.0
}

impl Options {
    /// The configuration of each node.
    fn configs(&self) -> anyhow::Result<Vec<NodeConfig>> {
        let replicas = u8::try_from(self.replicas.unwrap_or(self.nodes.min(3)))?;
        let members: Vec<_> = (0..self.nodes)
            .map(|at| {
                let port = self.at(self.peer_port, at)?.port();
                let address = SocketAddr::new(self.reachable(), port).to_string();
                Ok(Member { name: format!("n{}", at + 1), address, zone: None, weight: 1 })
            })
            .collect::<anyhow::Result<_>>()?;
        let config = |at: u16| {
            let mut config = NodeConfig::default();
            config.node.name = Some(format!("n{}", at + 1));
            config.node.threads = 1;
            config.cluster = "dev".to_owned();
            config.listen.peers = self.at(self.peer_port, at)?;
            config.listen.resp = Some(self.at(self.resp_port, at)?);
            config.listen.http = Some(self.at(self.http_port, at)?);
            config.discovery = Some(Discovery::Static(Static { members: members.clone() }));
            config.ring.replicas = replicas;
            config.fronts.resp.allow_flush = true;
            let config = settings::settled(config);
            check::check(&config)?;
            Ok(config)
        };
        (0..self.nodes).map(config).collect()
    }

    fn at(&self, base: u16, node: u16) -> anyhow::Result<SocketAddr> {
        let port = base.checked_add(node).filter(|port| *port > 0);
        let port = port.ok_or_else(|| {
            anyhow!("{} nodes from port {base} on need ports from 1 to 65535", self.nodes)
        })?;
        Ok(SocketAddr::new(self.listen, port))
    }

    fn welcome(&self, configs: &[NodeConfig]) -> String {
        let heading = ["NODE", "REDIS", "HTTP", "PEERS"].map(|name| (name, Side::Left));
        let mut table = Table::new(heading);
        let show = |address: Option<SocketAddr>| address.map(|a| a.to_string()).unwrap_or_default();
        for NodeConfig { node, listen, .. } in configs {
            let name = node.name.clone().unwrap_or_default();
            let peers = listen.peers.to_string();
            table.row([name, show(listen.resp), show(listen.http), peers]);
        }
        let last = self.nodes - 1;
        let host = self.reachable();
        let cli = match host {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => "redis-cli".to_owned(),
            host => format!("redis-cli -h {host}"),
        };
        let (nodes, replicas) = (self.nodes, configs[0].ring.replicas);
        let (first, last) = (self.resp_port, self.resp_port + last);
        let http = SocketAddr::new(host, self.http_port);
        format!(
            "A cluster of {nodes} nodes, in memory, each record on {}.\n\n{table}\n\
             Try:\n  \
             {cli} -p {first} SET a 1\n  \
             {cli} -p {last} GET a\n  \
             curl http://{http}/v1/kv/default/a\n  \
             peer-ring ring --address {http}\n\n\
             Ctrl-C stops it.",
            replicas.min(u8::try_from(nodes).unwrap_or(u8::MAX)),
        )
    }

    /// An address at which whoever is on this host reaches the nodes.
    fn reachable(&self) -> IpAddr {
        match self.listen {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &str) -> Options {
        Line::parse_from(line.split(' ')).options
    }

    #[test]
    fn each_node_takes_the_next_ports_and_knows_all_members() {
        let configs = options("dev --nodes 4").configs().unwrap();
        let listens: Vec<_> = configs.iter().map(|c| c.listen.resp.unwrap().port()).collect();
        assert_eq!(listens, [7401, 7402, 7403, 7404]);
        assert!(configs.iter().all(|config| config.discovery == configs[0].discovery));
        assert!(configs.iter().all(|config| config.ring.replicas == 3));
    }

    #[test]
    fn one_node_keeps_one_copy() {
        assert_eq!(options("dev --nodes 1").configs().unwrap()[0].ring.replicas, 1);
    }

    #[test]
    fn ports_past_the_last_one_are_refused() {
        let error = options("dev --resp-port 65534").configs().unwrap_err();
        assert!(error.to_string().contains("65534"), "{error}");
    }

    #[test]
    fn the_welcome_names_every_node_and_a_first_command() {
        let options = options("dev --listen 0.0.0.0");
        let welcome = options.welcome(&options.configs().unwrap());
        for part in ["n3", "redis-cli -p 7401 SET a 1", "-p 7403 GET a", "curl http://127"] {
            assert!(welcome.contains(part), "{part} in {welcome}");
        }
    }
}
