//! The source `kubernetes` against an API server that has bad days, and operators that have.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::time::Duration;

use peer_ring_discovery::Backoff;
use peer_ring_discovery::kubernetes::{Kubernetes, Settings};
use serde_json::{Value, json};

#[allow(dead_code, reason = "each source's tests use a part of it")]
mod world {
    pub mod api_server;
    pub mod certificates;
    pub mod told;
}

use world::api_server::ApiServer;
use world::told::{Told, node};

const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices";
const OF_RING: &str = "kubernetes.io/service-name=ring";
const TWO: [&str; 2] = ["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"];
const THREE: [&str; 3] = ["n0=10.0.0.0:7601", "n1=10.0.0.1:7601", "n2=10.0.0.2:7601"];

/// The server, with n0 and n1 in the slice `ring-a`, and the files of a pod.
struct World {
    server: ApiServer,
    _folder: tempfile::TempDir,
    token: PathBuf,
}

impl World {
    async fn new() -> Self {
        let of = ("discovery.k8s.io/v1", "EndpointSlice");
        let server = ApiServer::start(SLICES, of, OF_RING).await;
        server.set(|it| it.apply("ring-a", slice("IPv4", &[("n0", 0), ("n1", 1)])));
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "first").unwrap();
        Self { server, _folder: folder, token }
    }

    fn settings(&self) -> Settings {
        Settings {
            service: Some("ring".into()),
            namespace: Some("prod".into()),
            api_url: Some(format!("https://127.0.0.1:{}", self.server.port)),
            ca_file: Some(self.server.certificates.ca.clone()),
            token_file: Some(self.token.clone()),
            timeout_ms: 1_000,
            watch_ms: 30_000,
            backoff: Backoff { min_ms: 20, max_ms: 400 },
            ..Settings::default()
        }
    }

    /// n0's source.
    fn start(&self) -> Told {
        let settings = self.settings();
        settings.check().unwrap();
        Told::by(Kubernetes::new(settings, node("n0", "10.0.0.0:7601")))
    }

    /// How many listings and watches there were so far.
    fn asked(&self) -> (u64, usize) {
        self.server.set(|it| (it.lists, it.watches.len()))
    }
}

/// A slice with these pods, each with the last number of its address.
fn slice(family: &str, pods: &[(&str, u8)]) -> Value {
    let endpoint = |(name, last): &(&str, u8)| {
        let address = match family {
            "IPv6" => format!("fd00::{last}"),
            _ => format!("10.0.0.{last}"),
        };
        json!({"addresses": [address], "hostname": name,
               "targetRef": {"kind": "Pod", "name": name}})
    };
    let endpoints: Vec<Value> = pods.iter().map(endpoint).collect();
    json!({"metadata": {"namespace": "prod"}, "addressType": family,
           "ports": [{"name": "peers", "port": 7601}], "endpoints": endpoints})
}

#[tokio::test]
async fn who_may_list_and_not_watch_is_told_what_to_grant() {
    let world = World::new().await;
    world.server.set(|it| it.refuse_watch = Some(403));
    let error = world.start().error().await;
    assert!(error.contains("may not watch endpointslices.discovery.k8s.io in prod"), "{error}");
}

#[tokio::test]
async fn who_may_watch_no_more_asks_seldom_and_works_once_it_may() {
    let world = World::new().await;
    let mut n0 = world.start();
    n0.until(&TWO).await;
    // Only then has all worked that it may be refused later.
    while world.asked() != (1, 1) {
        n0.listen(Duration::from_millis(5)).await;
    }
    n0.listen(Duration::from_millis(200)).await;
    world.server.set(|it| {
        it.refuse_watch = Some(403);
        it.cuts += 1;
    });
    n0.listen(Duration::from_secs(4)).await;
    let (lists, _) = world.asked();
    assert!(lists <= 30, "{lists} in 4 s, with pauses of 200 to 400 ms");
    world.server.set(|it| it.apply("ring-b", slice("IPv4", &[("n2", 2)])));
    n0.until(&THREE).await;
    world.server.set(|it| it.refuse_watch = None);
    world.server.set(|it| it.delete("ring-b"));
    n0.until(&TWO).await;
}

