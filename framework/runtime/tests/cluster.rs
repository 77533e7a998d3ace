//! Three nodes in one process, with real sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use futures::future::join_all;
use peer_ring::{App, Config, Failure, Key, Node, NodeName, Plan, Records, Sighting, WireVersion};
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct Notes;

#[derive(Serialize, Deserialize)]
enum Note {
    Put(String, String),
    Get(String),
    Count(String),
    Explode,
}

impl App for Notes {
    const NAME: &'static str = "notes";
    type Command = Note;
    type Reply = Option<String>;

    fn key(command: &Note) -> Key {
        match command {
            Note::Put(key, _) | Note::Get(key) | Note::Count(key) => Key::from(key),
            Note::Explode => Key::from("bomb"),
        }
    }

    fn plan(&self, command: &Note) -> Plan {
        match command {
            Note::Put(..) => Plan::quorum(3, 2),
            Note::Get(_) => Plan::read(3, 2),
            Note::Count(_) => Plan::owner(3, 2),
            Note::Explode => Plan::quorum(3, 1),
        }
    }

    fn handle(&mut self, records: &mut Records<'_>, command: Note) -> Option<String> {
        match command {
            Note::Put(key, value) => {
                records.put(key, value);
                None
            }
            Note::Get(key) => {
                records.get(key).map(|value| String::from_utf8_lossy(value).into_owned())
            }
            Note::Count(key) => {
                let count = records.get_as::<u64>(&key).unwrap_or(0) + 1;
                records.put_as(&key, &count);
                Some(count.to_string())
            }
            Note::Explode => panic!("on purpose"),
        }
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

fn configs(count: usize) -> Vec<Config> {
    let names: Vec<_> = (1..=count).map(|index| format!("n{index}")).collect();
    let listens: Vec<_> = names.iter().map(|_| free_address()).collect();
    let member = |(name, listen): (&String, &SocketAddr)| {
        Sighting::new(NodeName::new(name).unwrap(), listen.to_string())
    };
    let members: Vec<_> = names.iter().zip(&listens).map(member).collect();
    let config = |(name, listen): (&String, &SocketAddr)| {
        let mut config = Config::new(name).unwrap();
        config.listen = *listen;
        config.members.clone_from(&members);
        config.threads = 2;
        config
    };
    names.iter().zip(&listens).map(config).collect()
}

async fn start(config: &Config) -> Node<Notes> {
    Node::builder().config(config.clone()).app(Notes).start().await.unwrap()
}

async fn start_all(configs: &[Config]) -> Vec<Node<Notes>> {
    // Together: they found the cluster when all of them are there.
    let nodes = join_all(configs.iter().map(start)).await;
    for node in &nodes {
        ready(node).await;
    }
    nodes
}

async fn ready(node: &Node<Notes>) {
    tokio::time::timeout(Duration::from_secs(10), node.ready()).await.unwrap();
}

fn put(key: &str, value: &str) -> Note {
    Note::Put(key.to_owned(), value.to_owned())
}

fn get(key: &str) -> Note {
    Note::Get(key.to_owned())
}

#[actix_rt::test]
async fn what_one_node_was_told_every_node_knows() {
    let nodes = start_all(&configs(3)).await;
    for index in 0..100 {
        let key = format!("key-{index}");
        nodes[index % 3].ask(put(&key, "value")).await.unwrap();
        let answer = nodes[(index + 1) % 3].ask(get(&key)).await.unwrap();
        assert_eq!(answer.as_deref(), Some("value"));
    }
    for node in &nodes {
        assert_eq!(node.handle().stats().await.shards.table.records, 100);
    }
}

/// What a node speaks on its links, by peer.
async fn spoken(node: &Node<Notes>) -> BTreeMap<String, WireVersion> {
    let links = node.handle().stats().await.links;
    links.into_iter().map(|link| (link.peer.to_string(), link.wire)).collect()
}

#[actix_rt::test]
async fn nodes_of_two_releases_work_together_and_each_pair_speaks_what_both_know() {
    let mut configs = configs(3);
    configs[1].links.wire_max = WireVersion::V1;
    let nodes = start_all(&configs).await;
    for index in 0..30 {
        let key = format!("key-{index}");
        nodes[index % 3].ask(put(&key, "value")).await.unwrap();
        let answer = nodes[(index + 1) % 3].ask(get(&key)).await.unwrap();
        assert_eq!(answer.as_deref(), Some("value"));
    }
    let big = "x".repeat(1024 * 1024);
    nodes[1].ask(put("big", &big)).await.unwrap();
    assert_eq!(nodes[2].ask(get("big")).await.unwrap(), Some(big));
    let (old, new) = (WireVersion::V1, WireVersion::V2);
    let pairs =
        |peers: [(&str, WireVersion); 2]| peers.map(|(name, v)| (name.to_owned(), v)).into();
    assert_eq!(spoken(&nodes[0]).await, pairs([("n2", old), ("n3", new)]));
    assert_eq!(spoken(&nodes[1]).await, pairs([("n1", old), ("n3", old)]));
}

#[actix_rt::test]
async fn a_cluster_is_upgraded_node_by_node_and_keeps_what_it_holds() {
    let mut configs = configs(3);
    configs.iter_mut().for_each(|config| config.links.wire_max = WireVersion::V1);
    let mut nodes = start_all(&configs).await;
    for (round, config) in configs.iter_mut().enumerate() {
        nodes[0].ask(put(&format!("key-{round}"), "value")).await.unwrap();
        nodes.remove(0).stop().await;
        config.links.wire_max = WireVersion::V2;
        let upgraded = start(config).await;
        ready(&upgraded).await;
        nodes.push(upgraded);
    }
    for node in &nodes {
        for round in 0..3 {
            let answer = node.ask(get(&format!("key-{round}"))).await.unwrap();
            assert_eq!(answer.as_deref(), Some("value"));
        }
        assert!(spoken(node).await.values().all(|wire| *wire == WireVersion::V2));
    }
}

#[actix_rt::test]
async fn a_counter_of_the_owner_counts_every_request_once() {
    let nodes = start_all(&configs(3)).await;
    for count in 1..=30 {
        let answer = nodes[count % 3].ask(Note::Count("hits".to_owned())).await.unwrap();
        assert_eq!(answer, Some(count.to_string()));
    }
}

#[actix_rt::test]
async fn a_node_that_restarts_empty_is_filled_before_it_counts() {
    let configs = configs(3);
    let mut nodes = start_all(&configs).await;
    for index in 0..200 {
        nodes[0].ask(put(&format!("key-{index}"), "value")).await.unwrap();
    }
    nodes.pop().unwrap().stop().await;
    nodes[1].ask(put("late", "value")).await.unwrap();
    let back = start(&configs[2]).await;
    ready(&back).await;
    assert_eq!(back.handle().stats().await.shards.table.records, 201);
    let answer = back.ask(get("late")).await.unwrap();
    assert_eq!(answer.as_deref(), Some("value"));
}

#[actix_rt::test]
async fn with_two_of_three_nodes_down_a_quorum_write_says_how_many_acknowledged() {
    let mut nodes = start_all(&configs(3)).await;
    nodes.pop().unwrap().stop().await;
    nodes.pop().unwrap().stop().await;
    let failure = nodes[0].ask(put("a", "b")).await.unwrap_err();
    let wanted = Failure::QuorumNotMet { acked: 1, wanted: 2, may_have_happened: true };
    assert_eq!(failure, wanted);
}

#[actix_rt::test]
async fn a_big_value_travels_in_pieces() {
    let nodes = start_all(&configs(3)).await;
    let big = "x".repeat(9 * 1024 * 1024);
    nodes[0].ask(put("big", &big)).await.unwrap();
    assert_eq!(nodes[1].ask(get("big")).await.unwrap(), Some(big));
}

#[actix_rt::test]
async fn an_actor_that_panics_stops_its_node_and_says_which_and_why() {
    let node = start(&configs(1)[0]).await;
    ready(&node).await;
    let failure = node.ask(Note::Explode).await.unwrap_err();
    assert_eq!(failure, Failure::Stopping { may_have_happened: true });
    let text = node.stopped().await.unwrap_err().to_string();
    assert_eq!(text, "the shard actor panicked while handling a caller's command: on purpose");
}

#[actix_rt::test]
async fn a_port_in_use_is_named() {
    let mut config = Config::new("n1").unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    config.listen = taken.local_addr().unwrap();
    let error = Node::builder().config(config.clone()).app(Notes).start().await.err().unwrap();
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot listen for peers on {}", config.listen)), "{text}");
}
