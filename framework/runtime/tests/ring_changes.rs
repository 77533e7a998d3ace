//! The ring changes while nodes serve, with real sockets and disks.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use peer_ring::core::steward::{Change, ChangeMode, Order, OrderRefused};
use peer_ring::{
    App, Config, DataError, Key, Node, NodeName, NotYet, OrderError, Plan, Records, Sighting,
    StartError,
};
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct Notes;

#[derive(Clone, Serialize, Deserialize)]
enum Note {
    Put(u32),
    Get(u32),
}

impl App for Notes {
    const NAME: &'static str = "notes";
    type Command = Note;
    type Reply = Option<u32>;

    fn key(command: &Note) -> Key {
        match command {
            Note::Put(number) | Note::Get(number) => Key::from(&number.to_string()),
        }
    }

    fn plan(&self, command: &Note) -> Plan {
        match command {
            Note::Put(_) => Plan::quorum(2, 1),
            Note::Get(_) => Plan::read(2, 1),
        }
    }

    fn handle(&mut self, records: &mut Records<'_>, command: Note) -> Option<u32> {
        match command {
            Note::Put(number) => {
                records.put_as(number.to_string(), &number);
                None
            }
            Note::Get(number) => records.get_as(number.to_string()),
        }
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn name(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

/// Configurations of so many nodes, of which each is told of those before it, and no later one.
fn growing(count: usize) -> Vec<Config> {
    let mut members = Vec::new();
    let config = |at: usize| {
        let mut config = Config::new(&format!("n{}", at + 1)).unwrap();
        config.listen = free_address();
        members.push(Sighting::new(config.name.clone(), config.listen.to_string()));
        config.members.clone_from(&members);
        config.ring.replicas = 2;
        config.changes.settle_delay = Duration::from_millis(100);
        config.links.backoff_max = Duration::from_millis(100);
        config
    };
    (0..count).map(config).collect()
}

async fn start(config: &Config) -> Node<Notes> {
    Node::builder().config(config.clone()).app(Notes).start().await.unwrap()
}

/// Waits until this is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

async fn replicated(nodes: &[&Node<Notes>], members: usize) {
    until(&format!("{members} members have all that they are to have"), async || {
        for node in nodes {
            let ring = node.handle().view().ring.clone().unwrap();
            if ring.members().len() != members || node.handle().replicated().await.is_err() {
                return false;
            }
        }
        true
    })
    .await;
}

#[actix_rt::test]
async fn a_node_that_knows_one_member_joins_and_gets_its_share() {
    let configs = growing(3);
    let one = start(&configs[0]).await;
    for number in 0..100 {
        one.ask(Note::Put(number)).await.unwrap();
    }
    let (two, three) = (start(&configs[1]).await, start(&configs[2]).await);
    replicated(&[&one, &two, &three], 3).await;
    let mut copies = 0;
    for node in [&one, &two, &three] {
        until("nothing stray is left", async || {
            node.handle().stats().await.ring.progress.is_some_and(|it| it.strays == 0)
        })
        .await;
        copies += node.handle().stats().await.shards.table.records;
        for number in 0..100 {
            assert_eq!(node.ask(Note::Get(number)).await.unwrap(), Some(number));
        }
    }
    assert_eq!(copies, 200, "each record has two copies, and no more");
    let reasons: Vec<_> = one.handle().history().await.iter().map(|past| past.reason).collect();
    assert_eq!(format!("{:?}", reasons[..2].to_vec()), "[Founded, Moving]");
}

#[actix_rt::test]
async fn a_node_that_leaves_hands_over_what_it_owns_and_nobody_misses_it() {
    let configs = growing(2);
    let (one, two) = (start(&configs[0]).await, start(&configs[1]).await);
    replicated(&[&one, &two], 2).await;
    for number in 0..100 {
        two.ask(Note::Put(number)).await.unwrap();
    }
    let handle = two.handle();
    assert!(matches!(handle.safe_to_stop().await, Err(NotYet::MinorityLeft { .. })));
    handle.leave().await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), handle.left()).await.unwrap();
    assert!(handle.has_left());
    assert_eq!(handle.safe_to_stop().await, Ok(()));
    two.stop().await;
    for number in 0..100 {
        assert_eq!(one.ask(Note::Get(number)).await.unwrap(), Some(number));
    }
    assert_eq!(one.handle().view().ring.as_ref().unwrap().members().len(), 1);
}

#[actix_rt::test]
async fn a_node_that_is_to_leave_on_its_stop_does_so_and_the_last_one_just_stops() {
    let mut configs = growing(2);
    configs.iter_mut().for_each(|it| it.leave_on_stop = Some(Duration::from_secs(20)));
    let (one, two) = (start(&configs[0]).await, start(&configs[1]).await);
    replicated(&[&one, &two], 2).await;
    two.stop().await;
    until("the other is a cluster by itself", async || {
        one.handle().view().ring.as_ref().unwrap().members().len() == 1
    })
    .await;
    tokio::time::timeout(Duration::from_secs(10), one.stop()).await.unwrap();
}

#[actix_rt::test]
async fn an_operator_plans_a_change_and_makes_it() {
    let mut configs = growing(2);
    configs.iter_mut().for_each(|config| config.changes.mode = ChangeMode::Manual);
    let (one, two) = (start(&configs[0]).await, start(&configs[1]).await);
    let (handle, nothing) = (one.handle(), Change::default);
    until("the other one is seen", async || {
        handle.plan(nothing()).await.is_ok_and(|plan| plan.join == [name("n2")])
    })
    .await;
    assert!(matches!(two.handle().ready(), Err(NotYet::NotAMember { .. })));
    let plan = handle.plan(nothing()).await.unwrap();
    assert!(plan.waits.is_some() && plan.moves.gained > 0, "{plan:?}");
    let stale = Some(peer_ring::core::id::Epoch(77));
    let refused = handle.order(Order::Apply { epoch: stale, change: nothing() }).await;
    assert!(matches!(refused, Err(OrderError::Refused(OrderRefused::Outdated { .. }))));
    handle.order(Order::Apply { epoch: Some(plan.epoch), change: nothing() }).await.unwrap();
    replicated(&[&one, &two], 2).await;
    let refused = handle.order(Order::Cancel).await;
    assert_eq!(refused, Err(OrderError::Refused(OrderRefused::Idle)));
}

/// A configuration of a node with a data directory.
fn with_data(config: &Config, folder: &Path) -> Config {
    Config { data: Some(folder.join(config.name.as_str())), ..config.clone() }
}

#[actix_rt::test]
async fn a_node_with_a_data_directory_is_the_same_voter_again_and_knows_the_ring() {
    let folder = tempfile::tempdir().unwrap();
    let configs: Vec<_> = growing(3).iter().map(|it| with_data(it, folder.path())).collect();
    let mut configs = configs;
    let members = configs[2].members.clone();
    configs.iter_mut().for_each(|config| config.members.clone_from(&members));
    let nodes = join_all(configs.iter().map(start)).await;
    let vote_of = |node: &Node<Notes>| {
        let ring = node.handle().view().ring.clone().unwrap();
        ring.member(name("n1").seat()).map(|member| (member.vote, member.id)).unwrap()
    };
    let (vote, id) = vote_of(&nodes[0]);
    let cluster = nodes[0].handle().view().ring.as_ref().unwrap().cluster();
    join_all(nodes.into_iter().map(Node::stop)).await;
    // All were away at once, and no voter is lost.
    let nodes = join_all(configs.iter().map(start)).await;
    until("it is a member again, without its data", async || {
        let (vote_now, id_now) = vote_of(&nodes[0]);
        vote_now == vote && id_now != id && id_now == nodes[0].handle().id()
    })
    .await;
    assert_eq!(nodes[0].handle().view().ring.as_ref().unwrap().cluster(), cluster);
}

#[actix_rt::test]
async fn two_nodes_never_use_one_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let configs = growing(2);
    let config = with_data(&configs[0], folder.path());
    let one = start(&config).await;
    let second = Config { data: config.data.clone(), ..configs[1].clone() };
    let refused = Node::builder().config(second.clone()).app(Notes).start().await.err().unwrap();
    assert!(matches!(refused, StartError::Data(DataError::InUse { .. })), "{refused}");
    one.stop().await;
    let alone = Config { members: vec![second.members[1].clone()], ..second };
    start(&alone).await.stop().await;
}

#[actix_rt::test]
async fn a_node_does_not_start_on_a_file_that_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let config = with_data(&growing(1)[0], folder.path());
    start(&config).await.stop().await;
    let file = config.data.clone().unwrap().join("node.kept");
    let kept = std::fs::read(&file).unwrap();
    std::fs::write(&file, &kept[..kept.len() / 2]).unwrap();
    let refused = Node::builder().config(config).app(Notes).start().await.err().unwrap();
    assert!(refused.to_string().starts_with(file.to_str().unwrap()), "{refused}");
}
