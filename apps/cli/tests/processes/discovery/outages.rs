//! What stands behind a source breaks for a while, under load: nobody notices, and what changed
//! meanwhile is found afterwards.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{has, together};
use crate::harness::finding::{Finding, PATIENCE};
use crate::harness::http::Client;
use crate::harness::sources::dns::Dns;
#[cfg(feature = "etcd")]
use crate::harness::sources::etcd::Etcd;
use crate::harness::sources::kubernetes::Kubernetes;
#[cfg(feature = "etcd")]
use crate::harness::sources::program::is_there;
use crate::harness::sources::swim::Swim;
use crate::harness::sources::zookeeper::ZooKeeper;
use crate::harness::sources::zookeeper_server::ZooKeeperServer;
use crate::harness::sources::{Backend, Fault};

/// How long it is away: many times longer than leases and sessions of these tests live.
const AWAY: Duration = Duration::from_secs(30);

/// How often clients write and read back meanwhile, at least.
const ASKED_MIN: u64 = 100;

/// Between two requests of a client, of which each cluster has three.
const PAUSE: Duration = Duration::from_millis(10);

/// What clients do, and what they are told.
#[derive(Default)]
struct Asking {
    /// How often they wrote and read back.
    count: AtomicU64,
    is_over: AtomicBool,
}

impl Asking {
    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Writes and reads back at one node until told to stop. Every request must succeed.
    fn at(&self, node: SocketAddr) {
        let mut client = Client::new(node);
        for number in 0_u64.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let path = format!("/v1/kv/default/{}-{number}", node.port());
            let put = client.put(&path, "v").map(|it| (it.status, it.body));
            assert!(put.as_ref().is_some_and(|it| it.0 == 204), "{path}: {put:?}");
            let got = client.get(&path).map(|it| (it.status, it.body));
            assert_eq!(got, Some((200, "v".to_owned())), "{path}");
            self.count.fetch_add(1, Ordering::Relaxed);
            thread::sleep(PAUSE);
        }
    }
}

/// Does something while clients ask three nodes.
fn while_clients_ask(cluster: &mut Finding, act: impl FnOnce(&mut Finding, &Asking)) {
    let asking = Asking::default();
    let nodes = [0, 1, 2].map(|at| cluster.http(at));
    thread::scope(|scope| {
        let asking = &asking;
        let clients = nodes.map(|node| scope.spawn(move || asking.at(node)));
        // Else a panic here would wait for the clients for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| act(cluster, asking)));
        asking.is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap();
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

fn outage(backend: impl Backend + 'static, fault: Fault) {
    let mut cluster = Finding::patient(backend);
    (0..3).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    while_clients_ask(&mut cluster, |cluster, asking| {
        cluster.breaks(fault);
        let since = Instant::now();
        cluster.launch(3);
        // A busy machine may take longer for so many.
        while since.elapsed() < AWAY || asking.count() < ASKED_MIN {
            let members = cluster.members(0).expect("it answers");
            assert_eq!(members, ["n1 alive", "n2 alive", "n3 alive"], "{:?}", since.elapsed());
            assert!(since.elapsed() < AWAY + PATIENCE, "only {} asked", asking.count());
            thread::sleep(Duration::from_millis(50));
        }
        let (away, asked) = (since.elapsed(), asking.count());
        cluster.mends();
        let found = cluster.wait_seen(0, "the fourth is found", |members| has(members, "n4"));
        cluster.wait_replicated();
        let source = thread::current().name().unwrap_or_default().to_owned();
        println!("{source}, {fault:?} for {away:?}: {asked} requests, found {found:?} after it");
    });
}

fn dns(fault: Fault) {
    outage(Dns::with_addresses(), fault);
}

#[cfg(feature = "etcd")]
fn etcd(fault: Fault) {
    if is_there("etcd") {
        outage(Etcd::start(), fault);
    }
}

fn zookeeper(fault: Fault) {
    if ZooKeeperServer::is_there() {
        outage(ZooKeeper::start(), fault);
    }
}

fn kubernetes(fault: Fault) {
    outage(Kubernetes::start(), fault);
}

/// Nothing stands behind gossip, so all of it is lost.
fn swim(fault: Fault) {
    outage(Swim::default(), fault);
}

/// A source, by its name, and how what stands behind it breaks.
type Outage<'a> = (&'a str, fn(Fault), Fault);

/// Each has a cluster of its own, so that all take no longer than one.
fn at_once(outages: &[Outage<'_>]) {
    let _together = together();
    thread::scope(|scope| {
        for (source, outage, fault) in outages {
            let thread = thread::Builder::new().name((*source).to_owned());
            thread.spawn_scoped(scope, || outage(*fault)).unwrap();
        }
    });
}

#[test]
fn no_request_fails_while_what_stands_behind_a_source_is_dead_for_half_a_minute() {
    let dies = Fault::Dies;
    at_once(&[
        ("dns", dns, dies),
        ("zookeeper", zookeeper, dies),
        ("kubernetes", kubernetes, dies),
        ("swim", swim, dies),
    ]);
}

#[test]
fn no_request_fails_while_what_stands_behind_a_source_hangs_for_half_a_minute() {
    let hangs = Fault::Hangs;
    at_once(&[
        ("dns", dns, hangs),
        ("zookeeper", zookeeper, hangs),
        ("kubernetes", kubernetes, hangs),
    ]);
}

#[cfg(feature = "etcd")]
#[test]
fn no_request_fails_while_etcd_is_dead_or_hangs_for_half_a_minute() {
    at_once(&[("etcd", etcd, Fault::Dies), ("etcd", etcd, Fault::Hangs)]);
}
