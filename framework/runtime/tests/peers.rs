//! Odd peers: strangers, impostors, and those that send what they should not.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use futures::{StreamExt, stream};
use peer_ring::core::id::{ClusterId, Epoch};
use peer_ring::core::key::Partitions;
use peer_ring::core::peer::{Body, Request};
use peer_ring::discovery::Static;
use peer_ring::{App, Config, Key, LinkSettings, Node, NodeId, NodeName, Plan, Records, Sighting};
use peer_ring_proto::grpc::PeerClient;
use peer_ring_proto::hello::{Goodbye, Hello, Identity, Protocols, Purpose, RefusalCode, Welcome};
use peer_ring_proto::{Frame, Limits, RawFrame, WireVersion};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

#[derive(Clone)]
struct Echo;

impl App for Echo {
    const NAME: &'static str = "echo";
    type Command = u64;
    type Reply = u64;

    fn key(command: &u64) -> Key {
        Key::at(*command)
    }

    fn plan(&self, _: &u64) -> Plan {
        Plan::quorum(3, 1)
    }

    fn handle(&mut self, _: &mut Records<'_>, command: u64) -> u64 {
        command
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Two configurations of one cluster, whose links are tried often.
fn pair() -> [Config; 2] {
    let listens = [free_address(), free_address()];
    let names = ["n1", "n2"];
    let member =
        |at: usize| Sighting::new(NodeName::new(names[at]).unwrap(), listens[at].to_string());
    [0, 1].map(|at| {
        let mut config = Config::new(names[at]).unwrap();
        config.listen = listens[at];
        config.members = vec![member(0), member(1)];
        config.links = LinkSettings {
            backoff_max: Duration::from_millis(100),
            conflict_timeout: Duration::from_millis(300),
            ..LinkSettings::default()
        };
        config
    })
}

/// The configuration of a node that is a cluster by itself.
fn alone() -> Config {
    let [first, _] = pair();
    Config { members: vec![first.members[0].clone()], ..first }
}

/// The configuration of one that fakes may dial, by the order of names.
fn alone_and_last() -> Config {
    let [_, second] = pair();
    Config { members: vec![second.members[1].clone()], ..second }
}

async fn start_both([first, second]: &[Config; 2]) -> [Node<Echo>; 2] {
    let nodes = tokio::join!(start(first), start(second));
    for node in [&nodes.0, &nodes.1] {
        ready(node).await;
    }
    nodes.into()
}

async fn start(config: &Config) -> Node<Echo> {
    Node::builder().config(config.clone()).app(Echo).start().await.unwrap()
}

async fn ready(node: &Node<Echo>) {
    tokio::time::timeout(Duration::from_secs(10), node.ready()).await.unwrap();
}

fn identity(name: &str) -> Identity {
    Identity {
        cluster: "peer-ring".to_owned(),
        name: NodeName::new(name).unwrap(),
        node: NodeId(0xbad),
        incarnation: 1,
        protocols: Protocols::OURS,
        capabilities: std::collections::BTreeSet::new(),
        ring_epoch: Epoch::default(),
        ring_fingerprint: 0,
        cluster_id: ClusterId::default(),
    }
}

/// What a node answers to these frames; `None` when it ends the stream without a word.
async fn answer(address: SocketAddr, frames: Vec<RawFrame>) -> Option<Frame> {
    let mut client = PeerClient::connect(format!("http://{address}")).await.unwrap();
    let frames = stream::iter(frames).chain(stream::pending());
    let mut answers = client.link(frames).await.ok()?.into_inner();
    let raw = answers.message().await.ok()??;
    Some(Frame::decode_first(raw, &Limits::default()).unwrap())
}

fn hello(identity: Identity) -> RawFrame {
    let purpose = Purpose::Link(peer_ring::core::peer::Lane::Foreground);
    Frame::Hello(Hello { identity, purpose }).encode(WireVersion::NEWEST)
}

async fn refusal(address: SocketAddr, identity: Identity) -> (RefusalCode, String) {
    match answer(address, vec![hello(identity)]).await {
        Some(Frame::Goodbye(Goodbye { code, text })) => (code, text),
        other => panic!("not refused: {other:?}"),
    }
}

async fn still_works(node: &Node<Echo>) {
    assert_eq!(node.ask(7).await.unwrap(), 7);
}

#[actix_rt::test]
async fn a_node_of_another_cluster_is_refused_with_both_names() {
    let config = alone();
    let node = start(&config).await;
    let stranger = Identity { cluster: "elsewhere".to_owned(), ..identity("n2") };
    let (code, text) = refusal(config.listen, stranger).await;
    assert_eq!(code, RefusalCode::ForeignCluster);
    assert!(text.contains("elsewhere") && text.contains("peer-ring"), "{text}");
    assert_eq!(node.handle().stats().await.links.len(), 0);
}

#[actix_rt::test]
async fn a_node_of_which_nobody_was_told_is_let_in() {
    let config = alone();
    let node = start(&config).await;
    let welcome = answer(config.listen, vec![hello(identity("n9"))]).await;
    assert!(matches!(welcome, Some(Frame::Welcome(_))), "{welcome:?}");
    still_works(&node).await;
}

#[actix_rt::test]
async fn a_node_of_a_cluster_that_was_founded_apart_is_refused_and_ends() {
    let [first, second] = pair();
    let by_itself = |config: &Config, at: usize| {
        let members = vec![config.members[at].clone()];
        Config { members, ..config.clone() }
    };
    let (_one, mut config) = (start(&by_itself(&first, 0)).await, by_itself(&second, 1));
    let stranger = Identity { cluster_id: ClusterId(0xbad), ..identity("n9") };
    let (code, text) = refusal(first.listen, stranger).await;
    assert_eq!(code, RefusalCode::FoundedApart);
    assert!(text.contains("n1") && text.contains("n9"), "{text}");
    let (list, listed) = tokio::sync::watch::channel(std::mem::take(&mut config.members));
    let source = Static::following(listed);
    let builder = Node::builder().config(config).discovery(source).app(Echo);
    let two = builder.start().await.unwrap();
    list.send_replace(first.members.clone());
    let end = tokio::time::timeout(Duration::from_secs(10), two.stopped()).await.unwrap();
    let text = end.unwrap_err().to_string();
    assert!(text.starts_with("refused by n1: "), "{text}");
}

#[actix_rt::test]
async fn a_node_from_the_future_is_told_that_no_protocol_is_common() {
    let config = alone();
    let _node = start(&config).await;
    let future = Identity { protocols: Protocols { min: 8, max: 9 }, ..identity("n2") };
    let (code, _) = refusal(config.listen, future).await;
    assert_eq!(code, RefusalCode::IncompatibleProtocol);
}

#[actix_rt::test]
async fn a_second_node_of_one_name_gives_up_and_says_why() {
    let [first, second] = pair();
    let nodes = start_both(&[first.clone(), second.clone()]).await;
    let mut impostor = first.clone();
    impostor.listen = free_address();
    let builder = Node::builder().config(impostor).app(Echo);
    let end = tokio::time::timeout(Duration::from_secs(10), builder.start()).await.unwrap();
    let text = end.err().unwrap().to_string();
    assert!(text.contains("the name n1 is in use"), "{text}");
    for node in &nodes {
        assert!(node.handle().is_ready());
        still_works(node).await;
    }
}

#[actix_rt::test]
async fn a_second_node_of_the_highest_name_asks_gives_up_and_says_why() {
    let [first, second] = pair();
    let nodes = start_both(&[first.clone(), second.clone()]).await;
    let mut impostor = second.clone();
    impostor.listen = free_address();
    let builder = Node::builder().config(impostor).app(Echo);
    let end = tokio::time::timeout(Duration::from_secs(10), builder.start()).await.unwrap();
    let text = end.err().unwrap().to_string();
    assert!(text.contains("the name n2 is in use"), "{text}");
    for node in &nodes {
        assert!(node.handle().is_ready());
        still_works(node).await;
    }
}

#[actix_rt::test]
async fn a_node_that_asks_why_nobody_dials_it_gets_no_link() {
    let [first, second] = pair();
    let listen = first.listen;
    // It waits for the other one, whose address it knows.
    let starting = actix_rt::spawn(async move { start(&first).await });
    while TcpStream::connect(listen).is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (code, text) = refusal(listen, identity("n2")).await;
    assert_eq!(code, RefusalCode::Other);
    assert!(text.contains("node n1 makes the links to node n2"), "{text}");
    let two = start(&second).await;
    let links = async || two.handle().stats().await.links.len();
    // A node is there as soon as one of its two links to each peer stands.
    let all = async {
        while links().await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("both links stand");
    assert_eq!(links().await, 2);
    starting.await.unwrap();
}

#[actix_rt::test]
async fn a_node_with_another_number_of_partitions_cannot_join_and_says_so() {
    let [first, mut second] = pair();
    let config = Config { members: vec![first.members[0].clone()], ..first };
    let _one = start(&config).await;
    second.ring.partitions = Partitions::new(64).unwrap();
    let builder = Node::builder().config(second).app(Echo);
    let end = tokio::time::timeout(Duration::from_secs(10), builder.start()).await.unwrap();
    let text = end.err().unwrap().to_string();
    assert!(text.contains("256") && text.contains("64"), "{text}");
}

#[actix_rt::test]
async fn noise_costs_its_sender_the_connection_and_the_node_nothing() {
    let configs = pair();
    let [node, peer] = start_both(&configs).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let noise = prop::collection::vec(any::<u8>(), 0..2_000);
    for _ in 0..50 {
        let noise = noise.new_tree(&mut runner).unwrap().current();
        // Below HTTP/2, in place of a hello, and after one.
        let mut raw = TcpStream::connect(configs[0].listen).unwrap();
        let _ = raw.write_all(&noise);
        let noise = RawFrame(noise.into());
        assert_eq!(answer(configs[0].listen, vec![noise.clone()]).await, None);
        let stranger = Identity { cluster: "elsewhere".to_owned(), ..identity("n2") };
        let _ = answer(configs[0].listen, vec![hello(stranger), noise]).await;
    }
    still_works(&node).await;
    still_works(&peer).await;
}

#[actix_rt::test]
async fn a_linked_peer_that_sends_noise_loses_its_link_only() {
    let config = alone_and_last();
    let node = start(&config).await;
    let old = Identity { protocols: Protocols { min: 1, max: 1 }, ..identity("n1") };
    for noise in [&b"\xff\xff\xff\xff"[..], b"", b"\x22\x04\x0a\x02\x08\x01", b"\x2a\x02\x08\x01"] {
        for who in [identity("n1"), old.clone()] {
            let frames = vec![hello(who), RawFrame(noise.to_vec().into())];
            let answer = answer(config.listen, frames).await;
            assert!(matches!(answer, Some(Frame::Welcome(_))), "{answer:?}");
        }
    }
    tokio::time::timeout(Duration::from_secs(5), async {
        while !node.handle().stats().await.links.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

#[actix_rt::test]
async fn a_frame_that_was_changed_on_its_way_costs_the_link_and_is_counted() {
    let config = alone_and_last();
    let node = start(&config).await;
    let RawFrame(good) = Frame::Batch(Vec::new()).encode(WireVersion::V2);
    let mut bad = good.to_vec();
    bad[1] ^= 1;
    let frames = vec![hello(identity("n1")), RawFrame(good), RawFrame(bad.into())];
    let answer = answer(config.listen, frames).await;
    assert!(matches!(answer, Some(Frame::Welcome(Welcome { protocol: 2, .. }))), "{answer:?}");
    tokio::time::timeout(Duration::from_secs(5), async {
        while node.handle().stats().await.frames_damaged == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    assert!(node.handle().stats().await.links.is_empty());
    assert!(node.handle().render_metrics().await.contains("peer_ring_frames_damaged_total 1"));
}

#[actix_rt::test]
async fn a_connection_that_never_says_hello_is_closed() {
    let mut config = alone();
    config.links.connect_timeout = Duration::from_millis(100);
    let node = start(&config).await;
    assert_eq!(answer(config.listen, Vec::new()).await, None);
    drop(node);
}

#[actix_rt::test]
async fn what_a_dropped_client_has_asked_is_forgotten_here_and_cancelled_there() {
    let [first, mut second] = pair();
    second.members[1].weight = 0;
    let listen = second.listen;
    let [one, node] = start_both(&[first, second]).await;
    // The only owner goes, and one takes its place that answers nothing.
    let owner = Identity { node: one.handle().id(), ..identity("n1") };
    one.stop().await;
    let mut client = PeerClient::connect(format!("http://{listen}")).await.unwrap();
    let hello = stream::iter([hello(owner)]).chain(stream::pending());
    let mut frames = client.link(hello).await.unwrap().into_inner();
    let welcome = frames.message().await.unwrap().unwrap();
    assert!(matches!(Frame::decode_first(welcome, &Limits::default()), Ok(Frame::Welcome(_))));
    let handle = node.handle();
    let mut client = handle.client();
    for tag in 0..3 {
        client.queue(tag, &tag, Duration::from_secs(60));
    }
    client.flush();
    while handle.stats().await.shards.inflight < 3 {
        assert!(client.try_next().is_none());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(client.in_flight(), 3);
    drop(client);
    let cancelled = async {
        let mut count = 0;
        while count < 3 {
            let raw = frames.message().await.unwrap().unwrap();
            let frame = Frame::decode(raw, WireVersion::NEWEST, &Limits::default()).unwrap();
            let Frame::Batch(messages) = frame else { panic!("{frame:?}") };
            let is_cancel =
                |body: &Body| matches!(body, Body::Request { request: Request::Cancel { .. }, .. });
            count += messages.iter().filter(|message| is_cancel(&message.body)).count();
        }
    };
    tokio::time::timeout(Duration::from_secs(5), cancelled).await.unwrap();
    assert_eq!(handle.stats().await.shards.inflight, 0);
}
