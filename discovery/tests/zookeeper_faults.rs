//! The source `zookeeper` against a real ZooKeeper that has bad days, and operators that have.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use futures::future::join_all;
use peer_ring_discovery::Backoff;
use peer_ring_discovery::zookeeper::{Settings, ZooKeeper};
use zookeeper_client::{Acl, Acls, AuthId, Client, CreateMode, Permission};

#[allow(dead_code, reason = "each source's tests use a part of it")]
mod world {
    pub mod program;
    pub mod told;
    pub mod wire;
    pub mod zookeeper_server;
}

use world::told::{Told, node};
use world::wire::Wire;
use world::zookeeper_server::ZooKeeperServer;

fn settings(servers: Vec<String>) -> Settings {
    Settings {
        servers,
        session_timeout_ms: 2_000,
        backoff: Backoff { min_ms: 50, max_ms: 500 },
        ..Settings::default()
    }
}

fn start(settings: &Settings, name: &str, address: &str) -> Told {
    settings.check().unwrap();
    Told::by(ZooKeeper::new(settings.clone(), node(name, address)))
}

fn acl(permission: Permission) -> [Acl; 1] {
    [Acl::new(permission, AuthId::anyone())]
}

#[tokio::test]
async fn a_zookeeper_that_has_lost_all_is_filled_again() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let mut server = ZooKeeperServer::start();
    let settings = settings(vec![server.address()]);
    let mut n1 = start(&settings, "n1", "h:1");
    let mut n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    server.kill();
    server.forget_all();
    server.restart();
    let _n3 = start(&settings, "n3", "h:3");
    let all = ["n1=h:1", "n2=h:2", "n3=h:3"];
    let after = n1.until(&all).await.max(n2.until(&all).await);
    eprintln!("zookeeper: {after:?} after it lost all, all are there (session 2 s)");
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!(n1.view(), all);
}

#[tokio::test]
async fn a_wire_that_hangs_for_longer_than_the_session_takes_nobody_from_who_hangs() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let wire = Wire::to(server.port).await;
    let mut n1 = start(&settings(vec![wire.at.to_string()]), "n1", "h:1");
    let mut n2 = start(&settings(vec![server.address()]), "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    wire.hold();
    n2.until(&["n2=h:2"]).await;
    n1.listen(Duration::from_secs(4)).await;
    assert_eq!(n1.lost, [""; 0]);
    let tries = wire.uses();
    wire.release();
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!(n1.view(), ["n1=h:1", "n2=h:2"]);
    assert!(tries <= 15, "{tries} connections in about 6 s of silence");
}

#[tokio::test]
async fn a_leader_that_is_killed_or_hangs_takes_nobody_away() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let mut servers = ZooKeeperServer::three();
    let mut settings = settings(servers.iter().map(ZooKeeperServer::address).collect());
    settings.session_timeout_ms = 6_000;
    let mut n1 = start(&settings, "n1", "h:1");
    let mut n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    let leader = servers.iter().position(ZooKeeperServer::leads).unwrap();
    servers[leader].kill();
    let _n3 = start(&settings, "n3", "h:3");
    let three = ["n1=h:1", "n2=h:2", "n3=h:3"];
    let after = n1.until(&three).await;
    eprintln!("zookeeper: {after:?} after the leader was killed a new node is seen");
    n2.until(&three).await;
    servers[leader].restart();
    let leader = servers.iter().position(ZooKeeperServer::leads).unwrap();
    servers[leader].freeze();
    let _n4 = start(&settings, "n4", "h:4");
    let four = ["n1=h:1", "n2=h:2", "n3=h:3", "n4=h:4"];
    let after = n1.until(&four).await;
    eprintln!("zookeeper: {after:?} after the leader hangs a new node is seen");
    servers[leader].thaw();
    n2.until(&four).await;
    n1.listen(Duration::from_secs(4)).await;
    assert_eq!(n1.view(), four);
}

