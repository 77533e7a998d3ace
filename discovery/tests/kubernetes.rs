//! The source `kubernetes` against a double of the API server, over real HTTP and TLS.

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
use world::certificates::Certificates;
use world::told::{Told, node};

const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices";
const PODS: &str = "/api/v1/namespaces/prod/pods";
const OF_RING: &str = "kubernetes.io/service-name=ring";

/// The server, and the files of a pod.
struct World {
    server: ApiServer,
    _folder: tempfile::TempDir,
    token: PathBuf,
}

impl World {
    async fn slices() -> Self {
        let world = Self::with(
            ApiServer::start(SLICES, ("discovery.k8s.io/v1", "EndpointSlice"), OF_RING).await,
        );
        world.server.set(|it| it.apply("ring-a", slice(&[("n0", 0), ("n1", 1)])));
        world
    }

    fn with(server: ApiServer) -> Self {
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
            backoff: Backoff { min_ms: 20, max_ms: 200 },
            ..Settings::default()
        }
    }

    /// Waits until n0 watches: only then has all worked that it may be refused later.
    async fn is_watched_by(&self, n0: &mut Told) {
        while self.server.set(|it| it.watches.is_empty()) {
            n0.listen(Duration::from_millis(10)).await;
        }
        n0.listen(Duration::from_millis(200)).await;
    }

    /// n0's source.
    fn start(&self, settings: Settings) -> Told {
        settings.check().unwrap();
        Told::by(Kubernetes::new(settings, node("n0", "10.0.0.0:7601")))
    }
}

/// A slice with these pods, each with the last number of its address.
fn slice(pods: &[(&str, u8)]) -> Value {
    let endpoint = |(name, last): &(&str, u8)| {
        json!({"addresses": [format!("10.0.0.{last}")], "hostname": name,
               "conditions": {"ready": true, "serving": true, "terminating": false},
               "targetRef": {"kind": "Pod", "name": name}})
    };
    let endpoints: Vec<Value> = pods.iter().map(endpoint).collect();
    json!({"metadata": {"namespace": "prod"}, "addressType": "IPv4",
           "ports": [{"name": "peers", "port": 7601}], "endpoints": endpoints})
}

#[tokio::test]
async fn pods_of_a_service_join_leave_and_return_elsewhere() {
    let world = World::slices().await;
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.server.set(|it| it.apply("ring-b", slice(&[("n2", 2)])));
    let joined = n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601", "n2=10.0.0.2:7601"]).await;
    world.server.set(|it| it.apply("ring-a", slice(&[("n0", 0)])));
    n0.until(&["n0=10.0.0.0:7601", "n2=10.0.0.2:7601"]).await;
    world.server.set(|it| it.apply("ring-a", slice(&[("n0", 0), ("n1", 9)])));
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.9:7601", "n2=10.0.0.2:7601"]).await;
    world.server.set(|it| it.delete("ring-b"));
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.9:7601"]).await;
    assert_eq!(world.server.set(|it| (it.lists, it.watches.len())), (1, 1));
    eprintln!("kubernetes: joined {joined:?}");
    n0.leave().await;
}

#[tokio::test]
async fn a_pod_that_is_not_ready_or_terminates_and_serves_is_seen() {
    let world = World::slices().await;
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    let conditions = |ready: bool, serving: bool, terminating: bool| {
        let mut slice = slice(&[("n0", 0), ("n1", 1)]);
        slice["endpoints"][1]["conditions"] =
            json!({"ready": ready, "serving": serving, "terminating": terminating});
        world.server.set(|it| it.apply("ring-a", slice));
    };
    conditions(false, false, false);
    n0.until_it(|it| it.nodes["n1"].metadata["ready"] == "false").await;
    conditions(false, true, true);
    n0.until_it(|it| it.nodes["n1"].metadata["terminating"] == "true").await;
    assert_eq!(n0.lost, [""; 0]);
    conditions(false, false, true);
    n0.until(&["n0=10.0.0.0:7601"]).await;
}

#[tokio::test]
async fn pods_by_their_labels() {
    let world = World::with(ApiServer::start(PODS, ("v1", "Pod"), "app=ring").await);
    let pod = |last: u8| {
        json!({"metadata": {"namespace": "prod"}, "spec": {"containers": []},
               "status": {"phase": "Running", "podIP": format!("10.0.0.{last}")}})
    };
    world.server.set(|it| it.apply("n0", pod(0)));
    let mut settings = world.settings();
    (settings.service, settings.selector) = (None, Some("app=ring".into()));
    let mut n0 = world.start(settings);
    n0.until(&["n0=10.0.0.0:7601"]).await;
    world.server.set(|it| it.apply("n1", pod(1)));
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.server.set(|it| it.delete("n1"));
    n0.until(&["n0=10.0.0.0:7601"]).await;
}

#[tokio::test]
async fn a_cut_watch_goes_on_from_the_last_bookmark() {
    let world = World::slices().await;
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    let bookmark = world.server.set(|it| it.bookmark());
    n0.listen(Duration::from_millis(1_200)).await;
    world.server.set(|it| {
        it.cuts += 1;
        it.apply("ring-b", slice(&[("n2", 2)]));
    });
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601", "n2=10.0.0.2:7601"]).await;
    let (lists, watches) = world.server.set(|it| (it.lists, it.watches.clone()));
    assert_eq!((lists, watches.last()), (1, Some(&bookmark)));
}

