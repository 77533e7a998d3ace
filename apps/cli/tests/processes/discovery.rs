//! The same story for every source: nodes find each other, join, die, leave and return elsewhere,
//! and the data follows. Only the block `discovery` of their configurations differs.

mod outages;
mod rolling_update;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::harness::finding::{Finding, PATIENCE};
use crate::harness::http::Client;
use crate::harness::sources::dns::Dns;
#[cfg(feature = "etcd")]
use crate::harness::sources::etcd::Etcd;
use crate::harness::sources::fixed::Fixed;
use crate::harness::sources::kubernetes::Kubernetes;
#[cfg(feature = "etcd")]
use crate::harness::sources::program::is_there;
use crate::harness::sources::swim::Swim;
use crate::harness::sources::zookeeper::ZooKeeper;
use crate::harness::sources::zookeeper_server::{ZooKeeperServer, answer};
use crate::harness::until;

const KEYS: usize = 100;

static CLUSTERS: RwLock<()> = RwLock::new(());

/// Detection times are measured, so that one cluster at a time is enough.
fn alone() -> RwLockWriteGuard<'static, ()> {
    CLUSTERS.write().unwrap_or_else(PoisonError::into_inner)
}

/// For clusters that do not mind others beside them.
fn together() -> RwLockReadGuard<'static, ()> {
    CLUSTERS.read().unwrap_or_else(PoisonError::into_inner)
}

fn write_all(cluster: &Finding) {
    let nodes = cluster.running();
    for key in 0..KEYS {
        let mut client = Client::new(cluster.http(nodes[key % nodes.len()]));
        let put = client.put(&format!("/v1/kv/default/k{key}"), &format!("v{key}")).unwrap();
        assert_eq!(put.status, 204, "k{key}: {put:?}");
    }
}

fn read_all(cluster: &Finding, when: &str) {
    for at in cluster.running() {
        let mut client = Client::new(cluster.http(at));
        for key in 0..KEYS {
            let got = client.get(&format!("/v1/kv/default/k{key}")).unwrap();
            let found = (got.status, got.body.as_str());
            assert_eq!(found, (200, format!("v{key}").as_str()), "{when}: n{}: k{key}", at + 1);
        }
    }
}

fn has(members: &[String], name: &str) -> bool {
    members.iter().any(|it| it.starts_with(&format!("{name} ")))
}

fn is(members: &[String], member: &str) -> bool {
    members.iter().any(|it| it == member)
}

/// Milliseconds, for the table in `discovery/README.md`.
fn millis(times: &[(&str, Duration)]) -> String {
    let said = times.iter().map(|(what, time)| format!("{what} {} ms", time.as_millis()));
    said.collect::<Vec<_>>().join(", ")
}

fn story(mut cluster: Finding, source: &str) {
    let begun = Instant::now();
    (0..3).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    let founded = begun.elapsed();
    write_all(&cluster);
    read_all(&cluster, "three found each other");
    cluster.launch(3);
    let joined = cluster.wait_seen(0, "n4 joins", |members| has(members, "n4"));
    cluster.wait_replicated();
    read_all(&cluster, "a fourth joined");
    cluster.signal(1, "STOP");
    let hung = cluster.wait_seen(0, "n2 is down", |members| is(members, "n2 down"));
    cluster.signal(1, "CONT");
    cluster.wait_replicated();
    cluster.kill(1);
    let missed = cluster.wait_seen(0, "n2 is missed", |members| is(members, "n2 down"));
    read_all(&cluster, "one is dead");
    let evicted = missed + cluster.wait_seen(0, "n2 is evicted", |members| !has(members, "n2"));
    cluster.wait_replicated();
    read_all(&cluster, "it was evicted");
    cluster.leave(2);
    cluster.wait_replicated();
    read_all(&cluster, "one left");
    cluster.launch(1);
    let returned = cluster.wait_seen(0, "n2 returns", |members| has(members, "n2"));
    cluster.wait_replicated();
    read_all(&cluster, "one returned elsewhere");
    let times = [
        ("founded", founded),
        ("joined", joined),
        ("hung", hung),
        ("killed", missed),
        ("evicted", evicted),
        ("returned", returned),
    ];
    println!("{source}: {}", millis(&times));
}

