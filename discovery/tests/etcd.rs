//! The source `etcd` against a real etcd.

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
}

use world::certificates::Certificates;
use world::etcd_server::EtcdServer;
use world::program::{free_port, is_there};
use world::told::{Told, node};

fn settings(endpoints: Vec<String>) -> Settings {
    Settings {
        endpoints,
        lease_ttl_ms: 2_000,
        timeout_ms: 1_000,
        backoff: Backoff { min_ms: 50, max_ms: 500 },
        ..Settings::default()
    }
}

fn start(settings: &Settings, name: &str, address: &str) -> Told {
    settings.check().unwrap();
    Told::by(Etcd::new(settings.clone(), node(name, address)))
}

#[tokio::test]
async fn nodes_find_each_other_join_leave_die_and_return_elsewhere() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let settings = settings(vec![server.endpoint()]);
    let mut n1 = start(&settings, "n1", "h:1");
    let n2 = start(&settings, "n2", "h:2");
    let n3 = start(&settings, "n3", "h:3");
    n1.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    let mut n4 = start(&settings, "n4", "h:4");
    let joined = n1.until(&["n1=h:1", "n2=h:2", "n3=h:3", "n4=h:4"]).await;
    n4.until(&["n1=h:1", "n2=h:2", "n3=h:3", "n4=h:4"]).await;
    n2.leave().await;
    let left = n1.until(&["n1=h:1", "n3=h:3", "n4=h:4"]).await;
    assert!(left < Duration::from_secs(1), "its lease was revoked, not run out: {left:?}");
    n3.die().await;
    let died = n1.until(&["n1=h:1", "n4=h:4"]).await;
    let _n3 = start(&settings, "n3", "h:33");
    let back = n1.until(&["n1=h:1", "n3=h:33", "n4=h:4"]).await;
    assert_eq!(n1.settled, 1);
    eprintln!("etcd: joined {joined:?}, left {left:?}, died {died:?} (lease 2 s), back {back:?}");
}

#[tokio::test]
async fn an_outage_takes_nobody_away_and_what_changed_meanwhile_is_said_after_it() {
    if !is_there("etcd") {
        return;
    }
    let mut server = EtcdServer::start();
    let settings = settings(vec![server.endpoint()]);
    let mut n1 = start(&settings, "n1", "h:1");
    let n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    server.kill();
    n2.die().await;
    let _n3 = start(&settings, "n3", "h:3");
    n1.listen(Duration::from_secs(8)).await;
    assert_eq!(n1.lost, [""; 0], "four times the lease, and nobody is lost");
    server.restart();
    let after = n1.until(&["n1=h:1", "n3=h:3"]).await;
    assert_eq!(n1.lost, ["n2"]);
    eprintln!("etcd: {after:?} after its restart all is said (lease 2 s)");
}

#[tokio::test]
async fn an_etcd_that_hangs_is_an_outage_like_any_other() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let mut n1 = start(&settings(vec![server.endpoint()]), "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    server.freeze();
    let n2 = start(&settings(vec![server.endpoint()]), "n2", "h:2");
    n1.listen(Duration::from_secs(5)).await;
    assert_eq!((n1.view(), n2.settled), (vec!["n1=h:1".to_owned()], 0));
    n2.leave().await;
    let _n3 = start(&settings(vec![server.endpoint()]), "n3", "h:3");
    server.thaw();
    n1.until(&["n1=h:1", "n3=h:3"]).await;
}

#[tokio::test]
async fn a_source_that_starts_before_etcd_settles_once_etcd_is_there() {
    if !is_there("etcd") {
        return;
    }
    let mut server = EtcdServer::start();
    // An etcd that is killed before it has founded its cluster never does.
    let mut client = Client::connect([server.endpoint()], None).await.unwrap();
    client.put("x", "y", None).await.unwrap();
    server.kill();
    let mut n1 = start(&settings(vec![server.endpoint()]), "n1", "h:1");
    n1.listen(Duration::from_secs(2)).await;
    assert_eq!((n1.settled, n1.view().len()), (0, 0));
    server.restart();
    n1.until(&["n1=h:1"]).await;
}