#[tokio::test]
async fn a_watch_that_ends_in_order_is_renewed() {
    let world = World::slices().await;
    let mut settings = world.settings();
    settings.watch_ms = 1_000;
    let mut n0 = world.start(settings);
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    n0.listen(Duration::from_millis(3_500)).await;
    let (lists, watches) = world.server.set(|it| (it.lists, it.watches.len()));
    assert_eq!(lists, 1);
    assert!((3..=5).contains(&watches), "{watches}");
}

#[tokio::test]
async fn gone_makes_it_list_again() {
    let world = World::slices().await;
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.server.set(|it| {
        it.apply("ring-a", slice(&[("n0", 0), ("n2", 2)]));
        it.compact();
    });
    n0.until(&["n0=10.0.0.0:7601", "n2=10.0.0.2:7601"]).await;
    assert_eq!((world.server.set(|it| it.lists), n0.settled), (2, 1));
}

#[tokio::test]
async fn an_outage_takes_nobody_away_and_what_changed_meanwhile_is_said_after_it() {
    let mut world = World::slices().await;
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.server.kill().await;
    world.server.set(|it| it.apply("ring-a", slice(&[("n0", 0), ("n2", 2)])));
    n0.listen(Duration::from_secs(3)).await;
    assert_eq!((n0.view().len(), n0.lost.len()), (2, 0));
    world.server.restart().await;
    let after = n0.until(&["n0=10.0.0.0:7601", "n2=10.0.0.2:7601"]).await;
    eprintln!("kubernetes: {after:?} after its restart all is said (pause 200 ms at most)");
}

#[tokio::test]
async fn a_source_that_starts_before_the_api_server_settles_once_that_is_there() {
    let mut world = World::slices().await;
    world.server.kill().await;
    let mut n0 = world.start(world.settings());
    n0.listen(Duration::from_secs(1)).await;
    assert_eq!((n0.settled, n0.view().len()), (0, 0));
    world.server.restart().await;
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_an_outage_like_any_other() {
    let world = World::slices().await;
    let mut settings = world.settings();
    settings.watch_ms = 1_000;
    let mut n0 = world.start(settings);
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.server.set(|it| it.hangs = true);
    n0.listen(Duration::from_secs(4)).await;
    assert_eq!(n0.lost, [""; 0]);
    world.server.set(|it| {
        it.hangs = false;
        it.apply("ring-a", slice(&[("n0", 0), ("n2", 2)]));
    });
    n0.until(&["n0=10.0.0.0:7601", "n2=10.0.0.2:7601"]).await;
}

#[tokio::test]
async fn a_rotated_token_is_read_again_at_once() {
    let world = World::slices().await;
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.is_watched_by(&mut n0).await;
    world.server.set(|it| {
        it.token = "second".into();
        it.cuts += 1;
        it.apply("ring-a", slice(&[("n0", 0), ("n2", 2)]));
    });
    n0.listen(Duration::from_secs(1)).await;
    assert_eq!(n0.lost, [""; 0], "refused, and waits");
    std::fs::write(&world.token, "second").unwrap();
    let after = n0.until(&["n0=10.0.0.0:7601", "n2=10.0.0.2:7601"]).await;
    assert!(after < Duration::from_secs(5), "{after:?}");
}

#[tokio::test]
async fn rights_that_are_missing_at_the_start_end_it_and_later_do_not() {
    let world = World::slices().await;
    world.server.set(|it| it.refuse = Some(403));
    let forbidden = world.start(world.settings()).error().await;
    assert!(forbidden.contains("may not list endpointslices.discovery.k8s.io in prod"));
    assert!(forbidden.contains("examples/kubernetes/rbac.yml"), "{forbidden}");
    world.server.set(|it| {
        it.refuse = None;
        it.token = "another".into();
    });
    let unknown = world.start(world.settings()).error().await;
    assert!(unknown.contains("401") && unknown.contains("token_file"), "{unknown}");

    world.server.set(|it| it.token = "first".into());
    let mut n0 = world.start(world.settings());
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601"]).await;
    world.is_watched_by(&mut n0).await;
    world.server.set(|it| {
        it.refuse = Some(403);
        it.cuts += 1;
        it.apply("ring-b", slice(&[("n2", 2)]));
    });
    n0.listen(Duration::from_secs(2)).await;
    assert_eq!((n0.view().len(), n0.lost.len()), (2, 0));
    world.server.set(|it| it.refuse = None);
    n0.until(&["n0=10.0.0.0:7601", "n1=10.0.0.1:7601", "n2=10.0.0.2:7601"]).await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let world = World::slices().await;
    let others = Certificates::new();
    let mut settings = world.settings();
    settings.ca_file = Some(others.ca.clone());
    let mut n0 = world.start(settings.clone());
    n0.listen(Duration::from_secs(1)).await;
    assert_eq!((n0.settled, world.server.set(|it| it.lists)), (0, 0));
    settings.ca_file = Some("/no/such/ca.pem".into());
    assert_eq!(settings.check().unwrap_err().field, "ca_file");
    let unchecked = Kubernetes::new(settings, node("n0", "h:0"));
    let error = Told::by(unchecked).error().await;
    assert!(error.contains("ca_file"), "{error}");
}
