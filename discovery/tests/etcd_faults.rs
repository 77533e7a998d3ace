//! The source `etcd` against a real etcd that has bad days, and operators that have.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use etcd_client::{Client, ConnectOptions, Permission, PermissionType};
use peer_ring_discovery::Backoff;
use peer_ring_discovery::etcd::{Etcd, Settings};

#[allow(dead_code, reason = "each source's tests use a part of it")]
mod world {
    pub mod certificates;
    pub mod etcd_server;
    pub mod program;
    pub mod told;
    pub mod wire;
}

use world::certificates::Certificates;
use world::etcd_server::EtcdServer;
use world::program::is_there;
use world::told::{Told, node};
use world::wire::Wire;

fn settings(endpoints: Vec<String>) -> Settings {
    Settings {
        endpoints,
        lease_ttl_ms: 2_000,
        timeout_ms: 1_000,
        backoff: Backoff { min_ms: 50, max_ms: 500 },
        ..Settings::default()
    }
}

fn over(wire: &Wire) -> Settings {
    settings(vec![format!("http://{}", wire.at)])
}

fn start(settings: &Settings, name: &str, address: &str) -> Told {
    settings.check().unwrap();
    Told::by(Etcd::new(settings.clone(), node(name, address)))
}

async fn client_of(server: &EtcdServer) -> Client {
    Client::connect([server.endpoint()], None).await.unwrap()
}

/// Lets in only those with a password, and gives the user `ring` a role with this right.
async fn with_users(server: &EtcdServer, right: PermissionType) {
    let mut client = client_of(server).await;
    client.user_add("root", "r", None).await.unwrap();
    client.role_add("root").await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.role_add("ring").await.unwrap();
    let prefix = Permission::new(right, "/peer-ring/nodes/").with_prefix();
    client.role_grant_permission("ring", prefix).await.unwrap();
    client.user_add("ring", "secret", None).await.unwrap();
    client.user_grant_role("ring", "ring").await.unwrap();
    client.auth_enable().await.unwrap();
}

async fn root_of(server: &EtcdServer) -> Client {
    let options = ConnectOptions::new().with_user("root", "r");
    Client::connect([server.endpoint()], Some(options)).await.unwrap()
}

fn as_ring(server: &EtcdServer, file: &tempfile::NamedTempFile) -> Settings {
    let mut settings = settings(vec![server.endpoint()]);
    settings.user = Some("ring".into());
    settings.password_file = Some(file.path().to_owned());
    settings
}

#[tokio::test]
async fn who_may_read_and_not_write_is_told_what_to_grant() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    with_users(&server, PermissionType::Read).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret").unwrap();
    let refused = start(&as_ring(&server, &file), "n1", "h:1").error().await;
    assert!(refused.contains("grant-permission"), "{refused}");
}

#[tokio::test]
async fn who_may_write_no_more_asks_seldom_and_works_once_it_may() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let wire = Wire::to(server.port).await;
    with_users(&server, PermissionType::Readwrite).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret").unwrap();
    let mut by_wire = as_ring(&server, &file);
    by_wire.endpoints = vec![format!("http://{}", wire.at)];
    let mut n1 = start(&by_wire, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    let mut root = root_of(&server).await;
    let readwrite = |right| Permission::new(right, "/peer-ring/nodes/").with_prefix();
    root.role_grant_permission("ring", readwrite(PermissionType::Read)).await.unwrap();
    let key = root.get("/peer-ring/nodes/n1", None).await.unwrap();
    root.lease_revoke(key.kvs()[0].lease()).await.unwrap();
    let before = wire.uses();
    n1.listen(Duration::from_secs(8)).await;
    let tries = wire.uses() - before;
    assert!((1..=40).contains(&tries), "{tries} in 8 s, with pauses of 250 to 500 ms");
    root.role_grant_permission("ring", readwrite(PermissionType::Readwrite)).await.unwrap();
    n1.until(&["n1=h:1"]).await;
}

