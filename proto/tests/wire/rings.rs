//! Fixed rings, and at least one of every word about them.

use std::sync::Arc;

use peer_ring_core::actor::Wall;
use peer_ring_core::chain::{Ballot, State, Word};
use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName, Seat};
use peer_ring_core::key::Partitions;
use peer_ring_core::peer::{Body, Message};
use peer_ring_core::ring::{Layout, Member, Parts, Reason, Ring, Strategy, Tenure};
use peer_ring_core::standing::{Standing, Wants};

use crate::samples::Sample;

const BALLOT: Ballot = Ballot { round: 3, seat: Seat(0xb1b2_b3b4_b5b6_b7b8) };
const EPOCH: Epoch = Epoch(7);

pub fn word(body: Body) -> Message {
    Message { epoch: EPOCH, body }
}

fn member(name: &str, id: u64, tenure: Tenure) -> Member {
    let name = NodeName::new(name).unwrap();
    Member { id: NodeId(id), vote: NodeId(id + 1), tenure, ..Member::new(name) }
}

fn full() -> Member {
    let (zone, address) = (Some("b".into()), "10.0.0.2:7600".into());
    Member { zone, weight: 200, address, ..member("n2", 0x22, Tenure::Leaving) }
}

/// All of a ring of 300 members, or of fewer: the parts that can be told apart are.
pub fn parts(members: Vec<Member>) -> Parts {
    let seats: Vec<_> = members.iter().map(Member::seat).collect();
    let mut voters = seats[..seats.len().min(3)].to_vec();
    voters.sort_unstable();
    let lists = |by: usize| (0..8).map(|at| seats[at * by % seats.len()]).collect();
    Parts {
        cluster: ClusterId(0xc1c2_c3c4_c5c6_c7c8),
        epoch: Epoch(300),
        strategy: Strategy::Tokens,
        partitions: Partitions::new(4).unwrap(),
        replicas: 2,
        voters,
        deposed: vec![seats[1]],
        layout: Layout::new(2, 2, lists(1)),
        target: Some(Layout::new(3, 2, lists(members.len() - 1))),
        since: [1, 1, 300, 300].map(Epoch).into(),
        is_held: true,
        reason: Reason::Moving,
        decided_at: Wall(1_700_000_000_000),
        members,
    }
}

/// Three members, in the order of their names.
pub fn three() -> Vec<Member> {
    let (first, third) = (member("n1", 1, Tenure::Member), member("n3", 5, Tenure::Joining));
    vec![first, full(), third]
}

/// So many members, in the order of their names.
pub fn many(members: u64) -> Vec<Member> {
    (0..members).map(|at| member(&format!("n{at:05}"), 2 * at + 1, Tenure::Member)).collect()
}

fn moving() -> Arc<Ring> {
    Arc::new(Ring::from_parts(parts(three())).unwrap())
}

fn settled(reason: Reason, strategy: Strategy) -> Arc<Ring> {
    let voters = parts(three()).voters;
    let since = vec![Epoch(1); 4];
    let parts =
        Parts { reason, strategy, target: None, deposed: vec![], voters, since, ..parts(three()) };
    Arc::new(Ring::from_parts(Parts { epoch: Epoch(1), is_held: false, ..parts }).unwrap())
}

fn rings() -> Vec<(&'static str, Arc<Ring>)> {
    vec![
        ("moving", moving()),
        ("founded", settled(Reason::Founded, Strategy::Balanced)),
        ("settled", settled(Reason::Settled, Strategy::Tokens)),
        ("cancelled", settled(Reason::Cancelled, Strategy::Rendezvous)),
        ("replaced", settled(Reason::Replaced, Strategy::Modulo)),
        ("primacy", settled(Reason::Primacy, Strategy::Full)),
        ("held", settled(Reason::Held, Strategy::Balanced)),
        ("recovered", settled(Reason::Recovered, Strategy::Balanced)),
    ]
}

fn standings() -> Vec<(&'static str, Standing)> {
    let young = Standing {
        cluster: ClusterId(0),
        epoch: Epoch::NONE,
        member: member("n1", 1, Tenure::Member),
        wants: Wants::Stay,
        wire: 2,
        pending: 0,
        strays: 0,
        bytes: 0,
        down: vec![],
    };
    let old = Standing {
        epoch: EPOCH,
        member: full(),
        wants: Wants::Leave,
        pending: 300,
        strays: 1,
        bytes: 1 << 33,
        down: vec![Seat(1), Seat(BALLOT.seat.0)],
        ..young.clone()
    };
    vec![("young", young), ("old", old)]
}

fn chain() -> Vec<(&'static str, Word)> {
    let (epoch, ballot, ring) = (EPOCH, BALLOT, settled(Reason::Founded, Strategy::Balanced));
    vec![
        ("ballot", Word::Prepare { epoch, ballot }),
        ("least", Word::Prepare { epoch: Epoch(1), ballot: Ballot::default() }),
        ("nothing", Word::Promise { epoch, ballot, accepted: None }),
        ("accepted", Word::Promise { epoch, ballot, accepted: Some((ballot, Arc::clone(&ring))) }),
        ("ring", Word::Accept { ballot, ring }),
        ("ballot", Word::Accepted { epoch, ballot }),
        ("ballot", Word::Reject { epoch, promised: ballot }),
    ]
}

/// What a voter keeps that has accepted something.
pub fn state() -> State {
    let accepted = Some((BALLOT, settled(Reason::Founded, Strategy::Balanced)));
    State { ring: Some(moving()), promised: BALLOT, accepted }
}

/// One message, with a word that says what is special about it.
pub fn words() -> Vec<Sample> {
    let mut all = vec![("word", word(Body::Leaving))];
    all.extend(standings().into_iter().map(|(what, s)| (what, word(Body::Standing(Box::new(s))))));
    all.extend(rings().into_iter().map(|(what, ring)| (what, word(Body::Ring(ring)))));
    all.extend(chain().into_iter().map(|(what, it)| (what, word(Body::Chain(it)))));
    all
}
