mod control;
mod moving;
mod storm;

use super::*;
use crate::app::{Plan, encode};
use crate::coordinator;
use crate::failure::Failure;
use crate::id::{AppId, Epoch, NodeId, RequestId};
use crate::key::Key;
use crate::peer::{Execute, Refusal, Request, Response};
use crate::sample::cluster::Cluster;
use crate::sample::{self, Note, get, seat, set};

const NODES: [&str; 3] = ["a", "b", "c"];

fn request(id: RequestId, request: Request) -> Message {
    Message { epoch: Epoch(1), body: Body::Request { id, request } }
}

fn response(id: RequestId) -> Message {
    Message { epoch: Epoch(1), body: Body::Response { id, response: Response::Alive } }
}

fn copy(partition: u16) -> Request {
    Request::Copy {
        partition: PartitionId(partition),
        after: None,
        until: None,
        digest: 0,
        node: None,
    }
}

#[test]
fn a_request_goes_to_the_shard_of_its_partition_and_any_other_to_control() {
    let partitions = Partitions::new(4).unwrap();
    let desk = |request: Request| desk_of(&self::request(RequestId(1), request), partitions, 2);
    assert_eq!(desk(copy(2)), Desk::Shard(0));
    assert_eq!(desk(copy(3)), Desk::Shard(1));
    assert_eq!(desk(Request::Cancel { key: Key::at(u64::MAX) }), Desk::Shard(1));
    assert_eq!(desk(Request::Probe), Desk::Control);
}

#[test]
fn a_response_goes_to_who_asked_and_an_impossible_one_to_control() {
    let desk = |desk| desk_of(&response(RequestId::new(desk, 1)), Partitions::default(), 2);
    assert_eq!(desk(Desk::Shard(1)), Desk::Shard(1));
    assert_eq!(desk(Desk::Control), Desk::Control);
    assert_eq!(desk(Desk::Shard(2)), Desk::Control);
}

#[test]
fn what_is_put_at_one_node_is_got_at_every_other() {
    let mut cluster = Cluster::new(&NODES);
    cluster.run("a", Plan::quorum(3, 2), &set("k", 5)).unwrap();
    for node in NODES {
        assert_eq!(cluster.run(node, Plan::read(3, 2), &get("k")), Ok(Some(5)));
    }
    cluster.run("b", Plan::quorum(3, 2), &Note::Drop("k".into())).unwrap();
    assert_eq!(cluster.run("c", Plan::read(3, 2), &get("k")), Ok(None));
}

#[test]
fn shards_split_the_partitions_among_them() {
    let mut cluster = Cluster::with_shards(4, 2, &NODES);
    for key in 0..20 {
        cluster.run("a", Plan::quorum(3, 3), &set(&format!("{key}"), key)).unwrap();
    }
    let partitions = |index: usize| {
        let replicas = cluster.shards("b")[index].replicas();
        replicas.map(|(partition, _)| partition.0).collect::<Vec<_>>()
    };
    assert_eq!((partitions(0), partitions(1)), (vec![0, 2], vec![1, 3]));
    let records: Vec<_> = cluster.shards("b").iter().map(|shard| shard.stats().records).collect();
    assert_eq!(records.iter().sum::<u64>(), 20);
    assert!(records.iter().all(|records| *records > 0));
}

#[test]
fn a_command_is_answered_while_a_minority_is_down() {
    let mut cluster = Cluster::new(&NODES);
    cluster.stop("b");
    assert_eq!(cluster.run("a", Plan::quorum(3, 2), &set("k", 5)), Ok(Some(5)));
    assert_eq!(cluster.run("c", Plan::read(3, 2), &get("k")), Ok(Some(5)));
}

#[test]
fn a_command_is_refused_while_a_majority_is_down() {
    let mut cluster = Cluster::new(&NODES);
    cluster.stop("b");
    cluster.stop("c");
    let failure = Failure::QuorumNotMet { acked: 1, wanted: 2, may_have_happened: true };
    assert_eq!(cluster.run("a", Plan::quorum(3, 2), &set("k", 5)), Err(failure));
}

#[test]
fn a_new_cluster_is_filled_as_soon_as_its_nodes_have_met() {
    let cluster = Cluster::with_shards(16, 2, &NODES);
    for node in NODES {
        assert!(cluster.shards(node).iter().all(|shard| shard.blank() == 0));
    }
}

#[test]
fn a_node_that_comes_back_without_data_has_it_again_before_it_counts() {
    let mut cluster = Cluster::new(&NODES);
    cluster.run("a", Plan::quorum(3, 3), &set("k", 5)).unwrap();
    cluster.start("b", 1);
    assert_eq!(cluster.shard("b").blank(), 1);
    cluster.settle();
    assert_eq!(cluster.shard("b").blank(), 0);
    assert_eq!(cluster.run("b", Plan::read(3, 1), &get("k")), Ok(Some(5)));
}

