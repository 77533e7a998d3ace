//! The ring changes while clients write and read: nothing is lost, and nothing stays where it does
//! not belong.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::growing::{Growing, PATIENCE};
use crate::harness::http::{Answer, Client};
use crate::harness::process::run;
use crate::harness::until;

const CLIENTS: usize = 4;

/// How long a client tries until what it wants is done: a request's deadline and a little.
const TRIES_FOR: Duration = Duration::from_secs(10);

/// Between two tries, or two keys.
const PAUSE: Duration = Duration::from_millis(2);

/// The nodes that clients may ask.
struct Nodes(Mutex<Vec<SocketAddr>>);

impl Nodes {
    fn set(&self, cluster: &Growing, nodes: &[usize]) {
        let nodes = nodes.iter().map(|at| cluster.http(*at)).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    fn get(&self, turn: usize) -> SocketAddr {
        let nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nodes[turn % nodes.len()]
    }
}

/// Asks one node after the other until one does as it should.
fn insist(nodes: &Nodes, what: &str, mut ask: impl FnMut(&mut Client) -> Option<Answer>) -> Answer {
    let since = Instant::now();
    let mut turn = 0;
    loop {
        match ask(&mut Client::new(nodes.get(turn))) {
            Some(answer) if answer.status < 300 => return answer,
            answer => assert!(since.elapsed() < TRIES_FOR, "{what}: {answer:?}"),
        }
        turn += 1;
        thread::sleep(PAUSE);
    }
}

/// Writes one unique value after the other and reads earlier ones back, until told to stop. How
/// many it wrote.
fn write(nodes: &Nodes, client: usize, from: u64, is_over: &AtomicBool) -> u64 {
    for number in from.. {
        if is_over.load(Ordering::Relaxed) {
            return number;
        }
        let path = |number: u64| format!("/v1/kv/default/c{client}-{number}");
        let value = |number: u64| format!("{number:0200}");
        insist(nodes, &path(number), |it| it.put(&path(number), &value(number)));
        let earlier = number * 7 / 11;
        let read = insist(nodes, &path(earlier), |it| it.get(&path(earlier)));
        assert_eq!(read.body, value(earlier), "{}", path(earlier));
        thread::sleep(PAUSE);
    }
    from
}

/// Does something to a cluster while clients write to its nodes; how many keys each wrote by now.
fn while_clients_write(
    cluster: &mut Growing,
    before: [u64; CLIENTS],
    act: impl FnOnce(&mut Growing, &Nodes),
) -> [u64; CLIENTS] {
    let (nodes, is_over) = (Nodes(Mutex::default()), AtomicBool::new(false));
    nodes.set(cluster, &cluster.running());
    thread::scope(|scope| {
        let (nodes, is_over) = (&nodes, &is_over);
        let mut client = 0;
        let writers = before.map(|from| {
            client += 1;
            let of = client - 1;
            scope.spawn(move || write(nodes, of, from, is_over))
        });
        // Else a panic here would wait for the writers for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| act(cluster, nodes)));
        is_over.store(true, Ordering::Relaxed);
        let written = writers.map(|writer| writer.join().unwrap());
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
        written
    })
}

/// Every key is there, and in the end there are so many copies of each and no more. A copy that was
/// on its way from a node when that was killed is made by the read, which asks all owners.
fn all_is_there(cluster: &Growing, written: [u64; CLIENTS], copies: u64) {
    let nodes = Nodes(Mutex::default());
    nodes.set(cluster, &cluster.running());
    for (client, count) in written.iter().enumerate() {
        for number in 0..*count {
            let path = format!("/v1/kv/default/c{client}-{number}?r=3");
            let read = insist(&nodes, &path, |it| it.get(&path));
            assert_eq!(read.body, format!("{number:0200}"), "{path}");
        }
    }
    let keys: u64 = written.iter().sum();
    let of_all = |name| {
        let nodes = cluster.running();
        nodes.into_iter().map(|at| cluster.metric(at, name)).collect::<Option<Vec<_>>>()
    };
    let sum = |name| of_all(name).map(|counts| counts.iter().sum::<u64>());
    let since = Instant::now();
    while sum("peer_ring_records") != Some(copies * keys)
        || sum("peer_ring_replicas_stray") != Some(0)
    {
        let (records, strays) = (of_all("peer_ring_records"), of_all("peer_ring_replicas_stray"));
        let is_late = since.elapsed() > PATIENCE;
        assert!(!is_late, "{copies} of {keys} wanted, found {records:?}, {strays:?} stray");
        thread::sleep(PAUSE * 10);
    }
}

#[test]
fn a_cluster_grows_to_five_and_shrinks_to_three_under_load_and_nothing_is_lost() {
    let mut cluster = Growing::new(
        "ring: {settle_delay_ms: 300, leave_on_stop: true}\n\
         transfers: {bytes_per_second: 400000}\ndata: {directory: '{folder}/d{at}'}\n",
    );
    cluster.launch(0);
    cluster.wait_replicated();
    let written = while_clients_write(&mut cluster, [0; CLIENTS], |cluster, nodes| {
        let settle = |cluster: &mut Growing| {
            cluster.wait_replicated();
            nodes.set(cluster, &cluster.running());
        };
        cluster.launch(1);
        cluster.launch(2);
        settle(cluster);
        until("there is something to move", PATIENCE, || {
            cluster.metric(0, "peer_ring_records").is_some_and(|records| records > 2_000)
        });
        // A source is killed in mid-transfer, and comes back with nothing.
        cluster.launch(3);
        cluster.wait_moving(0);
        nodes.set(cluster, &[0, 2]);
        cluster.kill(1);
        thread::sleep(Duration::from_millis(500));
        cluster.launch(1);
        settle(cluster);
        // A target is.
        cluster.launch(4);
        cluster.wait_moving(0);
        cluster.kill(4);
        thread::sleep(Duration::from_millis(500));
        cluster.launch(4);
        settle(cluster);
    });
    all_is_there(&cluster, written, 3);
    let written = while_clients_write(&mut cluster, written, |cluster, nodes| {
        // One leaves by order.
        nodes.set(cluster, &[1, 2, 3]);
        let (code, said) = run(&["leave", "--wait", "--address", &cluster.http(0).to_string()]);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = cluster.take(0).ended(PATIENCE);
        assert_eq!(code, Some(0), "{said}");
        // The other is told to stop, and leaves first.
        let process = cluster.take(4);
        process.signal("TERM");
        let (code, said) = process.ended(PATIENCE);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("left: others own what this node did"), "{said}");
        cluster.wait_replicated();
    });
    all_is_there(&cluster, written, 3);
}

