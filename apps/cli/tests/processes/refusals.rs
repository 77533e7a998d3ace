//! What is wrong is refused with a clear error, and hurts nobody else.

use std::time::Duration;

use crate::harness::cluster::Cluster;
use crate::harness::process::{Process, run};
use crate::harness::until;

const PATIENCE: Duration = Duration::from_secs(10);

/// Starts a node that ought not to be let in: its exit code and what it said.
fn intruder(cluster: &Cluster, at: usize, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let config = cluster.config(at);
    let arguments = ["node", "--config", config.to_str().unwrap()];
    Process::start(&arguments, variables).ended(PATIENCE)
}

/// The last two of the three nodes, which are a cluster without the first.
fn last_two() -> Cluster {
    let mut cluster = Cluster::stopped();
    for at in 1..3 {
        cluster.write_config(at, "ring: {bootstrap_expect: 2}\n");
        cluster.launch(at);
    }
    (1..3).for_each(|at| cluster.wait_ready(at));
    cluster
}

/// What a process says of its end: the last line but for what other threads log meanwhile.
fn complaint(said: &str) -> &str {
    said.lines().rfind(|line| line.starts_with("peer-ring: ")).unwrap_or_default()
}

/// The others still do what they are for.
fn works(cluster: &Cluster, at: usize) {
    let put = cluster.http(at).put("/v1/kv/default/still", "here").unwrap();
    assert_eq!(put.status, 204, "{}", put.body);
}

#[test]
fn a_node_of_another_cluster_ends_with_both_names_and_hurts_nobody() {
    let cluster = last_two();
    let (code, said) = intruder(&cluster, 0, &[("PEER_RING_CLUSTER", "elsewhere")]);
    assert_eq!(code, Some(78), "{said}");
    let last = complaint(&said);
    assert!(last.starts_with("peer-ring: ") && last.contains("refused by"), "{said}");
    let names_both = |line: &str| line.contains("elsewhere") && line.contains("test");
    assert!(names_both(last), "{said}");
    assert!(cluster.said(1).lines().any(names_both), "{}", cluster.said(1));
    (1..3).for_each(|at| works(&cluster, at));
}

#[test]
fn a_node_with_another_number_of_partitions_ends_with_both_and_hurts_nobody() {
    let cluster = last_two();
    let (code, said) = intruder(&cluster, 0, &[("PEER_RING_RING_PARTITIONS", "64")]);
    assert_eq!(code, Some(78), "{said}");
    let last = complaint(&said);
    assert!(last.starts_with("peer-ring: ") && last.contains("64"), "{said}");
    assert!(last.contains("256"), "{said}");
    (1..3).for_each(|at| works(&cluster, at));
}

#[test]
fn a_node_of_another_strategy_joins_and_takes_the_ring_as_it_is() {
    let cluster = last_two();
    let config = cluster.config(0);
    let arguments = ["node", "--config", config.to_str().unwrap()];
    let _stranger = Process::start(&arguments, &[("PEER_RING_RING_STRATEGY", "tokens")]);
    until("it is a member", PATIENCE, || {
        let ring = cluster.http(0).get("/v1/ring").map(|answer| answer.body).unwrap_or_default();
        ring.contains("\"name\":\"n1\"") && ring.contains("\"strategy\":\"balanced\"")
    });
}

#[test]
fn a_second_node_of_one_name_ends_with_an_error_and_the_first_goes_on() {
    let cluster = Cluster::start();
    let variables = [
        ("PEER_RING_LISTEN_PEERS", "127.0.0.1:0"),
        ("PEER_RING_LISTEN_HTTP", "null"),
        ("PEER_RING_LISTEN_RESP", "null"),
    ];
    // The first name dials everybody, the last is dialled by everybody.
    for (at, name) in [(0, "n1"), (2, "n3")] {
        let (code, said) = intruder(&cluster, at, &variables);
        assert_eq!(code, Some(78), "{said}");
        let last = complaint(&said);
        assert!(last.starts_with("peer-ring: ") && last.contains(name), "{said}");
        assert!(last.contains("in use"), "{said}");
        (0..3).for_each(|at| works(&cluster, at));
    }
}

#[test]
fn a_field_that_does_not_exist_is_named_with_its_line() {
    let cluster = Cluster::stopped();
    cluster.write_config(0, "ring:\n  partitons: 64\n");
    let (code, said) = intruder(&cluster, 0, &[]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("ring.partitons: unknown field `partitons`"), "{said}");
    assert!(said.contains("| ") && said.contains("partitons: 64"), "{said}");
    assert!(!said.to_lowercase().contains("backtrace"), "{said}");
}

#[test]
fn a_port_in_use_is_named_with_its_field() {
    let mut cluster = Cluster::stopped();
    cluster.launch(0);
    until("n1 answers", PATIENCE, || cluster.http(0).get("/healthz").is_some());
    let (code, said) =
        intruder(&cluster, 1, &[("PEER_RING_LISTEN_RESP", &cluster.resp(0).to_string())]);
    assert_eq!(code, Some(71), "{said}");
    let expected = format!("node n2: listen.resp: cannot listen on {}", cluster.resp(0));
    assert!(said.contains(&expected), "{said}");
    let (code, said) = intruder(&cluster, 0, &[]);
    assert_eq!(code, Some(71), "{said}");
    assert!(said.contains("node n1: listen.peers: cannot listen on"), "{said}");
    assert!(cluster.http(0).get("/healthz").is_some());
}

#[test]
fn a_wrong_variable_is_named() {
    let cluster = Cluster::stopped();
    let (code, said) = intruder(&cluster, 0, &[("PEER_RING_RING_REPLICAS", "three")]);
    assert_eq!(code, Some(78));
    assert_eq!(said, "peer-ring: PEER_RING_RING_REPLICAS: invalid u8, in \"three\"\n");
}

#[test]
fn a_command_line_that_is_wrong_has_its_own_exit_code() {
    let (code, said) = run(&["dev", "--nodes", "0"]);
    assert_eq!(code, Some(64), "{said}");
}
