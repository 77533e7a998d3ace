//! `peer-ring dev`: a whole cluster in one process, to try things on. It grows and shrinks while it
//! runs.

mod cluster;
mod command;
mod input;
mod watch;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use peer_ring::Sighting;

use crate::config::discovery::{Discovery, Member, Static};
use crate::config::log::Log;
use crate::config::{NodeConfig, check, settings};
use crate::exit::{Exit, Failure, OrExit, say};
use crate::logging;
use crate::node;
use crate::signals::Signals;
use crate::table::{Side, Table};
use cluster::Cluster;
use command::{Command, HELP};
use watch::Watch;

/// What is said unless `PEER_RING_LOG` says otherwise. The first nodes cannot link to the last ones
/// yet, which is no news here.
const LOG_LEVEL: &str = "warn,peer_ring::links::dial=error";

/// How often it is looked whether the ring has changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long the ring waits for more of the same before it changes: nobody types ten nodes at once.
const SETTLE_DELAY_MS: u64 = 300;

/// Runs a whole cluster in this process, in memory, which grows and shrinks as you type.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
While it runs it reads commands from its standard input, from a terminal or a pipe: add, remove n2,
kill n2, ring, help.

Examples:
  peer-ring dev
  peer-ring dev --nodes 5 --replicas 3
  (sleep 5; echo add; sleep 5; echo remove n1; cat) | peer-ring dev
  PEER_RING_LOG=info peer-ring dev --resp-port 6379")]
pub struct Options {
    /// How many nodes.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub nodes: u16,
    /// On how many of them each record is kept, when there are so many.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub replicas: u8,
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
    actix_rt::System::new().block_on(run(options, configs))
}

async fn run(options: &Options, configs: Vec<NodeConfig>) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let grace = Duration::from_millis(configs.iter().map(|c| c.stop.grace_ms).max().unwrap_or(0));
    let welcome = options.welcome(&configs);
    let started = tokio::select! {
        biased;
        _ = signals.next() => return Ok(Exit::Ok),
        started = Cluster::start(options, configs) => started,
    };
    let mut cluster = started?;
    let is_interrupted = tokio::select! {
        biased;
        _ = signals.next() => true,
        () = cluster.ready() => false,
    };
    if !is_interrupted {
        say(welcome);
        serve(&mut cluster, &mut signals).await?;
    }
    node::stop(cluster.into_servers(), signals, grace, Duration::ZERO).await
}

/// Lets the cluster grow and shrink as it is told, until it is told to stop.
async fn serve(cluster: &mut Cluster, signals: &mut Signals) -> Result<(), Failure> {
    let mut lines = input::lines()?;
    let mut has_input = true;
    let mut watch = Watch::default();
    if let Some(handle) = cluster.handle() {
        watch.know(&handle);
    }
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let line = tokio::select! {
            biased;
            _ = signals.next() => return Ok(()),
            line = lines.recv(), if has_input => line,
            news = cluster.next() => {
                say(news?);
                continue;
            }
            _ = look.tick() => {
                if let Some(handle) = cluster.handle()
                    && let Some(news) = watch.news(&handle).await
                {
                    say(news);
                }
                continue;
            }
        };
        has_input = line.is_some();
        match line.as_deref().map(Command::parse) {
            Some(Ok(Some(command))) => match cluster.obey(command) {
                Ok(said) => say(said),
                Err(why) => say(format_args!("{why:#}")),
            },
            Some(Err(why)) => say(why),
            Some(Ok(None)) | None => {}
        }
    }
}

/// A node of the list, as a configuration has it.
fn member(sighting: &Sighting) -> Member {
    let Sighting { name, address, .. } = sighting;
    Member { name: name.to_string(), address: address.clone(), zone: None, weight: None }
}

impl Options {
    /// The configuration of each node that there is from the start.
    fn configs(&self) -> anyhow::Result<Vec<NodeConfig>> {
        let members = (0..self.nodes).map(|at| self.member(at)).collect::<Result<Vec<_>, _>>()?;
        (0..self.nodes).map(|at| self.config(at, members.clone())).collect()
    }