#[test]
fn three_hundred_keys_on_two_nodes_each_survive_a_death_an_eviction_and_an_empty_return() {
    let mut cluster = Growing::new("ring: {replicas: 2, settle_delay_ms: 300}\n");
    cluster.launch(0);
    cluster.wait_replicated();
    (1..4).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    for key in 0..300 {
        let put = cluster.client(key % 4).put(&format!("/v1/kv/default/k{key}?n=2&w=2"), "v");
        assert_eq!(put.unwrap().status, 204);
    }
    let readable = |cluster: &Growing, step: &str, r: u8| {
        for key in 0..300 {
            let path = format!("/v1/kv/default/k{key}?n=2&r={r}");
            let got = cluster.client(0).get(&path).unwrap();
            assert_eq!((got.status, got.body.as_str()), (200, "v"), "{step}: {path}: {got:?}");
        }
    };
    readable(&cluster, "at first", 2);
    cluster.kill(1);
    readable(&cluster, "one is dead", 1);
    let two = cluster.client(0).get("/v1/kv/default/k0?n=2&r=2").unwrap();
    assert!(two.status == 200 || two.body.contains("1 of 2"), "{two:?}");
    let http = cluster.http(0).to_string();
    let (code, said) = run(&["ring", "apply", "--remove", "n2", "--address", &http]);
    assert_eq!(code, Some(0), "{said}");
    readable(&cluster, "it is being evicted", 1);
    cluster.wait_replicated();
    readable(&cluster, "it has been evicted", 2);
    cluster.launch(1);
    readable(&cluster, "an empty one is coming", 1);
    readable(&cluster, "an empty one is coming", 2);
    cluster.wait_replicated();
    readable(&cluster, "an empty one has come", 1);
    readable(&cluster, "an empty one has come", 2);
    assert!(cluster.metric(1, "peer_ring_records").is_some_and(|records| records > 50));
}

