//! Claims about rings of every strategy that one small cluster can show.

use std::collections::BTreeSet;

use super::*;
use crate::actor::Wall;
use crate::id::NodeName;
use crate::ring::report::Crowding;

/// `n0`, `n1` and so on, without zones, of weight 1.
pub(super) fn members(count: usize) -> Vec<Member> {
    (0..count).map(|i| Member::new(NodeName::new(&format!("n{i}")).unwrap())).collect()
}

/// The same, dealt to zones in turn.
pub(super) fn zoned(count: usize, zones: usize) -> Vec<Member> {
    let mut members = members(count);
    for (i, member) in members.iter_mut().enumerate() {
        member.zone = Some(format!("z{}", i % zones).into());
    }
    members
}

/// A ring of any strategy.
pub(super) fn ring_by(
    strategy: Strategy,
    members: &[Member],
    partitions: u32,
    replicas: u8,
    previous: Option<&Ring>,
) -> Ring {
    let (epoch, partitions) = (Epoch(1), Partitions::any(partitions).unwrap());
    let members = members.to_vec();
    Ring::build(Blueprint { epoch, strategy, partitions, replicas, members }, previous).unwrap()
}

fn blueprint(names: &[&str]) -> Blueprint {
    let member = |name: &&str| Member::new(NodeName::new(name).unwrap());
    Blueprint {
        epoch: Epoch(1),
        strategy: Strategy::default(),
        partitions: Partitions::default(),
        replicas: 3,
        members: names.iter().map(member).collect(),
    }
}

#[test]
fn the_order_in_which_members_were_seen_does_not_matter() {
    let one = Ring::build(blueprint(&["a", "b", "c"]), None).unwrap();
    let other = Ring::build(blueprint(&["c", "a", "b"]), None).unwrap();
    assert_eq!(one, other);
    assert_eq!(one.fingerprint(), other.fingerprint());
}

#[test]
fn a_preference_list_never_names_a_seat_twice() {
    let ring = Ring::build(blueprint(&["a", "b", "c", "d", "e"]), None).unwrap();
    for partition in ring.partitions().iter() {
        let mut list = ring.preference(partition).to_vec();
        list.sort();
        list.dedup();
        assert_eq!(list.len(), 5);
    }
}

#[test]
fn impossible_blueprints_are_refused() {
    assert_eq!(Ring::build(blueprint(&[]), None).unwrap_err(), RingError::NoOwners);
    let name = NodeName::new("a").unwrap();
    let twice = Ring::build(blueprint(&["a", "b", "a"]), None).unwrap_err();
    assert_eq!(twice, RingError::DuplicateName { name });
    let none = Blueprint { replicas: 0, ..blueprint(&["a"]) };
    assert_eq!(Ring::build(none, None).unwrap_err(), RingError::Replicas { replicas: 0 });
}

#[test]
fn rings_of_two_strategies_never_have_one_fingerprint() {
    // With one member there is one way to place anything.
    let rings = Strategy::ALL.map(|strategy| ring_by(strategy, &members(1), 8, 1, None));
    let fingerprints: BTreeSet<_> = rings.iter().map(Ring::fingerprint).collect();
    assert_eq!(fingerprints.len(), Strategy::ALL.len());
    assert!(rings.iter().all(|ring| ring.parts.layout == rings[0].parts.layout));
}

#[test]
fn a_full_ring_has_as_many_owners_as_members_and_refuses_a_seventeenth() {
    let mut members = members(17);
    members[3].weight = 0;
    let ring = ring_by(Strategy::Full, &members, 8, 3, None);
    assert_eq!(ring.replicas(), 16);
    assert!(
        ring.balance()
            .iter()
            .all(|load| load.owned == if load.name.as_str() == "n3" { 0 } else { 8 })
    );
    members[3].weight = 1;
    let blueprint = Blueprint { strategy: Strategy::Full, members, ..blueprint(&[]) };
    let error = Ring::build(blueprint, None).unwrap_err();
    assert_eq!(error, RingError::TooManyForFull { members: 17 });
}

#[test]
fn only_shards_may_be_any_number() {
    for strategy in Strategy::ALL {
        let partitions = Partitions::any(12).unwrap();
        let result = Ring::build(Blueprint { strategy, partitions, ..blueprint(&["a"]) }, None);
        match strategy {
            Strategy::Modulo => assert_eq!(result.unwrap().partitions().count(), 12),
            Strategy::Balanced | Strategy::Tokens | Strategy::Rendezvous | Strategy::Full => {
                let error = RingError::NotAPowerOfTwo { partitions: 12, strategy };
                assert_eq!(result.unwrap_err(), error);
            }
        }
    }
}

