//! A process that is stopped for longer than its leases and sessions live, and goes on.
//!
//! It is this one, so no other test can be in this file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;
use std::time::{Duration, Instant};

use peer_ring_discovery::{Backoff, etcd, zookeeper};

#[allow(dead_code, reason = "each source's tests use a part of it")]
mod world {
    pub mod etcd_server;
    pub mod program;
    pub mod told;
    pub mod zookeeper_server;
}

use world::etcd_server::EtcdServer;
use world::program::is_there;
use world::told::{Told, node};
use world::zookeeper_server::ZooKeeperServer;

/// Stops this process for so many seconds.
fn stop_for(seconds: u32) {
    let own = std::process::id();
    let script = format!("kill -STOP {own}; sleep {seconds}; kill -CONT {own}");
    let mut shell = Command::new("sh").args(["-c", &script]).spawn().unwrap();
    shell.wait().unwrap();
}

#[tokio::test]
async fn a_process_that_is_stopped_for_longer_than_its_leases_live_announces_itself_again() {
    if !is_there("etcd") || !ZooKeeperServer::is_there() {
        return;
    }
    let backoff = Backoff { min_ms: 50, max_ms: 500 };
    let etcd_server = EtcdServer::start();
    let by_etcd = |name: &str| {
        let settings = etcd::Settings {
            endpoints: vec![etcd_server.endpoint()],
            lease_ttl_ms: 2_000,
            timeout_ms: 1_000,
            backoff: backoff.clone(),
            ..etcd::Settings::default()
        };
        Told::by(etcd::Etcd::new(settings, node(name, "h:1")))
    };
    let zookeeper_server = ZooKeeperServer::start();
    let by_zookeeper = |name: &str| {
        let settings = zookeeper::Settings {
            servers: vec![zookeeper_server.address()],
            session_timeout_ms: 2_000,
            backoff: backoff.clone(),
            ..zookeeper::Settings::default()
        };
        Told::by(zookeeper::ZooKeeper::new(settings, node(name, "h:1")))
    };
    let mut nodes = [by_etcd("n1"), by_etcd("n2"), by_zookeeper("n1"), by_zookeeper("n2")];
    for it in &mut nodes {
        it.until(&["n1=h:1", "n2=h:1"]).await;
    }
    let start = Instant::now();
    stop_for(8);
    assert!(start.elapsed() >= Duration::from_secs(8));
    for it in &mut nodes {
        it.listen(Duration::from_secs(2)).await;
        it.until(&["n1=h:1", "n2=h:1"]).await;
    }
    let mut client = etcd_client::Client::connect([etcd_server.endpoint()], None).await.unwrap();
    let keys = etcd_client::GetOptions::new().with_prefix().with_count_only();
    let kept = client.get("/peer-ring/nodes/", Some(keys)).await.unwrap().count();
    let client = zookeeper_client::Client::connect(&zookeeper_server.address()).await.unwrap();
    let znodes = client.list_children("/peer-ring/nodes").await.unwrap().len();
    assert_eq!((kept, znodes), (2, 2));
    for it in nodes {
        it.leave().await;
    }
}
