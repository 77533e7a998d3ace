//! Commands that ask a running node, and those that ask nobody.

use crate::harness::cluster::Cluster;
use crate::harness::ports;
use crate::harness::process::run;

#[test]
fn status_and_ring_ask_a_running_node() {
    let cluster = Cluster::start();
    let put = cluster.http(1).put("/v1/kv/default/user:42", "v").unwrap();
    assert_eq!(put.status, 204);
    let address = format!("127.0.0.1:{}", cluster.resp(0).port() - 3);
    let (code, said) = run(&["status", "--address", &address]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 of 3") && said.contains("  yes\n"), "{said}");
    let (code, said) = run(&["ring", "--address", &address]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("n2      alive  -          1   256"), "{said}");
    let (code, said) = run(&["ring", "owners", "user:42", "--address", &address]);
    assert_eq!(code, Some(0), "{said}");
    let owners = said.trim().split_once(": ").unwrap().1;
    let mut names: Vec<_> = owners.split(", ").collect();
    names.sort_unstable();
    assert_eq!(names, ["n1", "n2", "n3"]);
    let (code, said) = run(&["ring", "--json", "--address", &address]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with('{') && said.contains("\"cluster\":\"test\""), "{said}");
}

#[test]
fn where_nobody_listens_the_question_is_whether_a_node_runs() {
    let address = format!("127.0.0.1:{}", ports::free(1));
    for command in [&["status"][..], &["ring"], &["ring", "owners", "k"], &["bench", "put"]] {
        let (code, said) = run(&[command, &["--address", &address]].concat());
        assert_eq!(code, Some(69), "{said}");
        assert!(said.starts_with("peer-ring: cannot connect to"), "{said}");
        assert!(said.trim_end().ends_with("is a node running there?"), "{said}");
    }
}

#[test]
fn a_configuration_is_checked_and_printed_without_running() {
    let cluster = Cluster::stopped();
    let config = cluster.config(0);
    let config = config.to_str().unwrap();
    let (code, said) = run(&["node", "--check", "--config", config]);
    assert_eq!((code, said.as_str()), (Some(0), "the configuration is right\n"));
    let (code, printed) = run(&["node", "--print-config", "--config", config]);
    assert_eq!(code, Some(0), "{printed}");
    std::fs::write(config, &printed).unwrap();
    let (_, again) = run(&["node", "--print-config", "--config", config]);
    assert_eq!(again, printed);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script) = run(&["completions", shell]);
        assert_eq!(code, Some(0));
        assert!(script.contains("print-config"), "{script}");
    }
}

#[test]
fn the_version_is_said() {
    let (code, said) = run(&["--version"]);
    assert_eq!(code, Some(0));
    assert_eq!(said, concat!("peer-ring ", env!("CARGO_PKG_VERSION"), "\n"));
}
