//! Any ring, and any word about rings.

use std::collections::BTreeMap;
use std::sync::Arc;

use peer_ring_core::actor::Wall;
use peer_ring_core::chain::{Ballot, State, Word};
use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName, Seat};
use peer_ring_core::key::Partitions;
use peer_ring_core::ring::{Layout, Member, Parts, Reason, Ring, Strategy as Placement, Tenure};
use peer_ring_core::standing::{Standing, Wants};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{limits, number};

const REASONS: [Reason; 8] = [
    Reason::Founded,
    Reason::Moving,
    Reason::Settled,
    Reason::Cancelled,
    Reason::Replaced,
    Reason::Primacy,
    Reason::Held,
    Reason::Recovered,
];

fn name() -> impl Strategy<Value = NodeName> {
    "[a-zA-Z0-9._-]{1,9}".prop_map(|name| NodeName::new(&name).unwrap())
}

fn member_called(name: NodeName) -> impl Strategy<Value = Member> {
    let tenure = select(&[Tenure::Member, Tenure::Joining, Tenure::Leaving][..]);
    let zone = option::of("[a-z0-9]{1,4}");
    (zone, any::<u32>(), number(), number(), ".{0,9}", tenure).prop_map(
        move |(zone, weight, id, vote, address, tenure)| Member {
            name: name.clone(),
            zone: zone.map(Into::into),
            weight,
            id: NodeId(id),
            vote: NodeId(vote),
            address: address.into(),
            tenure,
        },
    )
}

/// Any member.
pub fn member() -> BoxedStrategy<Member> {
    name().prop_flat_map(member_called).boxed()
}

/// Members in the order of their names.
fn members() -> impl Strategy<Value = Vec<Member>> {
    btree_map(name(), member(), 1..=limits().members_max).prop_map(|members| {
        let called = |(name, member)| Member { name, ..member };
        members.into_iter().map(called).collect()
    })
}

fn layout(partitions: Partitions, seats: Vec<Seat>) -> impl Strategy<Value = Layout> {
    let list = Just(seats.clone()).prop_shuffle();
    let lists = vec(list, partitions.count() as usize);
    (1..=16_u8, 1..=seats.len(), lists).prop_map(|(replicas, width, lists)| {
        let first = lists.into_iter().flat_map(|list| list.into_iter().take(width));
        Layout::new(replicas, width, first.collect())
    })
}

/// A strategy of placement, and a number of partitions that it takes.
fn placement() -> impl Strategy<Value = (Placement, Partitions)> {
    let any = (1..=9_u32).prop_map(|count| (Placement::Modulo, Partitions::any(count).unwrap()));
    let power = (select(&Placement::ALL[..]), 0..4_u32)
        .prop_map(|(strategy, log)| (strategy, Partitions::new(1 << log).unwrap()));
    prop_oneof![any, power]
}

type Seats = (Vec<Seat>, Vec<Seat>);

fn voters_and_deposed(mut seats: Vec<Seat>) -> impl Strategy<Value = Seats> {
    seats.sort_unstable();
    let all = seats.len();
    (subsequence(seats.clone(), 1..=all), subsequence(seats, 0..=all))
}

/// Any ring of a few members.
pub fn ring() -> BoxedStrategy<Ring> {
    let made_of = (members(), placement(), 1..=u32::MAX);
    let ring = made_of.prop_flat_map(|(members, (strategy, partitions), epoch)| {
        let seats: Vec<_> = members.iter().map(Member::seat).collect();
        let lists =
            (layout(partitions, seats.clone()), option::of(layout(partitions, seats.clone())));
        let since =
            vec((0..=epoch).prop_map(|since| Epoch(since.into())), partitions.count() as usize);
        let rest = (number(), 1..=16_u8, any::<bool>(), select(&REASONS[..]), number());
        (lists, voters_and_deposed(seats), since, rest).prop_map(
            move |((layout, target), (voters, deposed), since, rest)| {
                let (cluster, replicas, is_held, reason, decided_at) = rest;
                let parts = Parts {
                    cluster: ClusterId(cluster),
                    epoch: Epoch(epoch.into()),
                    strategy,
                    partitions,
                    replicas,
                    members: members.clone(),
                    voters,
                    deposed,
                    layout,
                    target,
                    since,
                    is_held,
                    reason,
                    decided_at: Wall(decided_at),
                };
                Ring::from_parts(parts).unwrap()
            },
        )
    });
    // Strategies are big, and all of a message would not go on the stack.
    ring.boxed()
}

fn seats() -> impl Strategy<Value = Vec<Seat>> {
    let seats = btree_map(any::<u64>().prop_map(Seat), Just(()), 0..=limits().members_max);
    seats.prop_map(|seats: BTreeMap<_, _>| seats.into_keys().collect())
}

/// What any node may say of itself.
pub fn standing() -> impl Strategy<Value = Standing> {
    let wants = select(&[Wants::Stay, Wants::Leave][..]);
    (any::<[u64; 2]>(), member(), wants, any::<[u32; 3]>(), number(), seats()).prop_map(
        |([cluster, epoch], member, wants, [wire, pending, strays], bytes, down)| {
            let (cluster, epoch) = (ClusterId(cluster), Epoch(epoch));
            Standing { cluster, epoch, member, wants, wire, pending, strays, bytes, down }
        },
    )
}

fn ballot() -> impl Strategy<Value = Ballot> {
    (number(), any::<u64>()).prop_map(|(round, seat)| Ballot { round, seat: Seat(seat) })
}

fn proposal() -> impl Strategy<Value = (Ballot, Arc<Ring>)> {
    (ballot(), ring().prop_map(Arc::new))
}

/// Any word about the next ring.
pub fn word() -> impl Strategy<Value = Word> {
    let epoch = || number().prop_map(Epoch);
    prop_oneof![
        (epoch(), ballot()).prop_map(|(epoch, ballot)| Word::Prepare { epoch, ballot }),
        (epoch(), ballot(), option::of(proposal()))
            .prop_map(|(epoch, ballot, accepted)| Word::Promise { epoch, ballot, accepted }),
        proposal().prop_map(|(ballot, ring)| Word::Accept { ballot, ring }),
        (epoch(), ballot()).prop_map(|(epoch, ballot)| Word::Accepted { epoch, ballot }),
        (epoch(), ballot()).prop_map(|(epoch, promised)| Word::Reject { epoch, promised }),
    ]
}

/// Whatever a voter may have to keep.
pub fn state() -> impl Strategy<Value = State> {
    (option::of(ring().prop_map(Arc::new)), ballot(), option::of(proposal()))
        .prop_map(|(ring, promised, accepted)| State { ring, promised, accepted })
}
