//! A rolling update as `examples/kubernetes` describes it, done to real processes: nothing fails, and
//! nothing that was written is missed.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::alone;
use crate::harness::finding::Finding;
use crate::harness::http::Client;
use crate::harness::sources::kubernetes::Kubernetes;

/// What the manifest says of the sleep before the stop, and of how long a pod must be ready before it
/// counts, but shorter.
const PRE_STOP: Duration = Duration::from_millis(300);
const MIN_READY: Duration = Duration::from_millis(500);

/// A node behind the service for clients.
struct Endpoint {
    http: SocketAddr,
    /// Which start of it this is; zero while the service leaves it out.
    start: AtomicU32,
}

/// Writes one key after another, each at some node that the service has, until told to stop; how many.
/// Every request must succeed.
fn write(service: &[Endpoint], client: usize, is_over: &AtomicBool) -> usize {
    let mut clients: Vec<_> = service.iter().map(|it| (1, Client::new(it.http))).collect();
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return number;
        }
        let turns = (0..service.len()).map(|turn| (client + number + turn) % service.len());
        let mut ready = turns.map(|at| (at, service[at].start.load(Ordering::Relaxed)));
        let (at, start) = ready.find(|(_, start)| *start > 0).expect("one at a time is away");
        if clients[at].0 != start {
            clients[at] = (start, Client::new(service[at].http));
        }
        let path = path(client, number);
        let put = clients[at].1.put(&path, &number.to_string()).map(|it| (it.status, it.body));
        assert!(put.as_ref().is_some_and(|it| it.0 == 204), "{path} at n{}: {put:?}", at + 1);
        thread::sleep(Duration::from_millis(2));
    }
    unreachable!("numbers do not end")
}

/// Replaces one node after the other, the last one first.
fn update(cluster: &mut Finding, service: &[Endpoint]) {
    for at in (0..3).rev() {
        let endpoint = &service[usize::from(at)];
        cluster.announce_stop(at);
        let start = endpoint.start.swap(0, Ordering::Relaxed);
        thread::sleep(PRE_STOP);
        cluster.replace(at);
        let ready = cluster.wait_ready(at);
        endpoint.start.store(start + 1, Ordering::Relaxed);
        println!("n{} is ready again after {} ms", at + 1, ready.as_millis());
        thread::sleep(MIN_READY);
    }
}

fn path(client: usize, number: usize) -> String {
    format!("/v1/kv/default/{client}-{number}")
}

#[test]
fn a_rolling_update_fails_no_request_and_loses_nothing() {
    let _alone = alone();
    let mut cluster = Finding::by(Kubernetes::start()).evicting_after(Duration::from_secs(600));
    (0..3).for_each(|at| cluster.launch(at));
    let service = [0, 1, 2].map(|at| {
        cluster.wait_ready(at);
        Endpoint { http: cluster.http(at), start: AtomicU32::new(1) }
    });
    cluster.wait_replicated();
    let is_over = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let (service, is_over) = (&service, &is_over);
        let writers = [0, 1, 2].map(|client| scope.spawn(move || write(service, client, is_over)));
        // Else a panic here would wait for the writers for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| update(&mut cluster, service)));
        is_over.store(true, Ordering::Relaxed);
        let written = writers.map(|it| it.join().unwrap());
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
        written
    });
    println!("{} records were written meanwhile", written.iter().sum::<usize>());
    for at in cluster.running() {
        let mut reader = Client::new(cluster.http(at));
        for (client, numbers) in written.iter().enumerate() {
            for number in 0..*numbers {
                let got = reader.get(&path(client, number)).map(|it| (it.status, it.body));
                assert_eq!(got, Some((200, number.to_string())), "n{}: {client}-{number}", at + 1);
            }
        }
    }
    assert!(written.iter().sum::<usize>() > 100, "{written:?}");
}