#[test]
fn as_many_members_as_shards_times_owners_have_one_shard_each() {
    let mut members = members(6);
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let ring = ring_by(Strategy::Modulo, &members, 3, 2, None);
    for (i, member) in members.iter().enumerate() {
        let owned: Vec<_> = ring.owned_by(member.name.seat()).collect();
        assert_eq!(owned, [PartitionId(u16::try_from(i % 3).unwrap())]);
    }
}

#[test]
fn a_zone_with_two_owners_of_a_partition_is_reported() {
    for strategy in Strategy::ALL {
        if strategy == Strategy::Full {
            continue;
        }
        let crowding = |members: &[Member]| ring_by(strategy, members, 8, 3, None).crowding();
        assert_eq!(crowding(&members(4)), Crowding::default());
        assert_eq!(crowding(&zoned(8, 4)), Crowding::default());
        assert_eq!(crowding(&zoned(6, 3)), Crowding { owners: 0, fallbacks: 8 });
        assert_eq!(crowding(&zoned(6, 2)), Crowding { owners: 8, fallbacks: 8 });
        assert_eq!(crowding(&zoned(3, 2)), Crowding { owners: 8, fallbacks: 0 });
    }
}

/// Six members in three zones, one of them twice as heavy, one a gateway: who owns each partition,
/// and the first fallback, each by the digit of its name.
fn recorded(strategy: Strategy) -> String {
    let mut members = zoned(7, 3);
    members[1].weight = 2;
    members[4].weight = 0;
    let partitions = if strategy.takes_any_number_of_partitions() { 7 } else { 8 };
    let ring = ring_by(strategy, &members, partitions, 2, None);
    let list = |partition| {
        let digit = |seat: &Seat| ring.member(*seat).unwrap().name.as_str()[1..].to_owned();
        ring.owners(partition, 3).iter().map(digit).collect::<String>()
    };
    ring.partitions().iter().map(list).collect::<Vec<_>>().join(" ")
}

/// A change of any of these moves data in every cluster there is.
#[test]
fn every_strategy_places_as_it_always_did() {
    let placed = Strategy::ALL.map(|strategy| format!("{strategy}: {}", recorded(strategy)));
    assert_eq!(
        placed,
        [
            "balanced: 123 315 231 015 162 102 651 561",
            "tokens: 051 150 321 516 012 312 021 165",
            "rendezvous: 213 315 231 105 132 120 231 531",
            "modulo: 102 012 231 321 561 651 102",
            "full: 213 316 253 103 132 120 253 523",
        ]
    );
}

/// Run with `cargo test --release -p peer-ring-core ring -- --ignored --nocapture`.
#[test]
#[ignore = "a stopwatch, not a claim"]
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a stopwatch reads time")]
fn a_thousand_members_and_4096_partitions_in_under_a_second_by_any_strategy() {
    for strategy in [Strategy::Balanced, Strategy::Tokens, Strategy::Rendezvous, Strategy::Modulo] {
        for zones in [1_000, 3] {
            let members = zoned(1_001, zones);
            let timed = |what: &str, members: &[Member], previous: Option<&Ring>| {
                let start = std::time::Instant::now();
                let ring = ring_by(strategy, members, 4_096, 3, previous);
                let took = start.elapsed();
                let owned: Vec<_> = ring.balance().iter().map(|load| load.owned).collect();
                let (least, most) = (owned.iter().min().unwrap(), owned.iter().max().unwrap());
                let moves = previous.map(|previous| ring.moves(previous).gained);
                println!(
                    "{strategy}, {zones} zones, {what}: {took:?}, owned {least} to {most}, moves \
                     {moves:?}"
                );
                assert!(took.as_secs() < 1 || cfg!(debug_assertions));
                ring
            };
            let first = timed("afresh", &members[..1_000], None);
            timed("one more", &members, Some(&first));
            timed("one less", &members[1..1_000], Some(&first));
            let start = std::time::Instant::now();
            let moving = first.begin(Wall(0), members.clone()).unwrap();
            let begun = start.elapsed();
            let settled = moving.settle(Wall(0));
            println!("{strategy}, {zones} zones: begun {begun:?}, settled {:?}", start.elapsed());
            assert_eq!(settled.members().len(), 1_001);
        }
    }
}