#[test]
fn an_acknowledged_write_survives_that_one_of_those_who_held_it_forgets() {
    let mut cluster = Cluster::new(&NODES);
    let [first, second, third] = [0, 1, 2].map(|index| cluster.owner(index));
    // The third owner never gets the write.
    let caller = cluster.ask(&first, Plan::quorum(3, 2), &set("k", 5));
    let to_third = seat(&third);
    cluster.settle_where(|letter| letter.to != to_third);
    assert_eq!(cluster.reply(caller), Some(Ok(Some(5))));
    cluster.wire.clear();
    cluster.start(&second, 1);
    // Before the second has it again, nobody can read past it.
    let early = cluster.ask(&third, Plan::read(3, 2), &get("k"));
    cluster.settle();
    assert_ne!(cluster.reply(early), Some(Ok(None)));
    assert_eq!(cluster.run(&third, Plan::read(3, 2), &get("k")), Ok(Some(5)));
}

#[test]
fn an_answer_to_what_an_earlier_start_asked_is_nobodys() {
    let mut cluster = Cluster::new(&NODES);
    let [first, second] = [cluster.owner(0), cluster.owner(1)];
    cluster.ask(&first, Plan::quorum(3, 2), &set("k", 5));
    // The others have answered when the first starts again, and asks for something else.
    let to_first = seat(&first);
    cluster.settle_where(|letter| letter.to != to_first);
    let late: Vec<_> = cluster.wire.drain(..).collect();
    cluster.start(&first, 1);
    cluster.settle();
    cluster.stop(&second);
    cluster.stop(&cluster.owner(2));
    let caller = cluster.ask(&first, Plan::quorum(3, 2), &set("l", 6));
    late.into_iter().for_each(|letter| cluster.tell_peer(letter));
    assert_eq!(cluster.reply(caller), None);
}

#[test]
fn a_node_without_a_ring_says_that_it_is_not_ready() {
    let mut shard = Shard::in_memory(ShardSettings {
        seat: seat("a"),
        node: NodeId(1),
        index: 0,
        shards: 1,
        partitions: Partitions::new(1).unwrap(),
        coordinator: coordinator::Settings::default(),
        has_records: false,
        transfers: crate::transfer::Settings::default(),
        apps: sample::apps(),
    });
    let ask = sample::ask(Plan::read(3, 2), &get("k"));
    let forward = Request::Forward {
        app: ask.app,
        key: ask.key,
        plan: ask.plan,
        command: ask.command,
        timeout_ms: u32::MAX,
    };
    for asked in [forward, copy(0)] {
        assert_eq!(answer_of(&mut shard, asked), Response::Refused(Refusal::NotReady));
    }
}

/// What a shard answers at once to a peer's request.
fn answer_of(shard: &mut Shard, asked: Request) -> Response {
    use crate::actor::{Actor, Now, Outbox};
    let mut out = Outbox::new();
    let message = request(RequestId(1), asked);
    shard.handle(Now::default(), ShardIn::Peer { from: seat("b"), message }, &mut out);
    match out.pop() {
        Some(ShardOut::Send {
            message: Message { body: Body::Response { response, .. }, .. },
            ..
        }) => response,
        other => panic!("{other:?} is no response"),
    }
}

#[test]
fn what_a_peer_says_cannot_stop_a_node() {
    let mut cluster = Cluster::new(&NODES);
    let execute = |partition, command, stamp| {
        Request::Execute(Execute {
            partition: PartitionId(partition),
            app: AppId::of(sample::APP),
            command,
            stamp,
            wants_seen: true,
        })
    };
    let odd = [
        execute(0, encode(&set("k", 1)), None),
        execute(0, encode(&set("k", 1)), Some(sample::version(u64::MAX))),
        execute(u16::MAX, encode(&get("k")), None),
        execute(0, bytes::Bytes::from_static(b"\xff"), None),
        Request::Fetch { partition: PartitionId(0), keys: vec![bytes::Bytes::new(); 100_000] },
        Request::Probe,
        Request::Cancel { key: Key::at(0) },
    ];
    for (id, odd) in (0..).zip(odd) {
        cluster.tell_peer(letter("b", "a", request(RequestId(id), odd)));
    }
    let background = RequestId(7).in_background();
    for id in [RequestId(0), RequestId(u64::MAX), background] {
        cluster.tell_peer(letter("b", "a", response(id)));
    }
    assert_eq!(cluster.run("a", Plan::quorum(3, 3), &set("k", 5)), Ok(Some(5)));
}

fn letter(from: &str, to: &str, message: Message) -> crate::sample::cluster::Letter {
    crate::sample::cluster::Letter { from: seat(from), to: seat(to), message }
}

#[test]
fn a_forwarded_command_is_not_kept_longer_than_a_minute() {
    let mut cluster = Cluster::new(&NODES);
    let owner = cluster.owner(0);
    let ask = sample::ask(Plan::quorum(3, 3), &set("k", 1));
    let forward = Request::Forward {
        app: ask.app,
        key: ask.key,
        plan: ask.plan,
        command: ask.command,
        timeout_ms: u32::MAX,
    };
    cluster.tell_peer(letter("b", &owner, request(RequestId(1), forward)));
    assert_eq!(cluster.shard(&owner).coordinator().inflight(), 1);
    cluster.pass(std::time::Duration::from_secs(60));
    assert_eq!(cluster.shard(&owner).coordinator().inflight(), 0);
}
