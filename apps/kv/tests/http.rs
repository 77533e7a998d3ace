//! One node's HTTP front, from the other end of a socket.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use peer_ring_kv::fronts::{FrontConfig, HttpConfig, Limits};
use peer_ring_kv::namespace::Settings;
use peer_ring_kv::{Kv, Namespace, Namespaces};
use proptest::prelude::*;
use world::http::{ask, get, read, send};
use world::redis::Redis;
use world::{World, fronts};

#[test]
fn a_value_is_put_and_got_raw() {
    let world = World::alone();
    let http = world.http[0];
    let value: Vec<u8> = (0..=255).collect();
    let put = ask(http, "PUT", "/v1/kv/default/a%20b/c%FF", &value);
    assert_eq!((put.status, put.body.len()), (204, 0));
    let version = put.header("peer-ring-version").unwrap();
    let got = get(http, "/v1/kv/default/a%20b%2Fc%ff");
    assert_eq!((got.status, &got.body), (200, &value));
    assert_eq!(got.header("peer-ring-version"), Some(version));
    assert_eq!(got.header("peer-ring-expires"), None);
    assert_eq!(got.header("content-type"), Some("application/octet-stream"));
    let head = ask(http, "HEAD", "/v1/kv/default/a%20b%2Fc%ff", b"");
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, Some("256"), 0)
    );
    let mut redis = Redis::to(world.redis[0]);
    assert_eq!(redis.ask_bytes(&[b"STRLEN", b"a b/c\xff"]), ":256");
    let deleted = ask(http, "DELETE", "/v1/kv/default/a%20b%2Fc%ff", b"");
    assert_eq!((deleted.status, deleted.header("peer-ring-existed")), (204, Some("true")));
    let again = ask(http, "DELETE", "/v1/kv/default/a%20b%2Fc%ff", b"");
    assert_eq!((again.status, again.header("peer-ring-existed")), (204, Some("false")));
}

#[test]
fn a_missing_key_is_json() {
    let world = World::alone();
    let told = get(world.http[0], "/v1/kv/default/none");
    assert_eq!((told.status, &told.code()[..]), (404, "not_found"));
    assert_eq!(told.json()["error"]["may_have_happened"], false);
    assert_eq!(ask(world.http[0], "HEAD", "/v1/kv/default/none", b"").status, 404);
}

#[test]
fn the_empty_key_is_a_key() {
    let world = World::alone();
    assert_eq!(ask(world.http[0], "PUT", "/v1/kv/default/", b"v").status, 204);
    assert_eq!(get(world.http[0], "/v1/kv/default/").body, b"v");
    assert_eq!(Redis::to(world.redis[0]).ask_bytes(&[b"GET", b""]), "v");
}

#[test]
fn a_time_to_live_ends_a_value() {
    let world = World::alone();
    let http = world.http[0];
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let put = ask(http, "PUT", "/v1/kv/default/k?ttl=2h", b"v");
    let expires: u128 = put.header("peer-ring-expires").unwrap().parse().unwrap();
    assert!((before + 7_200_000..before + 7_300_000).contains(&expires));
    let got = get(http, "/v1/kv/default/k");
    assert_eq!(got.header("peer-ring-expires"), Some(&expires.to_string()[..]));
    ask(http, "PUT", "/v1/kv/default/k?ttl=50ms", b"v");
    std::thread::sleep(Duration::from_millis(80));
    assert_eq!(get(http, "/v1/kv/default/k").status, 404);
}