#[tokio::test]
async fn nodes_that_start_together_make_a_path_that_is_not_there_and_make_it_again() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let mut settings = settings(vec![server.address()]);
    settings.path = "/a/deep/path/of/nodes".into();
    let names: Vec<String> = (0..8).map(|at| format!("n{at}")).collect();
    let mut nodes: Vec<Told> = names.iter().map(|name| start(&settings, name, "h:1")).collect();
    let all: Vec<String> = names.iter().map(|name| format!("{name}=h:1")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    join_all(nodes.iter_mut().map(|it| it.until(&all))).await;
    // An operator deletes it all.
    let client = Client::connect(&server.address()).await.unwrap();
    for name in &names {
        let _ = client.delete(&format!("{}/{name}", settings.path), None).await;
    }
    for path in ["/a/deep/path/of/nodes", "/a/deep/path/of", "/a/deep/path"] {
        let _ = client.delete(path, None).await;
    }
    for it in &mut nodes {
        it.listen(Duration::from_millis(300)).await;
        it.until(&all).await;
    }
}

#[tokio::test]
async fn two_thousand_nodes_are_listed_and_followed() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let client = Client::connect(&server.address()).await.unwrap();
    let acls = acl(Permission::ALL);
    let mode = CreateMode::Persistent.with_acls(Acls::new(&acls));
    client.mkdir("/peer-ring/nodes", &mode).await.unwrap();
    for many in 0..20 {
        let create = |at: usize| {
            let (client, mode) = (&client, &mode);
            async move {
                let value = format!(r#"{{"version":1,"address":"h:{at}"}}"#);
                let path = format!("/peer-ring/nodes/m{at}");
                client.create(&path, value.as_bytes(), mode).await.unwrap();
            }
        };
        join_all((many * 100..many * 100 + 100).map(create)).await;
    }
    let mut n1 = start(&settings(vec![server.address()]), "n1", "h:1");
    n1.until_it(|it| it.nodes.len() == 2_001).await;
    client.delete("/peer-ring/nodes/m7", None).await.unwrap();
    n1.until_it(|it| it.nodes.len() == 2_000).await;
    assert_eq!(n1.lost, ["m7"]);
}

#[tokio::test]
async fn who_may_not_replace_what_its_last_start_left_is_told_what_to_grant() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let client = Client::connect(&server.address()).await.unwrap();
    let all = acl(Permission::ALL);
    let no_delete = acl(Permission::READ | Permission::CREATE);
    client.mkdir("/peer-ring", &CreateMode::Persistent.with_acls(Acls::new(&all))).await.unwrap();
    let mode = CreateMode::Persistent.with_acls(Acls::new(&no_delete));
    client.create("/peer-ring/nodes", b"", &mode).await.unwrap();
    let mode = CreateMode::Persistent.with_acls(Acls::new(&all));
    client.create("/peer-ring/nodes/n1", b"?", &mode).await.unwrap();
    let error = start(&settings(vec![server.address()]), "n1", "h:1").error().await;
    assert!(error.contains("setAcl /peer-ring/nodes"), "{error}");
}

#[tokio::test]
async fn who_stops_at_any_moment_leaves_nothing_behind() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let mut long = settings(vec![server.address()]);
    long.session_timeout_ms = 10_000;
    let mut slowest = Duration::ZERO;
    for delay_ms in (0..120).step_by(6) {
        let mut n1 = start(&long, "n1", "h:1");
        n1.listen(Duration::from_millis(delay_ms)).await;
        let stopped_at = std::time::Instant::now();
        n1.leave().await;
        slowest = slowest.max(stopped_at.elapsed());
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let client = Client::connect(&server.address()).await.unwrap();
    let left = client.list_children("/peer-ring/nodes").await.unwrap();
    assert_eq!(left, [""; 0]);
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    // Nor does it take long when ZooKeeper hangs.
    let mut n1 = start(&long, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    server.freeze();
    n1.leave().await;
}