#[test]
fn nodes_that_list_each_other_come_and_go_and_the_data_follows() {
    let _alone = alone();
    story(Finding::by(Fixed::default()), "static");
}

#[test]
fn nodes_that_find_each_other_by_addresses_in_dns_come_and_go_and_the_data_follows() {
    let _alone = alone();
    story(Finding::by(Dns::with_addresses()), "dns, host");
}

#[test]
fn nodes_that_find_each_other_by_services_in_dns_come_and_go_and_the_data_follows() {
    let _alone = alone();
    story(Finding::by(Dns::with_services()), "dns, srv");
}

/// One address refuses, and one takes what it is told and says nothing.
#[test]
fn nodes_find_each_other_though_nobody_answers_at_other_addresses_of_the_name() {
    let _alone = alone();
    let (nobody, silent) = (Ipv4Addr::new(127, 0, 9, 1), Ipv4Addr::new(127, 0, 9, 2));
    let dns = Dns::with_addresses().and_address(nobody).and_address(silent);
    let mut cluster = Finding::by(dns);
    // It never accepts: the system does, and that is all.
    let _silent = TcpListener::bind((silent, cluster.peers_port())).unwrap();
    (0..3).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    write_all(&cluster);
    cluster.launch(3);
    cluster.wait_seen(0, "n4 joins", |members| has(members, "n4"));
    cluster.wait_replicated();
    read_all(&cluster, "a fourth joined");
}

#[test]
fn nodes_that_find_each_other_by_gossip_come_and_go_and_the_data_follows() {
    let _alone = alone();
    story(Finding::by(Swim::default()), "swim");
}

#[cfg(feature = "etcd")]
#[test]
fn nodes_that_find_each_other_in_etcd_come_and_go_and_the_data_follows() {
    let _alone = alone();
    if is_there("etcd") {
        story(Finding::by(Etcd::start()), "etcd");
    }
}

#[test]
fn nodes_that_find_each_other_in_zookeeper_come_and_go_and_the_data_follows() {
    let _alone = alone();
    if ZooKeeperServer::is_there() {
        story(Finding::by(ZooKeeper::start()), "zookeeper");
    }
}

#[test]
fn nodes_that_find_each_other_through_kubernetes_come_and_go_and_the_data_follows() {
    let _alone = alone();
    story(Finding::by(Kubernetes::start()), "kubernetes");
}

#[test]
fn a_node_that_may_not_ask_kubernetes_ends_and_says_what_to_grant() {
    let _alone = alone();
    for (status, says) in [(403, "grant the service account a Role"), (401, "check token_file")] {
        let mut cluster = Finding::by(Kubernetes::refusing(status));
        cluster.launch(0);
        let (code, said) = cluster.take(0).ended(PATIENCE);
        assert_eq!(code, Some(78), "{said}");
        assert!(
            said.contains("discovery by kubernetes cannot work") && said.contains(says),
            "{said}"
        );
    }
}

#[test]
fn a_node_that_stops_before_it_has_a_ring_takes_back_what_it_announced() {
    let _alone = alone();
    if !ZooKeeperServer::is_there() {
        return;
    }
    let zookeeper = ZooKeeper::start();
    let port = zookeeper.port();
    let is_announced = || answer(port, "dump").unwrap().contains("/peer-ring/nodes/n1");
    let mut cluster = Finding::by(zookeeper);
    cluster.launch(0);
    until("n1 is announced", PATIENCE, is_announced);
    let node = cluster.take(0);
    node.signal("TERM");
    let (code, said) = node.ended(PATIENCE);
    assert!(code == Some(0) && said.contains("stopping before there is a ring"), "{said}");
    // Its session would live for another 2 s.
    assert!(!is_announced(), "{said}");
}