#[test]
fn what_cannot_be_is_refused_with_its_name() {
    let limits = Limits { key_bytes_max: 10, value_bytes_max: 100, ..Limits::default() };
    let world = World::start(1, FrontConfig { limits, ..fronts() });
    let http = world.http[0];
    for (method, path, status, code) in [
        ("GET", "/v1/kv/nowhere/k", 404, "unknown_namespace"),
        ("GET", "/v1/kv/nowhere", 404, "unknown_namespace"),
        ("GET", "/v1/kv/n%20o/k", 404, "unknown_namespace"),
        ("GET", "/v1/kv/default/k?x=1", 400, "bad_parameter"),
        ("GET", "/v1/kv/default/k?ttl=5", 400, "bad_parameter"),
        ("GET", "/v1/kv/default/k?n=0", 400, "bad_parameter"),
        ("GET", "/v1/kv/default/k?n=2&r=3", 400, "bad_parameter"),
        ("PUT", "/v1/kv/default/k?ttl=0", 400, "bad_parameter"),
        ("PUT", "/v1/kv/default/k?w=4", 400, "bad_parameter"),
        ("GET", "/v1/kv/default?limit=0", 400, "bad_parameter"),
        ("GET", "/v1/kv/default?after=x", 400, "bad_parameter"),
        ("GET", "/v1/kv/default/%zz", 400, "bad_path"),
        ("GET", "/v1/kv/default/12345678901", 413, "too_large"),
        ("POST", "/v1/kv/default/k", 405, "unknown_method"),
        ("DELETE", "/v1/kv/default", 405, "unknown_method"),
        ("GET", "/nowhere", 404, "unknown_route"),
    ] {
        let told = ask(http, method, path, b"");
        assert_eq!((told.status, &told.code()[..]), (status, code), "{method} {path}");
    }
    let told = get(http, "/v1/kv/default/k?x=1").json()["error"]["message"].to_string();
    assert!(told.contains("\\\"x\\\"") && told.contains("known are n, r"), "{told}");
    let told = ask(http, "PUT", "/v1/kv/default/k", &[0; 101]);
    assert_eq!((told.status, &told.code()[..]), (413, "too_large"));
    let chunks = format!("{}0\r\n\r\n", "20\r\n01234567890123456789012345678901\r\n".repeat(4));
    let head = "PUT /v1/kv/default/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\
                connection: close\r\n\r\n";
    let told = send(http, format!("{head}{chunks}").as_bytes());
    assert_eq!((told.status, &told.code()[..]), (413, "too_large"));
    assert_eq!(get(http, "/v1/kv/default/k").status, 404);
}

#[test]
fn without_a_quorum_the_client_is_told_so() {
    let world = World::alone();
    assert_eq!(ask(world.http[0], "PUT", "/v1/kv/default/k?n=3&w=2", b"v").status, 503);
    let told = get(world.http[0], "/v1/kv/default/k?n=3&r=3");
    assert_eq!((told.status, &told.code()[..]), (503, "quorum_not_met"));
    assert_eq!(ask(world.http[0], "PUT", "/v1/kv/default/k?n=3&w=1", b"v").status, 204);
    assert_eq!(get(world.http[0], "/v1/kv/default/k?n=1&r=1").body, b"v");
}

#[test]
fn namespaces_are_apart_and_have_their_own_settings() {
    let settings = Settings { ttl_ms: Some(60_000), ..Settings::default() };
    let sessions = Namespace::new("sessions").unwrap();
    let namespaces = Namespaces::new(BTreeMap::from([(sessions, settings)]));
    let world = World::with(1, Kv::new(namespaces), fronts());
    let http = world.http[0];
    let put = ask(http, "PUT", "/v1/kv/sessions/k", b"v");
    assert!(put.header("peer-ring-expires").is_some());
    assert_eq!(get(http, "/v1/kv/default/k").status, 404);
    assert_eq!(get(http, "/v1/kv/sessions/k").body, b"v");
    assert_eq!(get(http, "/v1/kv/sessions").json()["keys"][0], "k");
    assert!(get(http, "/v1/kv/default").json()["keys"].as_array().unwrap().is_empty());
}

