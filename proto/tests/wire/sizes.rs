//! How big rings are on the wire, and that the biggest fit through it.

use std::sync::Arc;

use peer_ring_core::actor::Wall;
use peer_ring_core::chain::{Ballot, Word};
use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName};
use peer_ring_core::key::Partitions;
use peer_ring_core::peer::{Body, Message};
use peer_ring_core::ring::{Blueprint, Member, Ring, Strategy};
use peer_ring_proto::{Frame, Limits, Packer, Reassembler, WireVersion, decode, encoded_len};

use crate::rings::word;

/// Members as they are, with identities, zones and addresses; the first `owning` own something.
fn members(count: u64, owning: u64) -> Vec<Member> {
    let member = |at: u64| Member {
        zone: Some(format!("zone-{}", at % 3).into()),
        weight: (at < owning).into(),
        id: NodeId(at.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        vote: NodeId(at.wrapping_mul(0xd1b5_4a32_d192_ed03) | 1),
        address: format!("pod-{at}.peer-ring.default.svc.cluster.local:7600").into(),
        ..Member::new(NodeName::new(&format!("pod-{at}")).unwrap())
    };
    (0..count).map(member).collect()
}

/// Modulo is the fastest to place, and a list takes the same room whoever is in it.
fn ring(members: Vec<Member>, partitions: u32) -> Ring {
    let blueprint = Blueprint {
        epoch: Epoch(1),
        strategy: Strategy::Modulo,
        partitions: Partitions::new(partitions).unwrap(),
        replicas: 3,
        members,
    };
    Ring::found(ClusterId(7), Wall(1_700_000_000_000), blueprint).unwrap()
}

/// A settled ring of 1,000 members and 4,096 partitions.
pub fn thousand() -> Message {
    word(Body::Ring(Arc::new(ring(members(1_000, 1_000), 4_096))))
}

fn bytes_of(ring: &Ring) -> usize {
    encoded_len(&word(Body::Ring(Arc::new(ring.clone()))), WireVersion::NEWEST)
}

/// What arrives of `message`, and in how many frames.
fn sent(message: &Message) -> (Message, usize) {
    let limits = Limits::default();
    let mut packer = Packer::new(&limits, WireVersion::NEWEST);
    packer.push(message.clone()).unwrap();
    let mut reassembler = Reassembler::new(&limits);
    for frames in 1.. {
        match Frame::decode(packer.pop().unwrap(), WireVersion::NEWEST, &limits).unwrap() {
            Frame::Chunk(chunk) => {
                if let Some(whole) = reassembler.push(chunk).unwrap() {
                    return (decode(whole, &limits).unwrap(), frames);
                }
            }
            Frame::Batch(mut messages) => return (messages.remove(0), frames),
            other => panic!("{other:?}"),
        }
    }
    unreachable!("a packer becomes empty")
}

#[test]
fn a_small_ring_takes_less_than_two_kilobytes() {
    let ring = ring(members(3, 3), 256);
    let bytes = bytes_of(&ring);
    println!("3 members, 256 partitions: {bytes} bytes");
    assert!(bytes < 2_000, "{bytes}");
}

#[test]
fn a_ring_of_a_thousand_members_and_four_thousand_partitions_fits_through() {
    let settled = ring(members(1_000, 1_000), 4_096);
    let moving = settled.begin(Wall(1_700_000_000_001), members(1_001, 1_001)).unwrap();
    assert!(moving.is_moving());
    let (settled_bytes, moving_bytes) = (bytes_of(&settled), bytes_of(&moving));
    println!("1,000 members, 4,096 partitions: {settled_bytes} bytes, {moving_bytes} while moving");
    // A place among so many members takes two bytes.
    let list_bytes = 4_096 * 16 * 2;
    assert!(settled_bytes < list_bytes + 100 * 1_000, "{settled_bytes}");
    assert!(moving_bytes < 2 * list_bytes + 110 * 1_000, "{moving_bytes}");

    let body = Body::Ring(Arc::new(settled));
    let said = word(body);
    assert_eq!(sent(&said), (said, 1));
    let accept = Word::Accept { ballot: Ballot::default(), ring: Arc::new(moving) };
    let said = word(Body::Chain(accept));
    assert_eq!(sent(&said), (said, 2));
}

#[test]
fn the_biggest_ring_that_the_limits_allow_fits_through() {
    let limits = Limits::default();
    // A place takes two bytes whoever's it is, and few owners are placed fast.
    let biggest = ring(members(limits.members_max as u64, 16), Partitions::MAX);
    let bytes = bytes_of(&biggest);
    println!("{} members, {} partitions: {bytes} bytes", limits.members_max, Partitions::MAX);
    assert!(bytes * 3 < limits.message_bytes_max);
    let said = word(Body::Ring(Arc::new(biggest)));
    let (arrived, _) = sent(&said);
    assert_eq!(arrived, said);
}
