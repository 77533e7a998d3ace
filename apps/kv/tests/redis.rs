//! One node's Redis front, from the other end of a socket.

#![allow(clippy::unwrap_used)]

mod world;

#[path = "redis/bounds.rs"]
mod bounds;
#[path = "redis/noise.rs"]
mod noise;
#[path = "redis/tools.rs"]
mod tools;

use std::thread::sleep;
use std::time::Duration;

use peer_ring::{Config, Node};
use peer_ring_kv::Kv;
use peer_ring_kv::fronts::{FrontConfig, FrontError, serve};
use world::redis::{Redis, request};
use world::{World, fronts};

#[test]
fn what_is_set_is_got_in_either_language() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    assert_eq!(redis.ask("SET key value"), "+OK");
    assert_eq!(redis.ask("GET key"), "value");
    assert_eq!(redis.ask("GET missing"), "nil");
    assert_eq!(redis.ask_bytes(&[b"SET", b"\x00\xff\r\n", b"\r\n\x00"]), "+OK");
    assert_eq!(redis.ask_bytes(&[b"GET", b"\x00\xff\r\n"]), "\\r\\n\\x00");
    assert!(redis.ask("HELLO 3").starts_with("{server redis version 7.2.0 proto :3 id :"));
    assert_eq!(redis.ask("GET missing"), "nil");
    assert_eq!(redis.ask("MGET key missing"), "[value nil]");
    assert_eq!(redis.ask("CONFIG GET databases"), "{databases 1}");
}

#[test]
fn what_has_expired_is_gone() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    redis.ask("SET short v PX 80");
    redis.ask("SET long v EX 100");
    redis.ask("SET kept v PX 80");
    assert_eq!(redis.ask("PERSIST kept"), ":1");
    assert_eq!(redis.ask("TTL long"), ":100");
    assert_eq!(redis.ask("TTL kept"), ":-1");
    redis.ask("SET touched v");
    assert_eq!(redis.ask("PEXPIRE touched 80"), ":1");
    sleep(Duration::from_millis(120));
    assert_eq!(redis.ask("MGET short long kept touched"), "[nil v v nil]");
    assert_eq!(redis.ask("EXPIRE long -1"), ":1");
    assert_eq!(redis.ask("EXISTS long kept"), ":1");
    assert_eq!(redis.ask("GETDEL kept"), "v");
    assert_eq!(redis.ask("GETDEL kept"), "nil");
}

#[test]
fn keepttl_keeps_what_set_would_end() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    redis.ask("SET k one EX 100");
    assert_eq!(redis.ask("SET k two KEEPTTL"), "+OK");
    assert_eq!(redis.ask("TTL k"), ":100");
    redis.ask("SET k three");
    assert_eq!(redis.ask("TTL k"), ":-1");
}

#[test]
fn a_pipeline_is_answered_in_order_and_as_if_one_by_one() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    let (mut sent, mut wanted) = (Vec::new(), Vec::new());
    for index in 0..2_000 {
        let (key, value) = (format!("k{}", index % 50), format!("v{index}"));
        for (words, told) in [
            (format!("SET {key} {value}"), "+OK"),
            (format!("GET {key}"), &value[..]),
            (format!("EXPIRE {key} 100"), ":1"),
            (format!("TTL {key}"), ":100"),
            (format!("SET {key} {value}x KEEPTTL"), "+OK"),
            (format!("TTL {key}"), ":100"),
            ("ECHO between".to_owned(), "between"),
            (format!("GETDEL {key}"), &format!("{value}x")[..]),
            (format!("EXISTS {key} {key}"), ":0"),
            (format!("MSET {key} 1 {key} 2"), "+OK"),
            (format!("MGET {key} none"), "[2 nil]"),
            (format!("DEL {key} {key}"), ":1"),
        ] {
            let words: Vec<_> = words.split(' ').map(str::as_bytes).collect();
            sent.extend(request(&words));
            wanted.push(told.to_owned());
        }
    }
    let mut sender = sent;
    let writer = {
        let mut redis = redis.another_end();
        std::thread::spawn(move || redis.send(&std::mem::take(&mut sender)))
    };
    for (index, wanted) in wanted.iter().enumerate() {
        assert_eq!(redis.told(), *wanted, "reply {index}");
    }
    writer.join().unwrap();
}