#[test]
fn keys_are_listed_page_by_page() {
    let world = World::alone();
    let http = world.http[0];
    let mut redis = Redis::to(world.redis[0]);
    for index in 0..500 {
        redis.ask_bytes(&[b"SET", format!("k/{index}").as_bytes(), b"v"]);
    }
    let mut listed = Vec::new();
    let mut path = "/v1/kv/default?limit=70".to_owned();
    loop {
        let page = get(http, &path).json();
        let keys = page["keys"].as_array().unwrap();
        assert!(keys.len() <= 70);
        listed.extend(keys.iter().map(|key| key.as_str().unwrap().to_owned()));
        match page["after"].as_str() {
            Some(after) => path = format!("/v1/kv/default?limit=70&after={after}"),
            None => break,
        }
    }
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), 500);
    let first = &listed[0];
    assert!(first.starts_with("k%2F"));
    assert_eq!(get(http, &format!("/v1/kv/default/{first}")).body, b"v");
}

#[test]
fn operators_and_orchestrators_are_told_how_the_node_is() {
    let world = World::start(3, fronts());
    let http = world.http[1];
    assert_eq!(get(http, "/healthz").json()["healthy"], true);
    assert_eq!(get(http, "/readyz").json()["ready"], true);
    let ring = get(http, "/v1/ring").json();
    assert_eq!((&ring["partitions"], &ring["replicas"]), (&256.into(), &3.into()));
    let members = ring["members"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    assert!(members.iter().all(|member| member["state"] == "alive" && member["owned"] == 256));
    assert_eq!(ring["owners"].as_array().unwrap().len(), 256);
    let owners = get(http, "/v1/ring/owners/user%2F1").json();
    let partition = owners["partition"].as_u64().unwrap() as usize;
    let first = ring["owners"][partition][0].as_u64().unwrap() as usize;
    assert_eq!(owners["owners"][0], members[first]["name"]);
    let metrics = get(http, "/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains("peer_ring_kv_connections{front=\"http\"} 1"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn one_client_too_many_is_told_so() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let world = World::start(1, FrontConfig { limits, ..fronts() });
    let mut first = TcpStream::connect(world.http[0]).unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = [0; 512];
    assert!(first.read(&mut answer).unwrap() > 0);
    let told = get(world.http[0], "/healthz");
    assert_eq!((told.status, &told.code()[..]), (503, "too_many_connections"));
}

#[test]
fn a_client_that_does_not_finish_its_request_is_let_go() {
    let http = HttpConfig { head_timeout_ms: 200, body_timeout_ms: 200, ..fronts().http.unwrap() };
    let world = World::start(1, FrontConfig { http: Some(http), ..fronts() });
    let start = Instant::now();
    for beginning in [
        &b""[..],
        b"GET /healthz HT",
        b"PUT /v1/kv/default/k HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab",
    ] {
        let mut stream = TcpStream::connect(world.http[0]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(beginning).unwrap();
        let mut told = Vec::new();
        stream.read_to_end(&mut told).unwrap();
        assert!(told.is_empty() || read(&told).status == 408, "{told:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn an_answer_under_way_is_finished_when_the_node_stops() {
    let world = World::alone();
    ask(world.http[0], "PUT", "/v1/kv/default/k", &vec![b'v'; 8_000_000]);
    let mut stream = TcpStream::connect(world.http[0]).unwrap();
    stream.write_all(b"GET /v1/kv/default/k HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut told = vec![0; 1_000];
    stream.read_exact(&mut told).unwrap();
    let stopped = world.begin_stop(0);
    stream.read_to_end(&mut told).unwrap();
    assert_eq!(read(&told).body.len(), 8_000_000);
    stopped.recv_timeout(Duration::from_secs(10)).unwrap();
}

fn noisy() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::alone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        for beginning in [&b""[..], b"GET /v1/kv/default/", b"PUT /v1/kv/default/k HTTP/1.1\r\n"] {
            let mut stream = TcpStream::connect(noisy().http[0]).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let _ = stream.write_all(&[beginning, &bytes].concat());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        prop_assert_eq!(get(noisy().http[0], "/healthz").status, 200);
    }
}
