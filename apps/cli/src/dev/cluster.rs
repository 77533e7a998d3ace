//! A cluster in this process that grows and shrinks.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{anyhow, bail};
use futures::future::{LocalBoxFuture, join_all, pending, select_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use peer_ring::{Handle, Sighting};
use peer_ring_core::id::NodeName;
use peer_ring_core::steward::{Change, Order};
use peer_ring_kv::Kv;
use tokio::sync::watch;

use crate::config::NodeConfig;
use crate::config::discovery::{Discovery, Static};
use crate::dev::Options;
use crate::dev::command::{Command, HELP};
use crate::dev::watch::said;
use crate::exit::Failure;
use crate::server::Server;

/// How long a node may take to have a ring.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The nodes of a cluster, by the order in which they came, and what is under way with them.
pub struct Cluster {
    options: Options,
    nodes: BTreeMap<NodeName, Place>,
    /// How many there ever were.
    count: u16,
    list: watch::Sender<Vec<Sighting>>,
    under_way: FuturesUnordered<LocalBoxFuture<'static, Done>>,
}

/// A node's place, which it keeps when it is killed.
struct Place {
    config: NodeConfig,
    state: State,
}

enum State {
    Starting,
    Runs(Box<Server>),
    Leaves(Box<Server>),
    Killed,
}

/// What has come to an end.
enum Done {
    Started(NodeName, Result<Box<Server>, Failure>),
    Left(NodeName, anyhow::Result<()>),
    Evicted(NodeName, anyhow::Result<()>),
    Stopped(NodeName),
}

impl Cluster {
    /// Starts nodes with these configurations, all of which list the same members.
    ///
    /// # Errors
    /// When one of them cannot start.
    pub async fn start(options: &Options, configs: Vec<NodeConfig>) -> Result<Self, Failure> {
        let count = u16::try_from(configs.len()).unwrap_or(u16::MAX);
        let members = configs.first().map(NodeConfig::members).transpose()?.unwrap_or_default();
        let (list, listed) = watch::channel(members);
        // Together: none has a ring before it sees the others.
        let starts = configs.iter().map(|config| Server::start(config, listed.clone()));
        let servers = join_all(starts).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let place = |(config, server): (NodeConfig, _)| {
            Ok((name_of(&config)?, Place { config, state: State::Runs(Box::new(server)) }))
        };
        let nodes = configs.into_iter().zip(servers).map(place).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            options: options.clone(),
            nodes,
            count,
            list,
            under_way: FuturesUnordered::new(),
        })
    }

    /// Waits until every replica on every node has its data.
    pub async fn ready(&self) {
        join_all(self.servers().map(Server::ready)).await;
    }

    /// What talks to one of the nodes, if any runs.
    pub fn handle(&self) -> Option<Handle<Kv>> {
        self.servers().next().map(Server::handle)
    }

    /// The nodes that run.
    pub fn into_servers(self) -> Vec<Server> {
        let running = |place: Place| match place.state {
            State::Runs(server) | State::Leaves(server) => Some(*server),
            State::Starting | State::Killed => None,
        };
        self.nodes.into_values().filter_map(running).collect()
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        running(&self.nodes)
    }

    /// Does what was typed, or begins it. What there is to say.
    ///
    /// # Errors
    /// Says why it cannot be done.
    pub fn obey(&mut self, command: Command) -> anyhow::Result<String> {
        match command {
            Command::Add(None) => self.add(),
            Command::Add(Some(name)) => self.bring_back(&name),
            Command::Remove(name) => self.remove(&name),
            Command::Kill(name) => self.kill(&name),
            Command::Ring => self.ring(),
            Command::Help => Ok(HELP.to_owned()),
        }
    }

    fn add(&mut self) -> anyhow::Result<String> {
        let mut members = self.list.borrow().clone();
        let listed: Vec<_> = members.iter().map(crate::dev::member).collect();
        let config = self.options.config(self.count, listed)?;
        let (name, shown) = (name_of(&config)?, Options::shown(&[&config]));
        self.count += 1;
        members = config.members().unwrap_or(members);
        self.list.send_replace(members);
        self.launch(name.clone(), config);
        Ok(format!("{name} starts\n{shown}"))
    }

    fn bring_back(&mut self, name: &NodeName) -> anyhow::Result<String> {
        let place = self.place(name)?;
        match place.state {
            State::Killed => {
                let mut config = place.config.clone();
                // Others may have come and gone since.
                let listed = self.list.borrow().iter().map(crate::dev::member).collect();
                config.discovery = Some(Discovery::Static(Static { members: listed }));
                self.launch(name.clone(), config);
                Ok(format!("{name} starts again, with nothing"))
            }
            State::Starting | State::Runs(_) | State::Leaves(_) => bail!("{name} runs already"),
        }
    }

    fn launch(&mut self, name: NodeName, config: NodeConfig) {
        let (listed, of) = (self.list.subscribe(), config.clone());
        self.nodes.insert(name.clone(), Place { config, state: State::Starting });
        let start = async move {
            let started = tokio::time::timeout(START_TIMEOUT, Server::start(&of, listed)).await;
            let late = |_| Err(anyhow!("has no ring after {START_TIMEOUT:?}").into());
            Done::Started(name, started.unwrap_or_else(late).map(Box::new))
        };
        self.under_way.push(start.boxed_local());
    }

    fn remove(&mut self, name: &NodeName) -> anyhow::Result<String> {
        let others = self.nodes.iter().filter(|(other, _)| *other != name);
        let other = others.filter_map(|(_, place)| match &place.state {
            State::Runs(server) => Some(server.handle()),
            State::Starting | State::Leaves(_) | State::Killed => None,
        });
        let other = other.into_iter().next();
        let place = self.place(name)?;
        let of = name.clone();
        match std::mem::replace(&mut place.state, State::Starting) {
            State::Runs(server) => {
                let handle = server.handle();
                place.state = State::Leaves(server);
                let leave = async move {
                    let ordered = handle.leave().await;
                    if ordered.is_ok() {
                        handle.left().await;
                    }
                    Done::Left(of, ordered.map(drop).map_err(Into::into))
                };
                self.under_way.push(leave.boxed_local());
                Ok(format!("{name} hands over what it owns"))
            }
            State::Killed => {
                place.state = State::Killed;
                let other = other.ok_or_else(|| anyhow!("no other node runs that could do it"))?;
                let evict = async move {
                    let change = Change { remove: vec![of.clone()], weights: Vec::new() };
                    let ordered = other.order(Order::Apply { epoch: None, change }).await;
                    Done::Evicted(of, ordered.map(drop).map_err(Into::into))
                };
                self.under_way.push(evict.boxed_local());
                Ok(format!("{name} is evicted: others fill what it owned"))
            }
            busy @ (State::Starting | State::Leaves(_)) => {
                place.state = busy;
                bail!("{name} is starting or leaving already")
            }
        }
    }

    fn kill(&mut self, name: &NodeName) -> anyhow::Result<String> {
        let place = self.place(name)?;
        match std::mem::replace(&mut place.state, State::Killed) {
            // What is dropped stops without a word.
            State::Runs(server) | State::Leaves(server) => {
                drop(server);
                Ok(format!("{name} is gone; `add {name}` brings it back with nothing"))
            }
            before @ (State::Starting | State::Killed) => {
                place.state = before;
                bail!("{name} does not run")
            }
        }
    }

    fn ring(&self) -> anyhow::Result<String> {
        let handle = self.handle().ok_or_else(|| anyhow!("no node runs"))?;
        let view = handle.view();
        let ring = view.ring.as_ref().ok_or_else(|| anyhow!("there is no ring yet"))?;
        let killed = self.nodes.iter().filter(|(_, place)| matches!(place.state, State::Killed));
        let killed: Vec<_> = killed.map(|(name, _)| name.as_str()).collect();
        Ok(match killed.as_slice() {
            [] => said(ring),
            killed => format!("{}; killed: {}", said(ring), killed.join(", ")),
        })
    }

    fn place(&mut self, name: &NodeName) -> anyhow::Result<&mut Place> {
        self.nodes.get_mut(name).ok_or_else(|| anyhow!("there is no node {name}"))
    }

    /// Waits until something that was begun is done. What there is to say about it.
    ///
    /// # Errors
    /// When a node stops by itself.
    pub async fn next(&mut self) -> Result<String, Failure> {
        let Self { nodes, under_way, .. } = self;
        let done = tokio::select! {
            biased;
            failure = failed(nodes) => return Err(failure),
            Some(done) = under_way.next() => done,
        };
        Ok(self.conclude(done))
    }

    fn conclude(&mut self, done: Done) -> String {
        match done {
            Done::Started(name, Ok(server)) => {
                self.set(&name, State::Runs(server));
                format!("{name} runs")
            }
            Done::Started(name, Err(failure)) => {
                self.set(&name, State::Killed);
                format!("{name} does not start: {:#}", failure.cause)
            }
            Done::Left(name, Ok(())) => {
                if let Some(Place { state: State::Runs(server) | State::Leaves(server), .. }) =
                    self.forget(&name)
                {
                    let of = name.clone();
                    let stop = async move {
                        Server::stop(vec![*server]).await;
                        Done::Stopped(of)
                    };
                    self.under_way.push(stop.boxed_local());
                }
                format!("{name} has left the ring")
            }
            Done::Evicted(name, Ok(())) => {
                self.forget(&name);
                format!("{name} is no member for long any more")
            }
            Done::Left(name, Err(why)) | Done::Evicted(name, Err(why)) => {
                if let Some(place) = self.nodes.get_mut(&name) {
                    place.state = match std::mem::replace(&mut place.state, State::Killed) {
                        State::Leaves(server) | State::Runs(server) => State::Runs(server),
                        state @ (State::Starting | State::Killed) => state,
                    };
                }
                format!("{name} stays: {why:#}")
            }
            Done::Stopped(name) => format!("{name} has stopped"),
        }
    }

    fn forget(&mut self, name: &NodeName) -> Option<Place> {
        self.list.send_modify(|members| members.retain(|member| member.name != *name));
        self.nodes.remove(name)
    }

    fn set(&mut self, name: &NodeName, state: State) {
        if let Some(place) = self.nodes.get_mut(name) {
            place.state = state;
        }
    }
}

fn running(nodes: &BTreeMap<NodeName, Place>) -> impl Iterator<Item = &Server> {
    nodes.values().filter_map(|place| match &place.state {
        State::Runs(server) | State::Leaves(server) => Some(&**server),
        State::Starting | State::Killed => None,
    })
}

/// Waits until a node stops by itself.
async fn failed(nodes: &BTreeMap<NodeName, Place>) -> Failure {
    let failures: Vec<_> = running(nodes).map(|server| server.failed().boxed_local()).collect();
    if failures.is_empty() { pending().await } else { select_all(failures).await.0 }
}

fn name_of(config: &NodeConfig) -> anyhow::Result<NodeName> {
    Ok(NodeName::new(config.node.name.as_deref().unwrap_or_default())?)
}