#[test]
fn what_was_asked_before_hanging_up_is_answered() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    redis.send(b"SET a 1\r\nGET a\r\nDBSIZE\r\nGET incompl");
    redis.hang_up();
    assert_eq!([redis.told(), redis.told(), redis.told()], ["+OK", "1", ":1"]);
    assert!(redis.is_closed());
}

#[test]
fn quit_is_answered_and_then_nothing_is() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    redis.send(b"PING\r\nQUIT\r\nPING\r\n");
    assert_eq!([redis.told(), redis.told()], ["+PONG", "+OK"]);
    assert!(redis.is_closed());
}

#[test]
fn scan_dbsize_and_flush_are_about_every_key() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    for index in 0..3_000 {
        redis.send(&request(&[b"SET", format!("key:{index}").as_bytes(), b"v"]));
    }
    for _ in 0..3_000 {
        assert_eq!(redis.told(), "+OK");
    }
    assert_eq!(redis.ask("DBSIZE"), ":3000");
    let mut keys = redis.scan("MATCH key:*7");
    keys.sort();
    assert_eq!(keys.len(), 300);
    keys.dedup();
    assert_eq!(keys.len(), 300, "none twice while nothing changes");
    assert!(redis.ask("INFO keyspace").contains("db0:keys=3000,expires=0"));
    assert_eq!(redis.ask("FLUSHALL"), "+OK");
    assert_eq!(redis.ask("DBSIZE"), ":0");
    assert_eq!(redis.scan("COUNT 1").len(), 0);
}

#[test]
fn info_tells_of_node_and_cluster() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    redis.ask("SET a 1");
    let info = redis.ask("INFO");
    for line in [
        "# Server",
        "redis_version:7.2.0",
        "connected_clients:1",
        "role:master",
        "node_name:n1",
        "ring_epoch:",
        "partitions:256",
        "replicas_per_partition:3",
        "db0:keys=1,",
    ] {
        assert!(info.contains(line), "{line} in {info}");
    }
    assert!(!redis.ask("INFO server").contains("# Clients"));
    assert_eq!(redis.ask("INFO nothing"), "");
}

#[test]
fn a_client_is_listed_while_it_is_there() {
    let world = World::alone();
    let (mut one, mut other) = (Redis::to(world.redis[0]), Redis::to(world.redis[0]));
    one.ask("CLIENT SETNAME one");
    assert!(other.ask("CLIENT LIST").contains("name=one "));
    one.ask("QUIT");
    drop(one);
    let start = std::time::Instant::now();
    while other.ask("CLIENT LIST").contains("name=one ") {
        assert!(start.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_was_begun_is_finished_when_the_node_stops() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    redis.ask("PING");
    redis.send(&b"SET a 1\r\n".repeat(500));
    assert_eq!(redis.told(), "+OK");
    let stopped = world.begin_stop(0);
    let mut told = 1;
    while let Ok(reply) = redis.try_told() {
        assert_eq!(reply, "+OK");
        told += 1;
    }
    assert!(told <= 500);
    stopped.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(std::net::TcpStream::connect(world.redis[0]).is_err());
}

#[actix_rt::test]
async fn an_address_in_use_is_named_with_its_field() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::new("n1").unwrap();
    config.listen = "127.0.0.1:0".parse().unwrap();
    let node = Node::builder().config(config).app(Kv::default()).start().await.unwrap();
    let mut fronts: FrontConfig = fronts();
    let address = taken.local_addr().unwrap().to_string();
    fronts.http.as_mut().unwrap().listen.clone_from(&address);
    let error = serve(node.handle(), fronts.clone()).await.err().unwrap();
    assert!(error.to_string().starts_with(&format!("http.listen: cannot listen on {address}")));
    fronts.redis.as_mut().unwrap().namespace = "nowhere".to_owned();
    let error = serve(node.handle(), fronts.clone()).await.err().unwrap();
    assert_eq!(error.to_string(), "redis.namespace: there is no namespace \"nowhere\"");
    fronts.limits.output_bytes_max = 5;
    assert!(matches!(serve(node.handle(), fronts).await, Err(FrontError::Limit(_))));
    node.stop().await;
}