#[tokio::test]
async fn a_lease_that_is_revoked_is_replaced() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let mut settings = settings(vec![server.endpoint()]);
    settings.lease_ttl_ms = 3_000;
    let mut n1 = start(&settings, "n1", "h:1");
    let mut n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    n2.until(&["n1=h:1", "n2=h:2"]).await;
    let mut client = Client::connect([server.endpoint()], None).await.unwrap();
    let key = client.get("/peer-ring/nodes/n2", None).await.unwrap();
    client.lease_revoke(key.kvs()[0].lease()).await.unwrap();
    n1.until(&["n1=h:1"]).await;
    let again = n1.until(&["n1=h:1", "n2=h:2"]).await;
    assert!(again < Duration::from_secs(3), "{again:?}");
    // Nor does it vanish when the old lease would have run out.
    n1.listen(Duration::from_secs(4)).await;
    assert_eq!((n1.view().len(), &n1.lost[..]), (2, &["n2".to_owned()][..]));
}

#[tokio::test]
async fn a_key_that_somebody_deletes_comes_back() {
    if !is_there("etcd") {
        return;
    }
    let server = EtcdServer::start();
    let mut n1 = start(&settings(vec![server.endpoint()]), "n1", "h:1");
    n1.until(&["n1=h:1"]).await;
    let mut client = Client::connect([server.endpoint()], None).await.unwrap();
    client.delete("/peer-ring/nodes/n1", None).await.unwrap();
    n1.until(&[]).await;
    n1.until(&["n1=h:1"]).await;
}

#[tokio::test]
async fn a_dead_endpoint_and_a_killed_leader_are_got_round() {
    if !is_there("etcd") {
        return;
    }
    let mut servers = EtcdServer::three();
    let mut endpoints = vec![format!("http://127.0.0.1:{}", free_port())];
    endpoints.extend(servers.iter().map(EtcdServer::endpoint));
    let settings = settings(endpoints);
    let mut n1 = start(&settings, "n1", "h:1");
    let _n2 = start(&settings, "n2", "h:2");
    n1.until(&["n1=h:1", "n2=h:2"]).await;
    let mut leader = 0;
    for (index, server) in servers.iter().enumerate() {
        let mut client = Client::connect([server.endpoint()], None).await.unwrap();
        let status = client.status().await.unwrap();
        if status.leader() == status.header().unwrap().member_id() {
            leader = index;
        }
    }
    servers[leader].kill();
    let _n3 = start(&settings, "n3", "h:3");
    let after = n1.until(&["n1=h:1", "n2=h:2", "n3=h:3"]).await;
    eprintln!("etcd: {after:?} after the leader was killed a new node is seen");
    n1.listen(Duration::from_secs(4)).await;
    assert_eq!(n1.view(), ["n1=h:1", "n2=h:2", "n3=h:3"]);
    assert_eq!(n1.lost, [""; 0], "no lease ran out");
}

