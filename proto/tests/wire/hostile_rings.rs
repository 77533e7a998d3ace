//! Rings that are none: what each says that cannot be, and that it costs nothing.

use std::sync::Arc;

use bytes::Bytes;
use peer_ring_core::peer::Body;
use peer_ring_core::ring::{Member, Ring};
use peer_ring_proto::wire::{self, chain::Word, message};
use peer_ring_proto::{Limits, WireError, WireVersion, decode, encode};
use prost::Message as _;

use crate::hostile::{field, refused};
use crate::rings::{many, parts, three, word};

/// A ring of these members, as prost sees it.
fn ring_of(members: Vec<Member>) -> wire::Ring {
    let ring = Ring::from_parts(parts(members)).unwrap();
    let bytes = encode(&word(Body::Ring(Arc::new(ring))), WireVersion::NEWEST);
    let Some(message::Body::Ring(ring)) = wire::Message::decode(bytes).unwrap().body else {
        panic!("a ring");
    };
    wire::Ring::decode(ring).unwrap()
}

fn refused_ring(ring: &wire::Ring) -> WireError {
    refused(message::Body::Ring(ring.encode_to_vec().into()))
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn runs(of: &[(u64, u64)]) -> Bytes {
    of.iter().flat_map(|(age, length)| [varint(*age), varint(*length)].concat()).collect()
}

type Change = fn(&mut wire::Ring);

#[test]
fn what_cannot_be_a_ring_is_refused_and_says_why() {
    let changes: [(Change, &str); 33] = [
        (|ring| ring.epoch = 0, "a ring's epoch is 0, and must be from 1"),
        (|ring| ring.epoch = 1 << 32, "a ring's epoch is 4294967296, and must be from 1 to 4294"),
        (|ring| ring.partitions = 0, "the number of partitions is 0"),
        (|ring| ring.partitions = u32::MAX, "the number of partitions is 4294967295, and must be"),
        (|ring| ring.partitions = 8, "a ring cannot be decoded: its lists have 8 bytes and not 16"),
        (|ring| ring.replicas = 0, "the number of owners is 0, and must be from 1 to 16"),
        (|ring| ring.replicas = 17, "the number of owners is 17, and must be from 1 to 16"),
        (|ring| ring.strategy = 0, "a ring's strategy has no value 0"),
        (|ring| ring.strategy = 6, "a ring's strategy has no value 6"),
        (|ring| ring.reason = 0, "why there is a ring has no value 0"),
        (|ring| ring.reason = 9, "why there is a ring has no value 9"),
        (|ring| ring.members.clear(), "a ring cannot be decoded: member 0 of 0 is in its lists"),
        (
            |ring| ring.members.truncate(2),
            "a ring cannot be decoded: member 2 of 2 is in its lists",
        ),
        (|ring| ring.members.swap(0, 1), "its members are not in order"),
        (|ring| ring.members[1].name = "n1".into(), "its members are not in order"),
        (|ring| ring.members[1].name = "n 1".into(), "a member's name is no name"),
        (|ring| ring.members[1].zone = Some("\n".into()), "a member's zone is no name"),
        (|ring| ring.members[1].tenure = 0, "a member's tenure has no value 0"),
        (|ring| ring.members[1].tenure = 4, "a member's tenure has no value 4"),
        (|ring| ring.members[1].address = "x".repeat(513), "a member's address has 513 bytes, and"),
        (|ring| ring.voters.clear(), "its voters are not its members"),
        (|ring| ring.voters[0] = 0, "its voters are not its members"),
        (|ring| ring.voters.reverse(), "its seats are not in order"),
        (|ring| ring.voters = vec![ring.voters[0]; 3], "its seats are not in order"),
        (|ring| ring.deposed = vec![2, 1], "its seats are not in order"),
        (|ring| ring.layout = None, "a ring's layout is missing"),
        (|ring| layout(ring).width = 0, "the length of a preference list is 0, and must be from 1"),
        (|ring| layout(ring).width = 17, "the length of a preference list is 17, and must be"),
        (|ring| layout(ring).width = 3, "its lists have 8 bytes and not 12"),
        (|ring| layout(ring).replicas = 0, "the number of owners is 0"),
        (|ring| layout(ring).lists = vec![3; 8].into(), "member 3 of 3 is in its lists"),
        (|ring| layout(ring).lists = vec![1; 8].into(), "a member is in a preference list twice"),
        (|ring| ring.target.as_mut().unwrap().width = 0, "the length of a preference list is 0"),
    ];
    assert!(decode(said(&ring_of(three())), &Limits::default()).is_ok());
    for (change, text) in changes {
        let mut ring = ring_of(three());
        change(&mut ring);
        let error = refused_ring(&ring).to_string();
        assert!(error.contains(text), "{error} and not {text}");
    }
}

fn layout(ring: &mut wire::Ring) -> &mut wire::Layout {
    ring.layout.as_mut().unwrap()
}

fn said(ring: &wire::Ring) -> Bytes {
    let body = Some(message::Body::Ring(ring.encode_to_vec().into()));
    wire::Message { epoch: 1, request_id: 0, body }.encode_to_vec().into()
}

#[test]
fn each_partition_is_as_old_as_its_ring_at_most_and_has_one_age() {
    let ring = ring_of(three());
    let with = |since| refused_ring(&wire::Ring { since, ..ring.clone() }).to_string();
    assert!(with(runs(&[(301, 4)])).starts_with("the age of a partition's layout is 301"));
    assert!(with(runs(&[(0, 5)])).starts_with("partitions in a row is 5, and must be from 1 to 4"));
    assert!(
        with(runs(&[(0, u64::MAX)])).starts_with("partitions in a row is 18446744073709551615")
    );
    assert!(with(runs(&[(0, 0)])).starts_with("partitions in a row is 0"));
    assert!(with(runs(&[(0, 4), (0, 1)])).starts_with("partitions in a row is 1, and must be"));
    assert!(with(runs(&[(0, 3)])).contains("its partitions are not laid out by its epoch"));
    assert!(with(Bytes::new()).contains("its partitions are not laid out by its epoch"));
    assert!(with(Bytes::from_static(&[0])).starts_with("the age of partitions cannot be decoded"));
    assert!(with(vec![255; 11].into()).starts_with("the age of partitions cannot be decoded"));
}

#[test]
fn members_are_counted_before_they_take_memory() {
    const MEMBERS: u8 = 6;
    let limits = Limits::default();
    let (count, count_max) = (limits.members_max + 1, limits.members_max);
    let wrong = WireError::TooMany { what: "members of a ring", count, count_max };
    let million: Bytes = field(MEMBERS, b"").repeat(1_000_000).into();
    assert_eq!(refused(message::Body::Ring(million.clone())), wrong);
    let proposal = wire::Proposal { ballot: Some(wire::Ballot::default()), ring: million };
    let accept = wire::Chain { word: Some(Word::Accept(proposal.clone())) };
    assert_eq!(refused(message::Body::Chain(accept)), wrong);
    let ballot = proposal.ballot;
    let promise = wire::Promise { epoch: 1, ballot, accepted: Some(proposal) };
    let promise = wire::Chain { word: Some(Word::Promise(promise)) };
    assert_eq!(refused(message::Body::Chain(promise)), wrong);
}

#[test]
fn seats_of_voters_and_of_peers_that_are_down_are_counted() {
    let limits = Limits::default();
    let seats: Vec<_> = (0..=limits.members_max as u64).collect();
    let wrong = |what| {
        let (count, count_max) = (limits.members_max + 1, limits.members_max);
        WireError::TooMany { what, count, count_max }
    };
    let deposed = wire::Ring { deposed: seats.clone(), ..ring_of(three()) };
    assert_eq!(refused_ring(&deposed), wrong("deposed members of a ring"));
    let standing = wire::Standing {
        member: ring_of(three()).members.pop(),
        wants: 1,
        down: seats,
        ..Default::default()
    };
    let refused = refused(message::Body::Standing(Box::new(standing)));
    assert_eq!(refused, wrong("peers that are down"));
}

#[test]
fn a_member_has_a_place_in_one_byte_as_long_as_that_holds_it() {
    for (members, bytes) in [(2, 8), (256, 8), (257, 16), (300, 16)] {
        let ring = ring_of(many(members));
        assert_eq!(ring.layout.as_ref().unwrap().lists.len(), bytes, "{members} members");
        assert!(decode(said(&ring), &Limits::default()).is_ok());
    }
    let mut ring = ring_of(many(300));
    layout(&mut ring).lists = [[1, 0, 44, 1]; 4].concat().into();
    assert!(refused_ring(&ring).to_string().contains("member 300 of 300 is in its lists"));
    layout(&mut ring).lists = vec![0; 8].into();
    assert!(refused_ring(&ring).to_string().contains("its lists have 8 bytes and not 16"));
}

#[test]
fn a_word_says_all_that_belongs_to_it() {
    let ring = || Bytes::from(ring_of(three()).encode_to_vec());
    let chain = |word| refused(message::Body::Chain(wire::Chain { word })).to_string();
    assert_eq!(chain(None), "a word about the next ring is missing");
    let without = "a ballot is missing";
    assert_eq!(chain(Some(Word::Prepare(wire::Prepare::default()))), without);
    assert_eq!(chain(Some(Word::Promise(wire::Promise::default()))), without);
    assert_eq!(chain(Some(Word::Accepted(wire::Accepted::default()))), without);
    assert_eq!(chain(Some(Word::Reject(wire::Reject::default()))), without);
    assert_eq!(chain(Some(Word::Accept(wire::Proposal { ballot: None, ring: ring() }))), without);
    let no_ring = wire::Proposal { ballot: Some(wire::Ballot::default()), ring: Bytes::new() };
    assert!(chain(Some(Word::Accept(no_ring))).starts_with("the number of partitions is 0"));
    let standing = |standing| refused(message::Body::Standing(Box::new(standing))).to_string();
    assert_eq!(standing(wire::Standing::default()), "who stands there is missing");
    let member = ring_of(three()).members.pop();
    let wants = wire::Standing { member, wants: 3, ..Default::default() };
    assert_eq!(standing(wants), "what a node wants has no value 3");
}
