//! Nodes that die: what was acknowledged stays, what cannot be done is said in time.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::cluster::{Cluster, DOWN_AFTER, TIMEOUT};
use crate::harness::http::{Answer, Client};
use crate::harness::until;

const PATIENCE: Duration = Duration::from_secs(15);

/// Between the writes of one writer.
const PAUSE: Duration = Duration::from_millis(2);

/// What one writer did.
struct Writes {
    /// Numbers of the writes that were acknowledged.
    acknowledged: Vec<u64>,
    /// When others failed, and with which answer.
    failed: Vec<(Instant, Option<Answer>)>,
}

/// Writes one key after the other at one node, until told to stop.
fn write(mut client: Client, node: usize, is_over: &AtomicBool) -> Writes {
    let mut writes = Writes { acknowledged: Vec::new(), failed: Vec::new() };
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let answer = client.put(&format!("/v1/kv/default/w{node}-{number}"), &number.to_string());
        match answer {
            Some(answer) if answer.status == 204 => writes.acknowledged.push(number),
            answer => writes.failed.push((Instant::now(), answer)),
        }
        thread::sleep(PAUSE);
    }
    writes
}

/// Kills the third node and brings it back while others write; when it was
/// killed.
fn kill_and_restart(cluster: &mut Cluster) -> Instant {
    let before = await_more_records(cluster, 300);
    let killed_at = Instant::now();
    cluster.kill(2);
    until("it is known to be gone", PATIENCE, || killed_at.elapsed() > DOWN_AFTER);
    await_more_records(cluster, 300);
    cluster.launch(2);
    cluster.wait_ready(2);
    let after = await_more_records(cluster, 300);
    assert!(after > before);
    killed_at
}

/// Waits until the first node has so many records more than now; how many that is.
fn await_more_records(cluster: &Cluster, more: u64) -> u64 {
    let before = cluster.records(0).unwrap();
    until("some more is written", PATIENCE, || {
        cluster.records(0).is_some_and(|records| records >= before + more)
    });
    before + more
}

#[test]
fn no_acknowledged_write_is_lost_when_a_node_is_killed_and_comes_back() {
    let mut cluster = Cluster::start();
    let is_over = &AtomicBool::new(false);
    let (writes, killed_at): (Vec<Writes>, Instant) = thread::scope(|scope| {
        let clients = [0, 1, 2].map(|node| (node, cluster.http(node)));
        let writers =
            clients.map(|(node, client)| scope.spawn(move || write(client, node, is_over)));
        // Else a panic here would wait for the writers for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| kill_and_restart(&mut cluster)));
        is_over.store(true, Ordering::Relaxed);
        let writes = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        let killed_at = outcome.unwrap_or_else(|panic| resume_unwind(panic));
        (writes, killed_at)
    });
    for (node, writes) in writes.iter().enumerate() {
        assert!(!writes.acknowledged.is_empty(), "n{}", node + 1);
        // Whoever talks to the node that was killed has nobody to talk to for a while.
        let late = writes.failed.iter().find(|(at, _)| *at > killed_at + DOWN_AFTER);
        assert!(node == 2 || late.is_none(), "n{}, {killed_at:?}: {late:?}", node + 1);
        let mut client = cluster.http(node);
        for number in &writes.acknowledged {
            let path = format!("/v1/kv/default/w{node}-{number}?r=2");
            let answer = client.get(&path).unwrap();
            assert_eq!((answer.status, answer.body), (200, number.to_string()), "{path}");
        }
    }
}

#[test]
fn with_two_of_three_down_a_write_at_two_fails_in_time_and_one_at_one_is_done() {
    let mut cluster = Cluster::start();
    cluster.kill(1);
    cluster.kill(2);
    let mut client = cluster.http(0);
    let since = Instant::now();
    let answer = client.put("/v1/kv/default/a?w=2", "1").unwrap();
    assert!(since.elapsed() < TIMEOUT + Duration::from_millis(500), "{:?}", since.elapsed());
    assert!((500..600).contains(&answer.status), "{answer:?}");
    assert!(answer.body.contains("1 of 2 acknowledged"), "{answer:?}");
    assert!(answer.body.contains("\"may_have_happened\":true"), "{answer:?}");
    let answer = client.put("/v1/kv/default/b?w=1", "1").unwrap();
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(client.get("/v1/kv/default/b?r=1").unwrap().body, "1");
}

#[test]
fn a_write_that_waits_for_one_puts_three_copies() {
    let cluster = Cluster::start();
    let mut client = cluster.http(0);
    for number in 0..100 {
        let answer = client.put(&format!("/v1/kv/default/k{number}?n=3&w=1"), "v").unwrap();
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    for at in 0..3 {
        until("every node has every record", PATIENCE, || cluster.records(at) == Some(100));
    }
}

#[test]
fn a_node_that_is_told_to_stop_finishes_what_it_has_and_ends_well() {
    let mut cluster = Cluster::start();
    let process = cluster.take(0);
    process.signal("TERM");
    let (code, said) = process.ended(PATIENCE);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stopping") && said.contains("stopped"), "{said}");
    // It said goodbye, so nothing has to time out.
    let since = Instant::now();
    let answer = cluster.http(1).put("/v1/kv/default/a", "1").unwrap();
    assert_eq!(answer.status, 204, "{answer:?}");
    assert!(since.elapsed() < TIMEOUT);
}

#[test]
fn a_second_signal_stops_at_once() {
    let mut cluster = Cluster::start();
    // A request that has begun and does not end holds a polite stop up.
    let mut endless = cluster.http(0).raw();
    endless.write_all(b"PUT /v1/kv/default/a HTTP/1.1\r\nhost: x\r\n").unwrap();
    endless.write_all(b"content-length: 100\r\nexpect: 100-continue\r\n\r\n").unwrap();
    endless.read_exact(&mut [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()]).unwrap();
    let process = cluster.take(0);
    process.signal("TERM");
    until("it stops", PATIENCE, || process.said().contains("stopping"));
    let since = Instant::now();
    process.signal("TERM");
    let (code, said) = process.ended(PATIENCE);
    assert_eq!(code, Some(143), "{said}");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}
