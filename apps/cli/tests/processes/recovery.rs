//! What takes a cluster its founder, or most of its votes, costs no more than an order that it names.

use crate::harness::growing::{Growing, PATIENCE};
use crate::harness::process::run;
use crate::harness::until;

/// The reason that a node gives for not being ready.
fn reason(cluster: &Growing, at: usize) -> String {
    cluster.client(at).get("/readyz").map(|answer| answer.body).unwrap_or_default()
}

/// The identity of the cluster that a node is in; empty while it has no ring.
fn cluster_id(cluster: &Growing, at: usize) -> String {
    let ring = cluster.client(at).get("/v1/ring").map(|answer| answer.body).unwrap_or_default();
    let (_, rest) = ring.split_once("\"cluster_id\":\"").unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn two_of_three_that_restart_at_once_are_named_with_the_order_that_mends_it() {
    let mut cluster = Growing::new("ring: {bootstrap_expect: 3, settle_delay_ms: 200}\n");
    (0..3).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    let put = cluster.client(0).put("/v1/kv/default/kept?n=3&w=3", "by the one that stayed");
    assert_eq!(put.unwrap().status, 204);
    for at in [1, 2] {
        cluster.kill(at);
    }
    for at in [1, 2] {
        cluster.launch(at);
    }
    let order = "peer-ring ring recover --lost n2 n3";
    until("those that restarted say what to order", PATIENCE, || {
        [1, 2].iter().all(|at| reason(&cluster, *at).contains(order))
    });
    let address = cluster.http(0).to_string();
    let (_, said) = run(&["ring", "--address", &address]);
    assert!(said.contains("\nstuck: ring ") && said.contains(order), "{said}");
    let all = [0, 1, 2].map(|at| cluster.http(at).to_string()).join(",");
    let (_, said) = run(&["status", "--address", &all]);
    assert_eq!(said.matches(order).count(), 1, "{said}");
    until("the log of the one that stayed says it, too", PATIENCE, || {
        cluster.said(0).contains(order)
    });

    let arguments = order.split(' ').skip(1).chain(["--yes", "--address", &address]);
    let (code, said) = run(&arguments.collect::<Vec<_>>());
    assert!(code == Some(0) && said.contains(": recovered"), "{said}");
    cluster.wait_replicated();
    let kept = cluster.client(1).get("/v1/kv/default/kept").unwrap();
    assert_eq!((kept.status, kept.body.as_str()), (200, "by the one that stayed"));
    until("that it is over is said", PATIENCE, || {
        cluster.said(0).contains("the ring can be decided again")
    });
    // All three vote again: one may be lost.
    cluster.kill(0);
    cluster.launch(0);
    cluster.wait_replicated();
}

#[test]
fn a_lone_founder_that_restarts_and_is_told_of_nobody_is_found_by_its_cluster() {
    let mut cluster = Growing::new("ring: {bootstrap_expect: 1, settle_delay_ms: 200}\n");
    cluster.launch(0);
    cluster.wait_replicated();
    (1..3).for_each(|at| cluster.launch(at));
    cluster.wait_replicated();
    let founded = cluster_id(&cluster, 1);
    cluster.kill(0);
    // Its list of members names nobody but itself, and it has forgotten everything.
    cluster.launch(0);
    until("it has a ring", PATIENCE, || !cluster_id(&cluster, 0).is_empty());
    assert_eq!(cluster_id(&cluster, 0), founded);
    cluster.wait_replicated();
}
