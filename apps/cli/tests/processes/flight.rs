//! The flight recorder: a node that was killed is put through all that it went through again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use peer_ring_proto::flight::{Recording, record};

use crate::harness::cluster::Cluster;
use crate::harness::process::{Process, run};
use crate::harness::until;

const PATIENCE: Duration = Duration::from_secs(15);

/// How long a node takes to write down what it was given, with much to spare.
const WRITTEN: Duration = Duration::from_millis(500);

/// Three nodes, of which the first records and has several shards; that one's process apart.
fn recording_cluster(flight: &Path) -> (Cluster, Process) {
    let mut cluster = Cluster::stopped();
    cluster.write_config(0, &format!("flight: {{directory: '{}'}}\n", flight.display()));
    let config = cluster.config(0);
    let arguments = ["node", "--config", config.to_str().unwrap()];
    let recording = Process::start(&arguments, &[("PEER_RING_NODE_THREADS", "3")]);
    (1..3).for_each(|at| cluster.launch(at));
    (0..3).for_each(|at| cluster.wait_ready(at));
    (cluster, recording)
}

/// Puts 300 keys at the first node while another one dies and comes back, and kills it.
fn load_and_kill((mut cluster, recording): (Cluster, Process)) {
    let mut client = cluster.http(0);
    for number in 0..300 {
        match number {
            100 => cluster.kill(2),
            200 => cluster.launch(2),
            _ => {}
        }
        let path = format!("/v1/kv/default/key-{number}");
        let answer = client.put(&path, &format!("value-{number}")).unwrap();
        assert_eq!(answer.status, 204, "{path}: {answer:?}");
        assert_eq!(client.get(&path).unwrap().body, format!("value-{number}"));
    }
    cluster.wait_ready(2);
    std::thread::sleep(WRITTEN);
    // As does `kill -9`.
    drop(recording);
}

fn replay(path: &Path, more: &[&str]) -> (Option<i32>, String) {
    run(&[&["flight", "replay", path.to_str().unwrap()], more].concat())
}

fn only_file(directory: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(directory).unwrap();
    files.next().unwrap().unwrap().path()
}

/// Writes a copy in which the entry that has `part` in it is changed; that entry's number.
fn edit(file: &Path, copy: &Path, part: &[u8]) -> usize {
    let bytes = std::fs::read(file).unwrap();
    let recording = Recording::read(bytes.clone().into()).unwrap();
    let mut at = recording.header().encode().len();
    let mut edited = bytes[..at].to_vec();
    let mut tick = None;
    while let Some(payload) = record::first(&bytes[at..]) {
        let mut entry = bytes[at..][payload.clone()].to_vec();
        at += payload.end;
        if tick.is_none() && entry.windows(part.len()).any(|window| window == part) {
            tick = Some(u64::from_le_bytes(entry[1..9].try_into().unwrap()));
            // Ten minutes or so by the wall clock: another stamp for what is written.
            entry[11] ^= 8;
        }
        record::put(&mut edited, &entry);
    }
    std::fs::write(copy, edited).unwrap();
    let now = |number: usize| recording.entry(number).unwrap().now.tick.0;
    (0..recording.len()).find(|number| now(*number) == tick.unwrap()).unwrap()
}

#[test]
fn a_node_that_was_killed_is_replayed_to_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let flight = directory.path().join("flight");
    load_and_kill(recording_cluster(&flight));

    let (code, said) = replay(&flight, &["--key", "key-42", "--state"]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "of cluster test, started 20",
        "the process was killed, or still runs",
        "asks: put default/key-42 = \"value-42\", written at 2 of 3, within ",
        "-> to n2: ",
        "      -> answer caller ",
        "n2: alive, id ",
        "default/key-42 in partition ",
        ": \"value-42\", written by ",
        ": the actors did all that the node's did",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("key-43"), "{said}");

    let (code, said) = replay(&flight, &["--json", "--from", "2", "--to", "3"]);
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let entries: Vec<_> = lines.iter().filter_map(|line| line["entry"].as_u64()).collect();
    assert_eq!(entries, [2, 3], "{said}");
    assert_eq!(lines[0]["node"], "n1");
    assert_eq!(lines[3]["replayed"], 4);
    assert!(lines[3]["diverged_at"].is_null());

    let (code, said) = replay(&flight, &["--desk", "shard-2", "--to", "2500"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(" shard-2  caller "), "{said}");
    assert!(!said.contains(" shard-1  "), "{said}");

    let edited = directory.path().join("edited.flight");
    let number = edit(&only_file(&flight), &edited, b"value-42");
    let (code, said) = replay(&edited, &["--quiet"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains(&format!(": DIVERGED at entry {number}: the node gave ")), "{said}");
}

#[test]
fn what_is_no_recording_is_refused_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = replay(directory.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there is no recording in it"), "{said}");
    let file = directory.path().join("x.flight");
    std::fs::write(&file, "something else").unwrap();
    let (code, said) = replay(&file, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("x.flight: this is no recording of a node's flight recorder"), "{said}");
    let (code, said) = replay(&file, &["--desk", "x"]);
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("it must be control, or like shard-0"), "{said}");
}

#[test]
fn a_node_that_cannot_record_warns_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (cluster, recording) = recording_cluster(&file.join("inside"));
    assert_eq!(cluster.http(0).put("/v1/kv/default/a", "1").unwrap().status, 204);
    until("it warns", PATIENCE, || {
        recording.said().contains("this node's actors are not recorded")
    });
}
