//! `peer-ring node`: one node, as its configuration says.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use peer_ring::Sighting;
use tokio::sync::watch;
use tracing::field::display;

use crate::config::discovery::Discovery;
use crate::config::load::{self, Surroundings};
use crate::config::{NodeConfig, yaml};
use crate::exit::{Exit, Failure, OrExit, complain, say};
use crate::logging;
use crate::server::Server;
use crate::signals::{Hangups, Signals};

/// How much longer than the graces of its fronts and of itself a node's stop may take before the
/// process ends all the same.
const STOP_SLACK: Duration = Duration::from_secs(5);

/// For how long a node that has left the ring still answers those who wait for that.
const LINGER: Duration = Duration::from_secs(2);

/// Runs one node, as its configuration says.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Every field of the configuration has a variable, which goes before the file: PEER_RING_ and the
field's path in capitals, joined by _. Its value is YAML.

SIGHUP lets the node read discovery.static.members of its file again, and nothing else.

Examples:
  peer-ring node --config node.yml
  PEER_RING_LISTEN_PEERS=0.0.0.0:7601 peer-ring node --config node.yml --check
  PEER_RING_NODE_NAME=n1 \\
    PEER_RING_DISCOVERY_STATIC_MEMBERS='[{name: n1, address: 127.0.0.1:7601}]' peer-ring node
  peer-ring node --config node.yml --print-config")]
pub struct Options {
    /// The configuration; without one, the defaults and the environment's variables are it.
    #[arg(long, value_name = "FILE", env = "PEER_RING_CONFIG")]
    pub config: Option<PathBuf>,
    /// Only say whether the configuration is right.
    #[arg(long, conflicts_with = "print_config")]
    pub check: bool,
    /// Print the configuration as it takes effect, as YAML that can be read back.
    #[arg(long)]
    pub print_config: bool,
}

/// Runs a node until it is told to stop.
///
/// # Errors
/// When its configuration is wrong, it cannot start, or it stops by itself.
pub fn node(options: &Options) -> Result<Exit, Failure> {
    let surroundings = Surroundings::of_this_process().or_exit(Exit::Config)?;
    let config = load::load(options.config.as_deref(), &surroundings).or_exit(Exit::Config)?;
    if options.print_config {
        say(yaml::print(&config).trim_end());
        return Ok(Exit::Ok);
    }
    if options.check {
        say("the configuration is right");
        return Ok(Exit::Ok);
    }
    logging::start(&config.log).or_exit(Exit::Config)?;
    actix_rt::System::new().block_on(run(options, &config))
}

async fn run(options: &Options, config: &NodeConfig) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let (list, listed) = watch::channel(config.members().or_exit(Exit::Config)?);
    let again = reread_when_told(options, &list, Hangups::new()?);
    tokio::select! {
        biased;
        server = serve(config, listed, &mut signals) => {
            let grace = Duration::from_millis(config.stop.grace_ms);
            let leave = config.ring.leave_on_stop().unwrap_or_default();
            stop(vec![server?], signals, grace, leave).await
        }
        never = again => match never {},
    }
}

/// Runs a node until it is to be stopped.
async fn serve(
    config: &NodeConfig,
    listed: watch::Receiver<Vec<Sighting>>,
    signals: &mut Signals,
) -> Result<Server, Failure> {
    let server = Server::launch(config, listed).await?;
    tokio::select! {
        biased;
        asked = signals.next() => {
            tracing::info!(?asked, "stopping before there is a ring");
            return Ok(server);
        }
        ring = server.until_ring() => ring?,
    }
    let name = config.node.name.as_deref().unwrap_or_default();
    tracing::info!(name, cluster = config.cluster, peers = %server.peers(), "started");
    let mut is_ready = false;
    let handle = server.handle();
    loop {
        tokio::select! {
            biased;
            asked = signals.next() => {
                tracing::info!(?asked, "stopping");
                return Ok(server);
            }
            failure = server.failed() => return Err(failure),
            () = handle.left() => {
                tracing::info!("no member any more: stopping");
                tokio::time::sleep(LINGER).await;
                return Ok(server);
            }
            () = server.ready(), if !is_ready => {
                is_ready = true;
                let (resp, http) = (server.resp().map(display), server.http().map(display));
                tracing::info!(resp, http, "ready");
            }
        }
    }
}

/// Reads the list of nodes in the configuration again whenever SIGHUP comes.
async fn reread_when_told(
    options: &Options,
    list: &watch::Sender<Vec<Sighting>>,
    mut hangups: Hangups,
) -> std::convert::Infallible {
    loop {
        hangups.next().await;
        match reread(options) {
            Ok(members) => relist(list, members),
            Err(error) => tracing::error!("not read again: {error:#}"),
        }
    }
}

fn reread(options: &Options) -> anyhow::Result<Vec<Sighting>> {
    let file = options.config.as_deref().context("there is no file")?;
    let config = load::load(Some(file), &Surroundings::of_this_process()?)?;
    let listed = config.discovery.as_ref().and_then(Discovery::listed);
    listed.context("only discovery.static has a list to read")?;
    config.members()
}

fn relist(list: &watch::Sender<Vec<Sighting>>, members: Vec<Sighting>) {
    let names = |members: &[Sighting]| {
        let members = members.iter().map(|it| format!("{} at {}", it.name, it.address));
        members.collect::<Vec<_>>().join(", ")
    };
    let (before, now) = (names(&list.borrow()), names(&members));
    if list.send_if_modified(|known| {
        let is_news = *known != members;
        *known = members;
        is_news
    }) {
        tracing::info!(before, now, "discovery.static.members was read again");
    } else {
        tracing::info!(now, "discovery.static.members was read again and has not changed");
    }
}

/// Stops nodes, which may take this long to leave; a second signal, or a stop that takes too long, ends the process at once.
///
/// # Errors
/// When they did not stop in time.
pub async fn stop(
    servers: Vec<Server>,
    mut signals: Signals,
    grace: Duration,
    leave: Duration,
) -> Result<Exit, Failure> {
    let all = Server::stop(servers);
    tokio::select! {
        biased;
        () = all => {
            tracing::info!("stopped");
            Ok(Exit::Ok)
        }
        asked = signals.next() => {
            complain("a second signal: stopped at once");
            std::process::exit(asked.exit_code());
        }
        () = tokio::time::sleep(leave + 2 * grace + STOP_SLACK) => {
            let cause = anyhow!("not stopped {STOP_SLACK:?} after twice its grace of {grace:?}");
            Err(Failure { exit: Exit::Failed, cause })
        }
    }
}
