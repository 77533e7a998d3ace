//! `peer-ring dev`: what a newcomer runs first.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::harness::http::Client;
use crate::harness::process::Process;
use crate::harness::{ports, until};

/// A cluster of three nodes in one process, and the first of its ports for the Redis protocol, for
/// HTTP and for peers.
fn start() -> (Process, [u16; 3]) {
    let first = ports::free(9);
    let bases = [first, first + 3, first + 6];
    let [resp, http, peers] = bases.map(|port| port.to_string());
    let arguments = ["dev", "--resp-port", &resp, "--http-port", &http, "--peer-port", &peers];
    let process = Process::start(&arguments, &[]);
    until("the cluster says that it runs", Duration::from_secs(15), || {
        process.said().contains("Ctrl-C stops it.")
    });
    (process, bases)
}

/// A cluster that is told what to do, and the first of its ports for HTTP.
fn start_told() -> (Process, u16) {
    let first = ports::free(12);
    let [resp, http, peers] = [first, first + 4, first + 8].map(|port| port.to_string());
    let arguments = ["dev", "--resp-port", &resp, "--http-port", &http, "--peer-port", &peers];
    let process = Process::start_told(&arguments);
    said(&process, "Ctrl-C stops it.");
    (process, first + 4)
}

fn said(process: &Process, what: &str) {
    until(&format!("it says {what:?}"), Duration::from_secs(20), || process.said().contains(what));
}

fn client(port: u16) -> Client {
    Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Whether these nodes, by their ports for HTTP, say that all is replicated among so many members.
fn is_replicated(http: &[u16], members: usize) -> bool {
    http.iter().all(|port| {
        let mut client = client(*port);
        let ring = client.get("/v1/ring").map(|answer| answer.body).unwrap_or_default();
        ring.matches("\"tenure\":\"member\"").count() == members
            && client.get("/v1/replicated").is_some_and(|answer| answer.status == 200)
    })
}

#[test]
fn it_grows_and_shrinks_as_it_is_told_and_keeps_what_it_holds() {
    let (mut process, http) = start_told();
    for key in 0..100 {
        let put = client(http).put(&format!("/v1/kv/default/k{key}"), "v").unwrap();
        assert_eq!(put.status, 204, "{put:?}");
    }
    let all_are_there = |port| {
        let mut client = client(port);
        for key in 0..100 {
            let got = client.get(&format!("/v1/kv/default/k{key}?r=2")).unwrap();
            assert_eq!((got.status, got.body.as_str()), (200, "v"), "k{key} at {port}");
        }
    };
    let patience = Duration::from_secs(20);
    process.tell("add");
    said(&process, "n4 runs");
    until("four have it all", patience, || is_replicated(&[http, http + 1, http + 3], 4));
    all_are_there(http + 3);
    process.tell("remove n1");
    said(&process, "n1 has left the ring");
    until("three have it all", patience, || is_replicated(&[http + 1, http + 2, http + 3], 3));
    all_are_there(http + 2);
    process.tell("kill n3");
    said(&process, "n3 is gone");
    process.tell("add n3");
    said(&process, "n3 runs");
    until("three have it all again", patience, || {
        is_replicated(&[http + 1, http + 2, http + 3], 3)
    });
    all_are_there(http + 2);
    process.tell("ring");
    said(&process, "partitions owned: n2 256, n3 256, n4 256");
    process.tell("sing");
    said(&process, "\"sing\" is nothing that can be typed here");
    process.signal("INT");
    let (code, said) = process.ended(Duration::from_secs(10));
    assert_eq!(code, Some(0), "{said}");
}

/// What `redis-cli` prints; `None` where it is not installed, which is said.
fn redis_cli(port: u16, command: &[&str]) -> Option<String> {
    let output = Command::new("redis-cli").args(["-p", &port.to_string()]).args(command).output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Err(error) => {
            let is_required = std::env::var("PEER_RING_REQUIRE_SERVERS").is_ok_and(|v| v == "1");
            assert!(!is_required, "redis-cli: {error}");
            println!("skipped: redis-cli: {error}");
            None
        }
    }
}

#[test]
fn a_value_set_at_one_node_is_got_from_another_with_redis_cli() {
    let (_process, [resp, ..]) = start();
    let Some(said) = redis_cli(resp, &["SET", "a", "1"]) else { return };
    assert_eq!(said, "OK");
    assert_eq!(redis_cli(resp + 2, &["GET", "a"]).unwrap(), "1");
}

#[test]
fn an_interrupt_stops_the_cluster_and_all_is_well() {
    let (process, _) = start();
    process.signal("INT");
    let (code, said) = process.ended(Duration::from_secs(10));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn what_a_client_has_begun_at_one_node_is_finished_before_any_node_stops() {
    let (process, [_, http, _]) = start();
    let mut client = TcpStream::connect(("127.0.0.1", http)).unwrap();
    let head = "PUT /v1/kv/default/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
        content-length: 4\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    client.read_exact(&mut [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()]).unwrap();
    process.signal("INT");
    until("nobody is let in any more", Duration::from_secs(5), || {
        TcpStream::connect(("127.0.0.1", http)).is_err()
    });
    // Time for nodes without clients to go away, if they did.
    std::thread::sleep(Duration::from_millis(500));
    client.write_all(b"here").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let (code, said) = process.ended(Duration::from_secs(10));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn its_first_words_say_where_it_listens_and_what_to_try() {
    let (process, [resp, http, peers]) = start();
    let said = process.said();
    for part in [
        format!("n2    127.0.0.1:{}", resp + 1),
        format!("127.0.0.1:{http}"),
        format!("127.0.0.1:{}", peers + 2),
        format!("redis-cli -p {resp} SET a 1"),
        format!("curl http://127.0.0.1:{http}/v1/kv/default/a"),
    ] {
        assert!(said.contains(&part), "{part} in {said}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let free = ports::free(4);
    let [resp, peers, http] = [free.to_string(), (free + 2).to_string(), port.to_string()];
    let arguments =
        ["dev", "--nodes", "1", "--resp-port", &resp, "--http-port", &http, "--peer-port", &peers];
    let (code, said) = crate::harness::process::run(&arguments);
    assert_eq!(code, Some(71), "{said}");
    let expected = format!("peer-ring: node n1: listen.http: cannot listen on 127.0.0.1:{port}: ");
    assert!(said.contains(&expected), "{said}");
}
