//! No client can take more than its share, whatever it does or leaves undone.

use std::thread::sleep;
use std::time::{Duration, Instant};

use peer_ring_kv::fronts::{FrontConfig, Limits, RedisConfig};

use super::world::redis::{Redis, request};
use super::world::{World, fronts};

fn limited(limits: Limits) -> World {
    World::start(1, FrontConfig { limits, ..fronts() })
}

fn dropped(world: &World) -> String {
    let text = super::world::http::get(world.http[0], "/metrics").body;
    let text = String::from_utf8(text).unwrap();
    let name = "peer_ring_kv_connections_dropped_total{front=\"redis\"} ";
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
}

#[test]
fn one_client_too_many_is_told_so() {
    let world = limited(Limits { connections_max: 2, ..Limits::default() });
    let (mut one, mut other) = (Redis::to(world.redis[0]), Redis::to(world.redis[0]));
    assert_eq!([one.ask("PING"), other.ask("PING")], ["+PONG", "+PONG"]);
    let mut third = Redis::to(world.redis[0]);
    assert_eq!(third.told(), "-ERR max number of clients reached");
    assert!(third.is_closed());
    drop(one);
    let start = Instant::now();
    loop {
        let mut next = Redis::to(world.redis[0]);
        if next.try_send(b"PING\r\n").is_ok() && next.try_told().is_ok_and(|told| told == "+PONG") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "no place becomes free");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_key_or_value_too_large_costs_an_error_and_a_request_too_large_the_connection() {
    let limits = Limits {
        key_bytes_max: 100,
        value_bytes_max: 1_000,
        request_bytes_max: 10_000,
        ..Limits::default()
    };
    let world = limited(limits);
    let mut redis = Redis::to(world.redis[0]);
    let (key, value) = (vec![b'k'; 101], vec![b'v'; 1_001]);
    let told = redis.ask_bytes(&[b"SET", &key, b"v"]);
    assert_eq!(told, "-TOOLARGE a key of 101 bytes is larger than 100");
    let told = redis.ask_bytes(&[b"SET", b"k", &value]);
    assert_eq!(told, "-TOOLARGE a value of 1001 bytes is larger than 1000");
    assert_eq!(redis.ask_bytes(&[b"SET", &key[..100], &value[..1_000]]), "+OK");
    redis.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10001\r\n");
    assert_eq!(redis.told(), "-ERR Protocol error: invalid bulk length");
    assert!(redis.is_closed());
}

#[test]
fn the_largest_value_fits() {
    let world = World::alone();
    let mut redis = Redis::to(world.redis[0]);
    let value = vec![b'v'; 16 * 1024 * 1024];
    assert_eq!(redis.ask_bytes(&[b"SET", b"k", &value]), "+OK");
    assert_eq!(redis.ask("STRLEN k"), format!(":{}", value.len()));
    assert_eq!(redis.ask("GET k").len(), value.len());
    let mut key = vec![b'k'; 64 * 1024];
    assert_eq!(redis.ask_bytes(&[b"SET", &key, b"v"]), "+OK");
    assert_eq!(redis.ask_bytes(&[b"GET", &key]), "v");
    key.push(b'k');
    assert!(redis.ask_bytes(&[b"GET", &key]).starts_with("-TOOLARGE a key of 65537 bytes"));
}

#[test]
fn a_client_that_does_not_read_is_disconnected_and_no_other_notices() {
    let limits = Limits {
        value_bytes_max: 1024 * 1024,
        output_bytes_max: 4 * 1024 * 1024,
        stall_timeout_ms: 300,
        ..Limits::default()
    };
    let world = limited(limits);
    let (mut slow, mut other) = (Redis::to(world.redis[0]), Redis::to(world.redis[0]));
    assert_eq!(other.ask_bytes(&[b"SET", b"k", &[b'v'; 1_000_000]]), "+OK");
    let gets = request(&[b"GET", b"k"]).repeat(50);
    let start = Instant::now();
    let mut is_disconnected = false;
    while !is_disconnected {
        assert!(start.elapsed() < Duration::from_secs(20), "it is never disconnected");
        is_disconnected = slow.try_send(&gets).is_err() || dropped(&world) == "1";
        assert_eq!(other.ask("PING"), "+PONG");
        sleep(Duration::from_millis(20));
    }
    assert_eq!(dropped(&world), "1");
    assert_eq!(other.ask("STRLEN k"), ":1000000");
}

#[test]
fn a_client_that_reads_gets_more_than_fits_in_memory_at_once() {
    let limits = Limits {
        value_bytes_max: 1024 * 1024,
        output_bytes_max: 4 * 1024 * 1024,
        ..Limits::default()
    };
    let world = limited(limits);
    let mut redis = Redis::to(world.redis[0]);
    assert_eq!(redis.ask_bytes(&[b"SET", b"k", &[b'v'; 1_000_000]]), "+OK");
    redis.send(&request(&[b"GET", b"k"]).repeat(100));
    for _ in 0..100 {
        assert_eq!(redis.told().len(), 1_000_000);
    }
    assert_eq!(dropped(&world), "0");
}

#[test]
fn all_clients_together_hold_no_more_than_there_is_room_for() {
    let limits = Limits {
        key_bytes_max: 1_000,
        value_bytes_max: 100_000,
        memory_bytes_max: 500_000,
        ..Limits::default()
    };
    let world = limited(limits);
    let half = [&b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n"[..], &[b'v'; 300_000]].concat();
    let mut other = Redis::to(world.redis[0]);
    let mut one = Redis::to(world.redis[0]);
    one.send(&half);
    sleep(Duration::from_millis(200));
    let mut two = Redis::to(world.redis[0]);
    two.send(&half);
    assert!(two.told().starts_with("-OVERLOADED"));
    assert!(two.is_closed());
    assert_eq!(other.ask_bytes(&[b"SET", b"k", &[b'v'; 50_000]]), "+OK", "what is small fits");
    drop(one);
    sleep(Duration::from_millis(200));
    assert_eq!(other.ask_bytes(&[b"SET", b"k", &[b'v'; 100_000]]), "+OK");
}

#[test]
fn a_client_that_asks_nothing_is_closed_where_that_is_configured() {
    let redis = RedisConfig { idle_timeout_ms: Some(100), ..fronts().redis.unwrap() };
    let world = World::start(1, FrontConfig { redis: Some(redis), ..fronts() });
    let mut idle = Redis::to(world.redis[0]);
    assert_eq!(idle.ask("PING"), "+PONG");
    let mut half = Redis::to(world.redis[0]);
    half.send(b"*2\r\n$3\r\nGET\r\n$5\r\nab");
    assert!(idle.is_closed() && half.is_closed());
}

#[test]
fn half_a_request_holds_up_nobody() {
    let world = World::alone();
    let halves: Vec<_> = (0..200)
        .map(|_| {
            let mut redis = Redis::to(world.redis[0]);
            redis.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000000\r\nabc");
            redis
        })
        .collect();
    let mut redis = Redis::to(world.redis[0]);
    assert_eq!(redis.ask("SET a 1"), "+OK");
    assert!(redis.ask("INFO clients").contains("connected_clients:201"));
    drop(halves);
    let start = Instant::now();
    while !redis.ask("INFO clients").contains("connected_clients:1\\r") {
        assert!(start.elapsed() < Duration::from_secs(10), "they are never let go");
        sleep(Duration::from_millis(10));
    }
}
