//! The Redis front of a cluster of three nodes.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use world::redis::{Redis, request};
use world::tools::{cli, has, run};
use world::{World, fronts};

#[test]
fn what_one_node_is_told_every_node_knows() {
    let world = World::start(3, fronts());
    let mut nodes: Vec<_> = world.redis.iter().map(|address| Redis::to(*address)).collect();
    for index in 0..200 {
        let (key, value) = (format!("key{index}"), format!("value{index}"));
        assert_eq!(nodes[index % 3].ask(&format!("SET {key} {value} EX 100")), "+OK");
        assert_eq!(nodes[(index + 1) % 3].ask(&format!("GET {key}")), value);
        assert_eq!(nodes[(index + 2) % 3].ask(&format!("TTL {key}")), ":100");
        assert_eq!(nodes[(index + 2) % 3].ask(&format!("PERSIST {key}")), ":1");
        assert_eq!(nodes[index % 3].ask(&format!("TTL {key}")), ":-1");
    }
    assert_eq!(nodes[1].ask("DBSIZE"), ":200");
    assert_eq!(nodes[0].ask("GETDEL key7"), "value7");
    assert_eq!(nodes[2].ask("EXISTS key7 key8"), ":1");
    assert_eq!(nodes[2].ask("FLUSHALL"), "+OK");
    assert_eq!(nodes[0].ask("DBSIZE"), ":0");
}

#[test]
fn a_pipeline_over_three_nodes_is_answered_in_order() {
    let world = World::start(3, fronts());
    let mut redis = Redis::to(world.redis[1]);
    let mut sent = Vec::new();
    for index in 0..500 {
        let (key, value) = (format!("k{}", index % 20), index.to_string());
        sent.extend(request(&[b"SET", key.as_bytes(), value.as_bytes()]));
        sent.extend(request(&[b"GET", key.as_bytes()]));
        sent.extend(request(&[b"EXPIRE", key.as_bytes(), b"50"]));
        sent.extend(request(&[b"TTL", key.as_bytes()]));
    }
    let mut sender = redis.another_end();
    let writer = std::thread::spawn(move || sender.send(&sent));
    for index in 0..500 {
        let told = [redis.told(), redis.told(), redis.told(), redis.told()];
        assert_eq!(told, ["+OK", &index.to_string(), ":1", ":50"]);
    }
    writer.join().unwrap();
}

#[test]
fn a_pipeline_through_a_node_that_owns_nothing_of_it_sees_its_own_writes() {
    let world = World::start(5, fronts());
    for address in &world.redis {
        let mut redis = Redis::to(*address);
        let mut sent = Vec::new();
        for index in 0..500 {
            let (key, value) = (format!("k{}", index % 20), index.to_string());
            sent.extend(request(&[b"SET", key.as_bytes(), value.as_bytes()]));
            sent.extend(request(&[b"GET", key.as_bytes()]));
        }
        let mut sender = redis.another_end();
        let writer = std::thread::spawn(move || sender.send(&sent));
        let told: Vec<_> = (0..500).map(|_| (redis.told(), redis.told())).collect();
        let wanted: Vec<_> = (0..500).map(|index| ("+OK".to_owned(), index.to_string())).collect();
        let stale = told.iter().zip(&wanted).filter(|(told, wanted)| told != wanted).count();
        assert_eq!(stale, 0);
        writer.join().unwrap();
    }
}

#[test]
fn scan_lists_every_key_that_stays_while_others_come_and_go() {
    let world = World::start(3, fronts());
    let mut redis = Redis::to(world.redis[0]);
    let stay: BTreeSet<_> = (0..5_000).map(|index| format!("stay{index}")).collect();
    for key in &stay {
        redis.send(&request(&[b"SET", key.as_bytes(), b"v"]));
    }
    for _ in &stay {
        assert_eq!(redis.told(), "+OK");
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (1..3)
        .map(|node| {
            let (address, is_over) = (world.redis[node], Arc::clone(&is_over));
            std::thread::spawn(move || {
                let mut redis = Redis::to(address);
                for index in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        return index;
                    }
                    redis.ask(&format!("SET go{node}:{index} v"));
                    redis.ask(&format!("DEL go{node}:{index}"));
                }
                0
            })
        })
        .collect();
    for options in ["COUNT 10", "MATCH stay*", "COUNT 3000"] {
        for address in &world.redis {
            let listed: BTreeSet<_> = Redis::to(*address).scan(options).into_iter().collect();
            let missing: Vec<_> = stay.difference(&listed).collect();
            assert!(missing.is_empty(), "{options}: {missing:?}");
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let written: i32 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    assert!(written > 0);
}

#[test]
fn redis_tools_work_on_every_node() {
    if !has("redis-cli") || !has("redis-benchmark") {
        return;
    }
    let world = World::start(3, fronts());
    for address in &world.redis {
        let tests = ["-t", "set,get,mset", "-n", "3000", "-P", "16", "-r", "1000", "-q"];
        let output = run("redis-benchmark", *address, &tests);
        assert!(!String::from_utf8_lossy(&output.stdout).contains("rror"), "{output:?}");
        assert_eq!(cli(*address, &["-3", "SET", "a", "b"]), "OK");
    }
    let keys = cli(world.redis[2], &["--scan", "--pattern", "key:*"]);
    let count = cli(world.redis[0], &["DBSIZE"]);
    assert_eq!(count, (keys.lines().count() + 1).to_string());
}

#[test]
fn without_a_quorum_the_client_is_told_whether_the_write_may_have_happened() {
    let world = World::start(3, fronts());
    let mut redis = Redis::to(world.redis[0]);
    assert_eq!(redis.ask("SET a 1"), "+OK");
    world.stop(2);
    let start = Instant::now();
    while redis.ask("SET a 2") != "+OK" {
        assert!(start.elapsed() < Duration::from_secs(20), "two of three must do");
    }
    assert_eq!(redis.ask("GET a"), "2");
    world.stop(1);
    let mut told = redis.ask("SET a 3");
    while told.starts_with("-TIMEOUT") {
        assert!(start.elapsed() < Duration::from_secs(40), "{told}");
        told = redis.ask("SET a 3");
    }
    assert!(told.starts_with("-NOQUORUM quorum not met: "), "{told}");
    assert!(redis.ask("GET a").starts_with('-'));
    let told = redis.ask("MSET a 1 b 2");
    assert!(told.ends_with("of 2 keys were written"), "{told}");
    assert_eq!(redis.ask("PING"), "+PONG");
}