#[tokio::test]
async fn a_server_that_ends_every_watch_at_once_is_not_hammered_and_still_tells_all() {
    let world = World::new().await;
    world.server.set(|it| it.ends_at_once = true);
    let mut n0 = world.start();
    n0.until(&TWO).await;
    n0.listen(Duration::from_secs(4)).await;
    let (lists, watches) = world.asked();
    eprintln!("kubernetes: {lists} listings and {watches} watches in 4 s");
    assert!(watches <= 30, "{watches} watches and {lists} listings in 4 s");
    world.server.set(|it| it.apply("ring-b", slice("IPv4", &[("n2", 2)])));
    n0.until(&THREE).await;
    assert_eq!(n0.lost, [""; 0]);
}

#[tokio::test]
async fn errors_of_the_server_and_too_many_requests_take_nobody_away() {
    let world = World::new().await;
    let mut n0 = world.start();
    n0.until(&TWO).await;
    for code in [429, 500, 503, 504] {
        world.server.set(|it| {
            it.refuse = Some(code);
            it.cuts += 1;
        });
        n0.listen(Duration::from_millis(700)).await;
    }
    world.server.set(|it| {
        it.refuse = None;
        it.apply("ring-b", slice("IPv4", &[("n2", 2)]));
    });
    n0.until(&THREE).await;
    assert_eq!(n0.lost, [""; 0]);
}

#[tokio::test]
async fn gone_may_be_said_by_the_status_of_the_answer() {
    let world = World::new().await;
    let mut n0 = world.start();
    n0.until(&TWO).await;
    let (lists, _) = world.asked();
    world.server.set(|it| {
        it.refuse_watch = Some(410);
        it.cuts += 1;
    });
    while world.asked().0 == lists {
        n0.listen(Duration::from_millis(5)).await;
    }
    world.server.set(|it| {
        it.refuse_watch = None;
        it.apply("ring-b", slice("IPv4", &[("n2", 2)]));
    });
    n0.until(&THREE).await;
    assert_eq!(n0.lost, [""; 0]);
}

#[tokio::test]
async fn changes_that_come_in_pieces_are_put_together() {
    let world = World::new().await;
    world.server.set(|it| it.piece_bytes = 7);
    let mut n0 = world.start();
    n0.until(&TWO).await;
    world.server.set(|it| it.apply("ring-b", slice("IPv4", &[("n2", 2)])));
    n0.until(&THREE).await;
    assert_eq!(world.asked(), (1, 1));
}

#[tokio::test]
async fn a_pod_of_two_families_keeps_its_address_of_the_older_one() {
    let world = World::new().await;
    world.server.set(|it| it.apply("ring-6", slice("IPv6", &[("n0", 0), ("n1", 1)])));
    let mut n0 = world.start();
    n0.until(&TWO).await;
    world.server.set(|it| it.apply("ring-6", slice("IPv6", &[("n0", 0), ("n1", 1), ("n2", 2)])));
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601", "n2=[fd00::2]:7601"]).await;
    world.server.set(|it| it.apply("ring-b", slice("IPv4", &[("n2", 2)])));
    n0.until(&THREE).await;
    assert_eq!(n0.lost, [""; 0]);
}

#[tokio::test]
async fn a_thousand_pods_in_ten_slices_are_listed_and_followed() {
    let world = World::new().await;
    let names: Vec<String> = (0..1_000).map(|at| format!("m{at}")).collect();
    for (at, some) in names.chunks(100).enumerate() {
        let pods: Vec<(&str, u8)> = some.iter().map(|name| (name.as_str(), 9)).collect();
        world.server.set(|it| it.apply(&format!("big-{at}"), slice("IPv4", &pods)));
    }
    let mut n0 = world.start();
    n0.until_it(|it| it.nodes.len() == 1_002).await;
    world.server.set(|it| it.delete("big-3"));
    n0.until_it(|it| it.nodes.len() == 902).await;
}
