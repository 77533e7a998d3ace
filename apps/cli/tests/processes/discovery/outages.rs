//! What stands behind a source breaks for a while, under load: nobody notices, and what changed
//! meanwhile is found afterwards.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{alone, has};
use crate::harness::finding::Finding;
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

/// Longer than leases and sessions of these tests live.
const A_WHILE: Duration = Duration::from_secs(5);

const LONG: Duration = Duration::from_secs(30);

/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(2);

/// Writes and reads back at one node until told to stop; how often. Every request must succeed.
fn ask(node: SocketAddr, is_over: &AtomicBool) -> u64 {
    let mut client = Client::new(node);
    for number in 0_u64.. {
        if is_over.load(Ordering::Relaxed) {
            return number;
        }
        let path = format!("/v1/kv/default/{}-{number}", node.port());
        let put = client.put(&path, "v").map(|it| (it.status, it.body));
        assert!(put.as_ref().is_some_and(|it| it.0 == 204), "{path}: {put:?}");
        let got = client.get(&path).map(|it| (it.status, it.body));
        assert_eq!(got, Some((200, "v".to_owned())), "{path}");
        thread::sleep(PAUSE);
    }
    unreachable!("numbers do not end")
}

/// Does something while clients ask three nodes; how much they asked.
fn while_clients_ask(cluster: &mut Finding, act: impl FnOnce(&mut Finding)) -> u64 {
    let is_over = AtomicBool::new(false);
    let nodes = [0, 1, 2].map(|at| cluster.http(at));
    thread::scope(|scope| {
        let is_over = &is_over;
        let clients = nodes.map(|node| scope.spawn(move || ask(node, is_over)));
        // Else a panic here would wait for the clients for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| act(cluster)));
        is_over.store(true, Ordering::Relaxed);
        let asked = clients.map(|client| client.join().unwrap()).iter().sum();
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
        asked
    })
}

fn outage(source: &str, backend: impl Backend + 'static, fault: Fault, lasts: Duration) {
    let mut cluster = Finding::patient(backend);
    (0..3).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    let mut found = Duration::ZERO;
    let asked = while_clients_ask(&mut cluster, |cluster| {
        cluster.breaks(fault);
        let since = Instant::now();
        cluster.launch(3);
        while since.elapsed() < lasts {
            let members = cluster.members(0).expect("it answers");
            assert_eq!(members, ["n1 alive", "n2 alive", "n3 alive"], "{:?}", since.elapsed());
            thread::sleep(Duration::from_millis(50));
        }
        cluster.mends();
        found = cluster.wait_seen(0, "the fourth is found", |members| has(members, "n4"));
        cluster.wait_replicated();
    });
    assert!(asked > 100, "{asked}");
    println!("{source}, {fault:?} for {lasts:?}: {asked} requests, found {found:?} after it");
}

macro_rules! outages {
    ($source:ident, $backend:expr, $is_there:expr) => {
        mod $source {
            use super::*;

            fn breaks(fault: Fault, lasts: Duration) {
                let _alone = alone();
                if $is_there {
                    outage(stringify!($source), $backend, fault, lasts);
                }
            }

            #[test]
            fn no_request_fails_while_the_source_is_dead() {
                breaks(Fault::Dies, A_WHILE);
            }

            #[test]
            fn no_request_fails_while_the_source_hangs() {
                breaks(Fault::Hangs, A_WHILE);
            }

            #[test]
            #[ignore = "takes a minute"]
            fn no_request_fails_while_the_source_is_dead_or_hangs_for_half_a_minute() {
                breaks(Fault::Dies, LONG);
                breaks(Fault::Hangs, LONG);
            }
        }
    };
}

outages!(dns, Dns::start(), true);
#[cfg(feature = "etcd")]
outages!(etcd, Etcd::start(), is_there("etcd"));
outages!(zookeeper, ZooKeeper::start(), ZooKeeperServer::is_there());
outages!(kubernetes, Kubernetes::start(), true);

/// Nothing stands behind gossip, so all of it is lost.
mod swim {
    use super::*;

    #[test]
    fn no_request_fails_while_all_gossip_is_lost() {
        let _alone = alone();
        outage("swim", Swim::default(), Fault::Dies, A_WHILE);
    }

    #[test]
    #[ignore = "takes half a minute"]
    fn no_request_fails_while_all_gossip_is_lost_for_half_a_minute() {
        let _alone = alone();
        outage("swim", Swim::default(), Fault::Dies, LONG);
    }
}
