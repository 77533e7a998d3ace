//! Nodes in this process, with real sockets, for tests that are clients of them.
#![allow(dead_code)]

pub mod http;
pub mod redis;
pub mod tools;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_rt::System;
use futures::future::join_all;
use peer_ring::{Config, Node, NodeName, Sighting};
use peer_ring_kv::Kv;
use peer_ring_kv::fronts::{FrontConfig, HttpConfig, RedisConfig, Serving, serve};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Some nodes of one cluster, until it is dropped.
pub struct World {
    /// Where each node's Redis front listens.
    pub redis: Vec<SocketAddr>,
    /// Where each node's HTTP front listens.
    pub http: Vec<SocketAddr>,
    orders: UnboundedSender<Order>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    /// Stop this node, as an operator does, and say when it is done.
    Stop(usize, mpsc::Sender<()>),
}

impl World {
    /// A cluster of so many nodes, ready to be used.
    pub fn start(nodes: usize, fronts: FrontConfig) -> Self {
        Self::with(nodes, Kv::default(), fronts)
    }

    /// One node with the defaults, except that it may be flushed.
    pub fn alone() -> Self {
        Self::start(1, fronts())
    }

    /// A cluster of so many nodes that run this app.
    pub fn with(nodes: usize, kv: Kv, fronts: FrontConfig) -> Self {
        let (orders, received) = unbounded_channel();
        let (started, ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(run(nodes, kv, fronts, started, received));
        });
        let patience = Duration::from_secs(30);
        let (redis, http) = ready.recv_timeout(patience).expect("the nodes start");
        Self { redis, http, orders, thread: Some(thread) }
    }

    /// Stops one node.
    pub fn stop(&self, node: usize) {
        self.begin_stop(node).recv_timeout(Duration::from_secs(20)).expect("it stops");
    }

    /// Begins to stop one node; something comes when it is done.
    pub fn begin_stop(&self, node: usize) -> mpsc::Receiver<()> {
        let (done, wait) = mpsc::channel();
        self.orders.send(Order::Stop(node, done)).expect("the world still turns");
        wait
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let (nobody, _) = unbounded_channel();
        drop(std::mem::replace(&mut self.orders, nobody));
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || std::thread::panicking(), "the nodes panicked");
        }
    }
}

/// Both fronts, anywhere.
pub fn fronts() -> FrontConfig {
    let listen = "127.0.0.1:0".to_owned();
    let redis = RedisConfig { listen: listen.clone(), allow_flush: true, ..RedisConfig::default() };
    let http = HttpConfig { listen, ..HttpConfig::default() };
    FrontConfig { redis: Some(redis), http: Some(http), ..FrontConfig::default() }
}

/// An address where nobody listens.
pub fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

type Started = (Vec<SocketAddr>, Vec<SocketAddr>);

async fn run(
    count: usize,
    kv: Kv,
    fronts: FrontConfig,
    started: mpsc::Sender<Started>,
    mut orders: UnboundedReceiver<Order>,
) {
    let mut running = Vec::new();
    // Together: they found the cluster when all of them are there.
    let start = |config| Node::builder().config(config).app(kv.clone()).start();
    for node in join_all(configs(count).into_iter().map(start)).await {
        let node = node.unwrap();
        let serving = serve(node.handle(), fronts.clone()).await.unwrap();
        running.push(Some((node, serving)));
    }
    for (node, _) in running.iter().flatten() {
        node.ready().await;
    }
    let all = || running.iter().flatten();
    let redis = all().filter_map(|(_, serving)| serving.redis()).collect();
    let http = all().filter_map(|(_, serving)| serving.http()).collect();
    started.send((redis, http)).unwrap();
    while let Some(Order::Stop(node, done)) = orders.recv().await {
        stop(running[node].take()).await;
        let _ = done.send(());
    }
    for node in running {
        stop(node).await;
    }
}

async fn stop(node: Option<(Node<Kv>, Serving)>) {
    if let Some((node, serving)) = node {
        serving.stop().await;
        node.stop().await;
    }
}

fn configs(count: usize) -> Vec<Config> {
    let names: Vec<_> = (1..=count).map(|index| format!("n{index}")).collect();
    let listens: Vec<_> = names.iter().map(|_| free_address()).collect();
    let member = |(name, listen): (&String, &SocketAddr)| {
        Sighting::new(NodeName::new(name).unwrap(), listen.to_string())
    };
    let members: Vec<_> = names.iter().zip(&listens).map(member).collect();
    let config = |(name, listen): (&String, &SocketAddr)| {
        let mut config = Config::new(name).unwrap();
        config.listen = *listen;
        config.members.clone_from(&members);
        config.threads = 2;
        config.stop_grace = Duration::from_millis(500);
        config
    };
    names.iter().zip(&listens).map(config).collect()
}