#[tokio::test]
async fn who_may_not_is_told_what_to_grant_and_who_may_works() {
    if !is_there("etcd") {
        return;
    }
    let mut server = EtcdServer::start();
    let mut client = Client::connect([server.endpoint()], None).await.unwrap();
    client.user_add("root", "r", None).await.unwrap();
    client.role_add("root").await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.role_add("ring").await.unwrap();
    let prefix = Permission::new(PermissionType::Readwrite, "/peer-ring/nodes/").with_prefix();
    client.role_grant_permission("ring", prefix).await.unwrap();
    for user in ["ring", "nobody"] {
        client.user_add(user, "secret", None).await.unwrap();
    }
    client.user_grant_role("ring", "ring").await.unwrap();
    client.auth_enable().await.unwrap();

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret\n").unwrap();
    let endpoint = server.endpoint();
    let as_user = |user: &str| {
        let mut settings = settings(vec![endpoint.clone()]);
        settings.user = Some(user.into());
        // etcd takes its time over a password, and more on a busy machine.
        settings.timeout_ms = 10_000;
        settings.password_file = Some(file.path().to_owned());
        settings
    };
    let mut n1 = start(&as_user("ring"), "n1", "h:1");
    n1.until(&["n1=h:1"]).await;

    let refused = start(&as_user("nobody"), "n2", "h:2").error().await;
    assert!(refused.contains("discovery by etcd cannot work"), "{refused}");
    assert!(refused.contains("grant-permission"), "{refused}");
    let nameless = start(&settings(vec![server.endpoint()]), "n2", "h:2").error().await;
    assert!(nameless.contains("check user and password_file"), "{nameless}");
    std::fs::write(file.path(), "wrong").unwrap();
    let wrong = start(&as_user("ring"), "n2", "h:2").error().await;
    assert!(wrong.contains("check user and password_file"), "{wrong}");
    n1.listen(Duration::from_secs(1)).await;
    assert_eq!(n1.view(), ["n1=h:1"]);

    // Refused when it has worked already, it waits for its operator.
    let options = ConnectOptions::new().with_user("root", "r");
    let mut root = Client::connect([server.endpoint()], Some(options)).await.unwrap();
    root.user_revoke_role("ring", "ring").await.unwrap();
    server.kill();
    server.restart();
    n1.listen(Duration::from_secs(3)).await;
    assert_eq!(n1.lost, [""; 0]);
    let options = ConnectOptions::new().with_user("root", "r");
    let mut root = Client::connect([&endpoint], Some(options)).await.unwrap();
    root.user_grant_role("ring", "ring").await.unwrap();
    std::fs::write(file.path(), "secret").unwrap();
    let _n3 = start(&as_user("ring"), "n3", "h:3");
    n1.until(&["n1=h:1", "n3=h:3"]).await;
}

#[tokio::test]
async fn tls_with_certificates_of_both_sides() {
    if !is_there("etcd") {
        return;
    }
    let ours = Certificates::new();
    let server = EtcdServer::alone(
        "https",
        vec![
            format!("--cert-file={}", ours.cert.display()),
            format!("--key-file={}", ours.key.display()),
            format!("--trusted-ca-file={}", ours.ca.display()),
            "--client-cert-auth".into(),
        ],
    );
    let mut good = settings(vec![server.endpoint()]);
    good.ca_file = Some(ours.ca.clone());
    good.cert_file = Some(ours.cert.clone());
    good.key_file = Some(ours.key.clone());
    let mut n1 = start(&good, "n1", "h:1");
    n1.until(&["n1=h:1"]).await;

    let mut foreign = good.clone();
    let others = Certificates::new();
    foreign.ca_file = Some(others.ca.clone());
    let mut n2 = start(&foreign, "n2", "h:2");
    let mut bare = good.clone();
    (bare.cert_file, bare.key_file) = (None, None);
    let mut n3 = start(&bare, "n3", "h:3");
    n2.listen(Duration::from_secs(1)).await;
    n3.listen(Duration::from_secs(1)).await;
    assert_eq!((n2.settled, n3.settled), (0, 0), "neither trusts, or is trusted by, etcd");
    // A certificate is renewed in its file while the node runs.
    std::fs::copy(&ours.ca, &others.ca).unwrap();
    n2.until(&["n1=h:1", "n2=h:2"]).await;

    let mut garbled = good;
    garbled.ca_file = Some("/no/such/ca.pem".into());
    let error = garbled.check().unwrap_err();
    assert_eq!(error.field, "ca_file");
    let unchecked = Told::by(Etcd::new(garbled, node("n4", "h:4"))).error().await;
    assert!(unchecked.contains("ca_file: cannot read /no/such/ca.pem"), "{unchecked}");
}