#[test]
fn what_operators_ask_is_answered_in_words_and_in_json() {
    let mut cluster = Growing::new("ring: {change: manual, settle_delay_ms: 100}\n");
    cluster.launch(0);
    cluster.wait_replicated();
    cluster.launch(1);
    let http = cluster.http(0).to_string();
    let asked = |words: &[&str]| run(&[words, &["--address", &http]].concat());
    until("the other waits to join", PATIENCE, || asked(&["ring", "plan"]).1.contains("n2 join"));
    let (code, said) = asked(&["ring", "plan", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\"join\":[\"n2\"]"), "{said}");
    let (code, said) = asked(&["ring", "plan", "--remove", "n9"]);
    assert_eq!((code, said.as_str()), (Some(1), "peer-ring: n9 is no member\n"));
    let (code, said) = asked(&["ring", "apply", "--epoch", "77"]);
    assert!(code == Some(1) && said.contains("plan again"), "{said}");
    let (code, said) = asked(&["ring", "apply"]);
    assert!(code == Some(0) && said.contains(": begun"), "{said}");
    let (code, said) = asked(&["wait", "--replicated", "--timeout", "30"]);
    assert!(code == Some(0) && said.ends_with("all is replicated\n"), "{said}");
    let (code, said) = asked(&["wait", "--safe-to-stop", "--timeout", "0"]);
    assert!(code == Some(1) && said.contains("1 of its 2 owners"), "{said}");
    let (code, said) = asked(&["ring", "history"]);
    assert!(code == Some(0) && said.contains("founded") && said.contains("settled"), "{said}");
    let (code, said) = asked(&["transfers", "--once"]);
    assert!(code == Some(0) && said.contains(": settled"), "{said}");
    let (code, said) = asked(&["ring", "cancel"]);
    assert!(code == Some(1) && said.contains("no change is under way"), "{said}");
    let (code, said) = asked(&["ring", "recover", "--lost", "n2"]);
    assert!(code == Some(64) && said.contains("--yes"), "{said}");
    let (code, said) = asked(&["ring", "recover", "--lost", "n2", "--yes"]);
    assert!(code == Some(1) && said.contains("n2 is there"), "{said}");
    let refused = cluster.client(0).get("/v1/ring/apply").unwrap();
    assert_eq!(refused.status, 405, "what changes something is posted");
    let refused = cluster.client(0).post("/v1/ring/apply", "{\"epochs\": 1}").unwrap();
    assert_eq!(refused.status, 400, "{refused:?}");
}

#[test]
fn a_node_that_waits_for_the_others_says_for_whom_and_stops_when_it_is_told() {
    let mut cluster = Growing::new("ring: {bootstrap_expect: 3}\n");
    cluster.launch(0);
    let process = cluster.take(0);
    until("it says what it waits for", Duration::from_secs(20), || {
        process.said().contains("no ring yet: 1 of 3 nodes seen (n1)")
    });
    process.signal("TERM");
    let (code, said) = process.ended(Duration::from_secs(5));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_list_of_members_is_read_again_on_sighup_and_a_bad_one_changes_nothing() {
    let mut cluster = Growing::new("");
    cluster.launch(0);
    cluster.wait_replicated();
    let file = cluster.config(0);
    let before = std::fs::read_to_string(&file).unwrap();
    let process = cluster.take(0);
    let told = |text: &str, says: &str| {
        std::fs::write(&file, text).unwrap();
        process.signal("HUP");
        until(&format!("it says {says:?}"), Duration::from_secs(10), || {
            process.said().contains(says)
        });
    };
    told(&before.replace("cluster:", "clutter:"), "not read again: ");
    let one = before.find("    - {name: n1").unwrap();
    let (head, tail) = before.split_at(one);
    let longer = format!("{head}    - {{name: n9, address: '127.0.0.1:1'}}\n{tail}");
    told(&longer, "discovery.static.members was read again");
    assert!(process.said().contains("n9 at 127.0.0.1:1"), "{}", process.said());
    let answer = cluster.client(0).get("/readyz").unwrap();
    assert_eq!(answer.status, 200, "it goes on: {answer:?}");
}

#[test]
fn a_second_process_on_one_data_directory_is_refused_with_its_name() {
    let mut cluster = Growing::new("data: {directory: '{folder}/data'}\n");
    cluster.launch(0);
    cluster.wait_replicated();
    cluster.launch(1);
    let (code, said) = cluster.take(1).ended(Duration::from_secs(10));
    assert_eq!(code, Some(71), "{said}");
    assert!(said.contains("data.directory: ") && said.contains("another node uses"), "{said}");
}