    /// The configuration of the node of this number, which knows these and itself.
    fn config(&self, at: u16, mut members: Vec<Member>) -> anyhow::Result<NodeConfig> {
        let own = self.member(at)?;
        let mut config = NodeConfig::default();
        config.node.name = Some(own.name.clone());
        if members.iter().all(|member| member.name != own.name) {
            members.push(own);
        }
        config.node.threads = 1;
        config.cluster = "dev".to_owned();
        config.listen.peers = self.at(self.peer_port, at)?;
        config.listen.resp = Some(self.at(self.resp_port, at)?);
        config.listen.http = Some(self.at(self.http_port, at)?);
        config.discovery = Some(Discovery::Static(Static { members }));
        config.ring.replicas = self.replicas;
        config.ring.settle_delay_ms = SETTLE_DELAY_MS;
        config.fronts.resp.allow_flush = true;
        let config = settings::settled(config);
        check::check(&config)?;
        Ok(config)
    }

    fn member(&self, at: u16) -> anyhow::Result<Member> {
        let address = SocketAddr::new(self.reachable(), self.at(self.peer_port, at)?.port());
        let (name, address) = (format!("n{}", at + 1), address.to_string());
        Ok(Member { name, address, zone: None, weight: None })
    }

    fn at(&self, base: u16, node: u16) -> anyhow::Result<SocketAddr> {
        let port = base.checked_add(node).filter(|port| *port > 0);
        let port = port.ok_or_else(|| {
            anyhow!("{} nodes from port {base} on need ports from 1 to 65535", node + 1)
        })?;
        Ok(SocketAddr::new(self.listen, port))
    }

    /// Where nodes listen.
    fn shown(configs: &[&NodeConfig]) -> String {
        let heading = ["NODE", "REDIS", "HTTP", "PEERS"].map(|name| (name, Side::Left));
        let mut table = Table::new(heading);
        let show = |address: Option<SocketAddr>| address.map(|a| a.to_string()).unwrap_or_default();
        for NodeConfig { node, listen, .. } in configs {
            let name = node.name.clone().unwrap_or_default();
            let peers = listen.peers.to_string();
            table.row([name, show(listen.resp), show(listen.http), peers]);
        }
        table.to_string()
    }

    fn welcome(&self, configs: &[NodeConfig]) -> String {
        let table = Self::shown(&configs.iter().collect::<Vec<_>>());
        let last = self.nodes - 1;
        let host = self.reachable();
        let cli = match host {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => "redis-cli".to_owned(),
            host => format!("redis-cli -h {host}"),
        };
        let (nodes, replicas) = (self.nodes, self.replicas);
        let (first, last) = (self.resp_port, self.resp_port + last);
        let http = SocketAddr::new(host, self.http_port);
        format!(
            "A cluster of {nodes} nodes, in memory, each record on {}.\n\n{table}\n\
             Try:\n  \
             {cli} -p {first} SET a 1\n  \
             {cli} -p {last} GET a\n  \
             curl http://{http}/v1/kv/default/a\n  \
             peer-ring ring --address {http}\n\n\
             It grows and shrinks as you type here:\n{HELP}\n\n\
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
    fn one_node_says_that_it_keeps_one_copy_and_would_keep_more() {
        let options = options("dev --nodes 1");
        let configs = options.configs().unwrap();
        assert_eq!(configs[0].ring.replicas, 3);
        assert!(options.welcome(&configs).contains("1 nodes, in memory, each record on 1."));
    }

    #[test]
    fn one_more_node_knows_those_that_are_there_and_takes_the_next_ports() {
        let options = options("dev --nodes 2");
        let there = vec![options.member(0).unwrap(), options.member(1).unwrap()];
        let config = options.config(2, there).unwrap();
        assert_eq!(config.node.name.as_deref(), Some("n3"));
        assert_eq!(config.listen.http.unwrap().port(), 7503);
        let names: Vec<_> = config.members().unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(format!("{names:?}"), "[n1, n2, n3]");
        assert!(config.ring.bootstrap_expect > Some(1), "it never founds a cluster alone");
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
