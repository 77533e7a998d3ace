//! `peer-ring bench` against a real cluster.

use crate::harness::cluster::Cluster;
use crate::harness::process::run;

#[test]
fn every_reply_of_a_healthy_cluster_is_right() {
    let cluster = Cluster::start();
    let addresses = [0, 1, 2].map(|at| cluster.resp(at).to_string()).join(",");
    let arguments = [
        "bench",
        "mixed",
        "--address",
        &addresses,
        "--requests",
        "2000",
        "--keys",
        "100",
        "--clients",
        "6",
        "--pipeline",
        "4",
        "--warm-up",
        "100ms",
        "--json",
    ];
    let (code, said) = run(&arguments);
    assert_eq!(code, Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["operations"], 2_000);
    assert_eq!(report["errors"], 0);
    assert!(report["latency"]["p99_us"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_cluster_without_its_quorum_makes_errors_and_a_failing_exit_code() {
    let mut cluster = Cluster::start();
    cluster.kill(1);
    cluster.kill(2);
    let address = cluster.resp(0).to_string();
    let arguments = [
        "bench",
        "put",
        "--address",
        &address,
        "--requests",
        "20",
        "--clients",
        "2",
        "--warm-up",
        "0s",
        "--json",
    ];
    let (code, said) = run(&arguments);
    assert_eq!(code, Some(1), "{said}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["errors"], 20, "{said}");
}
