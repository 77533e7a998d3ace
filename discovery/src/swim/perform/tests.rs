use std::net::UdpSocket as StdSocket;

use peer_ring_core::id::NodeName;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::swim::Key;

const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    said: mpsc::Receiver<Fact>,
    dropped: watch::Receiver<Dropped>,
    ends: JoinHandle<Result<(), SourceError>>,
}

impl Running {
    async fn next(&mut self) -> Fact {
        timeout(PATIENCE, self.said.recv()).await.expect("says something").expect("runs")
    }

    /// Waits until it has settled and has told of these.
    async fn meets(&mut self, mut names: Vec<&str>) {
        let mut is_settled = false;
        while !names.is_empty() || !is_settled {
            match self.next().await {
                Fact::Seen(sighting) => names.retain(|name| *name != sighting.name.as_str()),
                Fact::Lost(name) => panic!("lost {name}"),
                Fact::Settled => is_settled = true,
            }
        }
    }
}

fn own(name: &str) -> Sighting {
    Sighting::new(NodeName::new(name).unwrap(), "localhost:7601")
}

/// Ports that were free a moment ago.
fn ports(count: usize) -> Vec<u16> {
    let sockets: Vec<_> = (0..count).map(|_| StdSocket::bind("127.0.0.1:0").unwrap()).collect();
    sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect()
}

fn settings(port: u16, seeds: &[u16]) -> Settings {
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        seeds: seeds.iter().map(|seed| format!("localhost:{seed}")).collect(),
        keys: vec![Key::new("0123456789abcdef")],
        probe_interval_ms: 200,
        probe_timeout_ms: 80,
        gossip_interval_ms: 50,
        ..Settings::default()
    }
}

fn run_with(name: &str, settings: Settings) -> Running {
    let swim = Swim::new(settings, own(name)).unwrap();
    let dropped = swim.dropped();
    let (facts, said) = Facts::channel();
    let ends = tokio::spawn(Box::new(swim).run(facts));
    Running { said, dropped, ends }
}

#[tokio::test]
async fn nodes_find_each_other_by_names_and_who_stops_says_goodbye() {
    let ports = ports(2);
    let start = |name: &str, port| run_with(name, settings(port, &ports));
    let (mut n0, mut n1, mut n2) = (start("n0", ports[0]), start("n1", ports[1]), start("n2", 0));
    n0.meets(vec!["n1", "n2"]).await;
    n1.meets(vec!["n0", "n2"]).await;
    n2.meets(vec!["n0", "n1"]).await;
    drop(n2.said);
    timeout(PATIENCE, n2.ends).await.expect("leaves in time").unwrap().unwrap();
    let gone = Fact::Lost(NodeName::new("n2").unwrap());
    assert_eq!(n0.next().await, gone);
    assert_eq!(n1.next().await, gone);
    let dropped = *n0.dropped.borrow();
    assert_eq!(dropped, Dropped::default());
}

#[tokio::test]
async fn a_seed_whose_name_cannot_be_resolved_does_not_keep_others_from_being_found() {
    let ports = ports(1);
    let mut n0 = run_with("n0", settings(ports[0], &[]));
    let mut lost = settings(0, &ports);
    lost.seeds.insert(0, "no-such-host.invalid:7946".to_owned());
    let mut n1 = run_with("n1", lost);
    n1.meets(vec!["n0"]).await;
    n0.meets(vec!["n1"]).await;
}

#[tokio::test]
async fn what_is_dropped_can_be_read() {
    let ports = ports(1);
    let mut n0 = run_with("n0", settings(ports[0], &[]));
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    n0.meets(vec![]).await;
    socket.send_to(&[1; 100], ("127.0.0.1", ports[0])).await.unwrap();
    socket.send_to(&[1; 2_000], ("127.0.0.1", ports[0])).await.unwrap();
    let expected = Dropped { unauthentic: 1, oversize: 1, ..Dropped::default() };
    timeout(PATIENCE, n0.dropped.wait_for(|it| *it == expected)).await.unwrap().unwrap();
}

#[tokio::test]
async fn keys_of_a_file_change_while_nodes_run() {
    const OLD: &str = "the old key, which is long\n";
    const NEW: &str = "the new key, which is long\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let ports = ports(1);
    let start = |name: &str, port| {
        let (keys, keys_file) = (Vec::new(), Some(file.clone()));
        run_with(name, Settings { keys, keys_file, ..settings(port, &ports) })
    };
    std::fs::write(&file, OLD).unwrap();
    let (mut n0, mut n1) = (start("n0", ports[0]), start("n1", 0));
    n0.meets(vec!["n1"]).await;
    n1.meets(vec!["n0"]).await;
    // What is none is passed over, and these two go on.
    std::fs::write(&file, "short").unwrap();
    sleep(Duration::from_secs(5)).await;
    assert!(n0.said.try_recv().is_err() && !n1.ends.is_finished());
    std::fs::write(&file, NEW).unwrap();
    let mut n2 = start("n2", 0);
    n2.meets(vec!["n0", "n1"]).await;
    assert!(n0.dropped.borrow().unauthentic > 0, "for a while n0 had the old key");
    drop(n1.said);
    // Its goodbye is signed with the new key as well.
    loop {
        match n0.next().await {
            Fact::Lost(gone) if gone.as_str() == "n1" => break,
            Fact::Seen(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_port_that_is_taken_ends_it() {
    let taken = StdSocket::bind("127.0.0.1:0").unwrap();
    let swim = Swim::new(settings(taken.local_addr().unwrap().port(), &[]), own("n0")).unwrap();
    let (facts, _said) = Facts::channel();
    let error = Box::new(swim).run(facts).await.unwrap_err();
    assert!(error.to_string().contains("listen: cannot bind UDP 127.0.0.1:"), "{error}");
}
