//! The source `zookeeper` against a real ZooKeeper.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use peer_ring_discovery::Backoff;
use peer_ring_discovery::zookeeper::{Access, Settings, ZooKeeper};
use zookeeper_client::{Client, Error};

#[allow(dead_code, reason = "each source's tests use a part of it")]
mod world {
    pub mod program;
    pub mod told;
    pub mod zookeeper_server;
}

use world::told::{Told, node};
use world::zookeeper_server::ZooKeeperServer;

fn settings(server: &ZooKeeperServer) -> Settings {
    Settings {
        servers: vec![server.address()],
        session_timeout_ms: 2_000,
        backoff: Backoff { min_ms: 50, max_ms: 500 },
        ..Settings::default()
    }
}

fn start(settings: &Settings, name: &str, address: &str) -> Told {
    settings.check().unwrap();
    Told::by(ZooKeeper::new(settings.clone(), node(name, address)))
}

#[tokio::test]
async fn nodes_find_each_other_join_leave_die_and_return_elsewhere() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let settings = settings(&server);
    let mut n1 = start(&settings, "n1", "h:1");
    let n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    let mut n3 = start(&settings, "n3", "h:3");
    let joined = n1.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    n3.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    n2.leave().await;
    let left = n1.until(&["n1=h:1", "n3=h:3"]).await;
    assert!(left < Duration::from_secs(1), "{left:?}");
    let _n2 = start(&settings, "n2", "h:22");
    let back = n1.until(&["n1=h:1", "n2=h:22", "n3=h:3"]).await;
    assert_eq!(n1.settled, 1);
    eprintln!("zookeeper: joined {joined:?}, left {left:?}, back {back:?}");
}

#[tokio::test]
async fn a_node_replaces_what_its_predecessors_session_left() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let mut long = settings(&server);
    long.session_timeout_ms = 10_000;
    let mut n1 = start(&long, "n1", "h:1");
    let n2 = start(&long, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    // A second n2 while the session of the first one lives.
    let _heir = start(&long, "n2", "h:22");
    let replaced = n1.until(&["n1=h:1", "n2=h:22"]).await;
    assert!(replaced < Duration::from_secs(5), "{replaced:?}");
    // The first one is no fighter, nor does its goodbye take the heir's znode away.
    n2.leave().await;
    n1.listen(Duration::from_secs(2)).await;
    assert_eq!(n1.view(), ["n1=h:1", "n2=h:22"]);
}

#[tokio::test]
async fn an_outage_that_the_session_outlives_keeps_the_znode_and_the_watch() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let mut server = ZooKeeperServer::start();
    let mut long = settings(&server);
    long.session_timeout_ms = 10_000;
    let mut n1 = start(&long, "n1", "h:1");
    let _n2 = start(&long, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    server.kill();
    server.restart();
    n1.listen(Duration::from_secs(3)).await;
    // The client forgets persistent watches here; without a new one this is never seen.
    let _n3 = start(&long, "n3", "h:3");
    n1.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    assert_eq!(n1.lost, [""; 0], "no session ran out");
}

#[tokio::test]
async fn an_outage_that_outlives_the_session_takes_nobody_away_and_they_register_again() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let mut server = ZooKeeperServer::start();
    let settings = settings(&server);
    let mut n1 = start(&settings, "n1", "h:1");
    let n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    server.kill();
    n2.die().await;
    let _n3 = start(&settings, "n3", "h:3");
    n1.listen(Duration::from_secs(6)).await;
    assert_eq!(n1.lost, [""; 0], "three sessions long, and nobody is lost");
    server.restart();
    let after = n1.until(&["n1=h:1", "n3=h:3"]).await;
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!(n1.view(), ["n1=h:1", "n3=h:3"]);
    eprintln!("zookeeper: {after:?} after its restart all is said (session 2 s)");
}

#[tokio::test]
async fn a_server_that_hangs_is_an_outage_like_any_other() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let settings = settings(&server);
    let mut n1 = start(&settings, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    server.freeze();
    let waits = start(&settings, "n2", "h:2");
    n1.listen(Duration::from_secs(4)).await;
    assert_eq!((n1.view(), waits.settled), (vec!["n1=h:1".to_owned()], 0));
    waits.leave().await;
    server.thaw();
    let _n3 = start(&settings, "n3", "h:3");
    n1.until(&["n1=h:1", "n3=h:3"]).await;
}

#[tokio::test]
async fn a_znode_that_somebody_deletes_comes_back() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let mut n1 = start(&settings(&server), "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    let client = Client::connect(&server.address()).await.unwrap();
    client.delete("/peer-ring/nodes/n1", None).await.unwrap();
    n1.until(&[]).await;
    n1.until(&["n1=h:1"]).await;
}

#[tokio::test]
async fn a_source_that_starts_before_zookeeper_settles_once_that_is_there() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let mut server = ZooKeeperServer::start();
    server.kill();
    let mut n1 = start(&settings(&server), "n1", "h:1");
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!((n1.settled, n1.view().len()), (0, 0));
    server.restart();
    n1.until(&["n1=h:1"]).await;
}

#[tokio::test]
async fn who_has_no_right_is_told_what_to_grant_and_who_has_works() {
    if !ZooKeeperServer::is_there() {
        return;
    }
    let server = ZooKeeperServer::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret\n").unwrap();
    let mut ring = settings(&server);
    ring.user = Some("ring".into());
    ring.password_file = Some(file.path().to_owned());
    let mut n1 = start(&ring, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    let stranger = Client::connect(&server.address()).await.unwrap();
    let read = stranger.get_data("/peer-ring/nodes/n1").await;
    assert_eq!(read.unwrap_err(), Error::NoAuth);

    let nameless = start(&settings(&server), "n2", "h:2").error().await;
    assert!(nameless.contains("discovery by zookeeper cannot work"), "{nameless}");
    assert!(nameless.contains("setAcl /peer-ring/nodes"), "{nameless}");
    std::fs::write(file.path(), "wrong").unwrap();
    let wrong = start(&ring, "n2", "h:2").error().await;
    assert!(wrong.contains("user and password_file"), "{wrong}");

    std::fs::write(file.path(), "secret").unwrap();
    ring.access = Some(Access::CreatorAndReaders);
    let _n3 = start(&ring, "n3", "h:3");
    n1.until(&["n1=h:1", "n3=h:3"]).await;
    assert!(stranger.get_data("/peer-ring/nodes/n3").await.is_ok());
    let deleted = stranger.delete("/peer-ring/nodes/n1", None).await;
    assert_eq!(deleted.unwrap_err(), Error::NoAuth);
}