#[tokio::test]
async fn a_password_that_is_changed_is_read_anew_from_its_file() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    with_users(&server, PermissionType::Readwrite).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret").unwrap();
    let mut n1 = start(&as_ring(&server, &file), "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    root_of(&server).await.user_change_password("ring", "another").await.unwrap();
    n1.listen(Duration::from_secs(4)).await;
    assert_eq!(n1.lost.iter().filter(|name| *name != "n1").count(), 0);
    std::fs::write(file.path(), "another").unwrap();
    let _n2 = start(&as_ring(&server, &file), "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
}

#[tokio::test]
async fn an_etcd_that_is_restored_from_a_backup_is_followed_from_its_lower_revision() {
    if !is_there("etcd") || !is_there("etcdctl") {
        return;
    }
    let mut server = EtcdServer::start();
    let mut long = settings(vec![server.endpoint()]);
    long.lease_ttl_ms = 30_000;
    let mut n1 = start(&long, "n1", "h:1");
    let mut client = client_of(&server).await;
    for round in 0..200 {
        client.put("x", format!("{round}"), None).await.unwrap();
    }
    n1.until(&["n1=h:1"]).await;
    server.back_up();
    // After the backup, n1's key is written anew, by a revision that is higher than any in it.
    for round in 0..200 {
        client.put("x", format!("{round}"), None).await.unwrap();
    }
    client.delete("/peer-ring/nodes/n1", None).await.unwrap();
    n1.until(&[]).await;
    n1.until(&["n1=h:1"]).await;
    server.kill();
    server.restore();
    let _n2 = start(&long, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    let mut client = client_of(&server).await;
    let key = client.get("/peer-ring/nodes/n1", None).await.unwrap();
    assert!(key.header().unwrap().revision() < 300, "{:?}", key.header());
    client.delete("/peer-ring/nodes/n1", None).await.unwrap();
    n1.until(&["n2=h:2"]).await;
    n1.until(&["n1=h:1", "n2=h:2"]).await;
}

#[tokio::test]
async fn a_wire_that_hangs_for_longer_than_the_lease_takes_nobody_from_who_hangs() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let wire = Wire::to(server.port).await;
    let mut n1 = start(&over(&wire), "n1", "h:1");
    let mut n2 = start(&settings(vec![server.endpoint()]), "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    wire.hold();
    n2.until(&["n2=h:2"]).await;
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!(n1.lost, [""; 0]);
    let tries = wire.uses();
    wire.release();
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!(n1.view(), ["n1=h:1", "n2=h:2"]);
    assert!(tries <= 12, "{tries} connections in about 6 s of silence");
}

#[tokio::test]
async fn a_first_endpoint_that_never_answers_is_got_round_in_the_time_of_one_answer() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let wire = Wire::to(server.port).await;
    wire.hold();
    let settings = settings(vec![format!("http://{}", wire.at), server.endpoint()]);
    let mut n1 = start(&settings, "n1", "h:1");
    let after = n1.until(&["n1=h:1"]).await;
    assert!(after < Duration::from_secs(4), "{after:?}");
}

#[tokio::test]
async fn a_leader_that_hangs_takes_nobody_away() {
    if !is_there("etcd") {
        return;
    }
    let servers = EtcdServer::three();
    let settings = settings(servers.iter().map(EtcdServer::endpoint).collect());
    let mut n1 = start(&settings, "n1", "h:1");
    let mut n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    let mut leader = 0;
    for (index, server) in servers.iter().enumerate() {
        let status = client_of(server).await.status().await.unwrap();
        if status.leader() == status.header().unwrap().member_id() {
            leader = index;
        }
    }
    servers[leader].freeze();
    let _n3 = start(&settings, "n3", "h:3");
    let after = n1.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    eprintln!("etcd: {after:?} after the leader hangs a new node is seen");
    servers[leader].thaw();
    n2.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    n1.listen(Duration::from_secs(4)).await;
    n1.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
}

#[tokio::test]
async fn a_member_without_a_leader_takes_nobody_away() {
    if !is_there("etcd") {
        return;
    }
    let mut servers = EtcdServer::three();
    let settings = settings(vec![servers[0].endpoint()]);
    let mut n1 = start(&settings, "n1", "h:1");
    let n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    let [_, second, third] = &mut servers;
    second.kill();
    third.kill();
    n2.die().await;
    n1.listen(Duration::from_secs(6)).await;
    assert_eq!(n1.lost, [""; 0]);
    second.restart();
    let _n3 = start(&settings, "n3", "h:3");
    n1.until(&["n1=h:1", "n3=h:3"]).await;
}

#[tokio::test]
async fn what_others_put_under_the_prefix_is_passed_over_however_much_it_is() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let mut client = client_of(&server).await;
    for at in 0..5 {
        let value = vec![b'x'; 1_400_000];
        client.put(format!("/peer-ring/nodes/big-{at}"), value, None).await.unwrap();
        client.put(format!("/peer-ring/nodes/other/n{at}"), "?", None).await.unwrap();
    }
    let settings = settings(vec![server.endpoint()]);
    let mut n1 = start(&settings, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    let _n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
}

#[tokio::test]
async fn a_thousand_nodes_are_listed_and_followed() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let mut client = client_of(&server).await;
    for at in 0..1_000 {
        let value = format!(r#"{{"version":1,"address":"h:{at}"}}"#);
        client.put(format!("/peer-ring/nodes/m{at}"), value, None).await.unwrap();
    }
    let mut n1 = start(&settings(vec![server.endpoint()]), "n1", "h:1");
    n1.until_it(|it| it.nodes.len() == 1_001).await;
    client.delete("/peer-ring/nodes/m7", None).await.unwrap();
    n1.until_it(|it| it.nodes.len() == 1_000).await;
    assert_eq!(n1.lost, ["m7"]);
}

#[tokio::test]
async fn who_stops_at_any_moment_leaves_nothing_behind() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let mut long = settings(vec![server.endpoint()]);
    long.lease_ttl_ms = 60_000;
    let mut slowest = Duration::ZERO;
    for delay_ms in (0..60).step_by(3) {
        let mut n1 = start(&long, "n1", "h:1");
        n1.listen(Duration::from_millis(delay_ms)).await;
        let stopped_at = std::time::Instant::now();
        n1.leave().await;
        slowest = slowest.max(stopped_at.elapsed());
    }
    let left = client_of(&server).await.get("/peer-ring/nodes/n1", None).await.unwrap();
    assert_eq!(left.kvs().len(), 0);
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    // Nor does it take long when etcd hangs.
    let mut n1 = start(&long, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    server.freeze();
    n1.leave().await;
}

#[tokio::test]
async fn certificates_of_both_sides_may_be_of_another_authority_from_one_day_on() {
    if !is_there("etcd") {
        return;
    }
    let (ours, next) = (Certificates::new(), Certificates::new());
    let mut server = EtcdServer::alone(
        "https",
        vec![
            format!("--cert-file={}", ours.cert.display()),
            format!("--key-file={}", ours.key.display()),
            format!("--trusted-ca-file={}", ours.ca.display()),
            "--client-cert-auth".into(),
        ],
    );
    let mut tls = settings(vec![server.endpoint()]);
    tls.ca_file = Some(ours.ca.clone());
    tls.cert_file = Some(ours.cert.clone());
    tls.key_file = Some(ours.key.clone());
    let mut n1 = start(&tls, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    // The files are changed one after the other, and etcd is started again in between.
    std::fs::copy(&next.cert, &ours.cert).unwrap();
    n1.listen(Duration::from_millis(300)).await;
    std::fs::copy(&next.key, &ours.key).unwrap();
    server.kill();
    n1.listen(Duration::from_secs(1)).await;
    std::fs::copy(&next.ca, &ours.ca).unwrap();
    server.restart();
    let _n2 = start(&tls, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    assert_eq!(n1.lost, [""; 0]);
}
