//! Claims about placement that one small cluster, or one stopwatch, can show.

use std::sync::Arc;

use crate::ring::report::{Load, Moves};
use crate::ring::tests::{members, ring_by, zoned};
use crate::ring::{Member, Ring, Strategy};

/// A ring of this strategy.
pub(super) fn ring(
    members: &[Member],
    partitions: u32,
    replicas: u8,
    previous: Option<&Ring>,
) -> Ring {
    ring_by(Strategy::Balanced, members, partitions, replicas, previous)
}

fn range(numbers: impl Iterator<Item = usize> + Clone) -> (usize, usize) {
    (numbers.clone().min().unwrap(), numbers.max().unwrap())
}

fn owned(ring: &Ring) -> (usize, usize) {
    range(ring.balance().iter().map(|load: &Load| load.owned))
}

fn led(ring: &Ring) -> (usize, usize) {
    range(ring.balance().iter().map(|load: &Load| load.led))
}

#[test]
fn equal_members_own_and_lead_as_evenly_as_whole_numbers_allow() {
    let ring = ring(&members(5), 256, 3, None);
    assert_eq!(owned(&ring), (153, 154));
    assert_eq!(led(&ring), (51, 52));
}

#[test]
fn a_member_of_twice_the_weight_owns_and_leads_twice_as_much() {
    let mut members = members(5);
    members[0].weight = 2;
    let loads = ring(&members, 256, 3, None).balance();
    assert_eq!((loads[0].owned, loads[0].led), (256, 85));
    assert_eq!(range(loads[1..].iter().map(|load| load.owned)), (128, 128));
    assert_eq!(range(loads[1..].iter().map(|load| load.led)), (42, 43));
}

#[test]
fn the_sixth_member_takes_a_sixth_and_nothing_else_moves() {
    let five = ring(&members(5), 256, 3, None);
    let six = ring(&members(6), 256, 3, Some(&five));
    assert_eq!(owned(&six), (128, 128));
    assert_eq!(six.moves(&five).gained, 128);
}

#[test]
fn only_what_a_leaving_member_owned_moves() {
    let six = ring(&members(6), 256, 3, None);
    let five = ring(&members(5), 256, 3, Some(&six));
    assert_eq!(five.moves(&six).gained, 128);
}

#[test]
fn with_fewer_owners_per_partition_nothing_is_copied() {
    let three = ring(&members(7), 256, 3, None);
    let two = ring(&members(7), 256, 2, Some(&three));
    assert_eq!(two.moves(&three).gained, 0);
    assert_eq!(owned(&two), (73, 74));
}

#[test]
fn owners_and_the_first_fallback_stand_in_distinct_zones() {
    let members = zoned(12, 4);
    let ring = ring(&members, 256, 3, None);
    for partition in ring.partitions().iter() {
        let zone = |seat| ring.member(seat).unwrap().zone.clone();
        let mut zones: Vec<_> =
            ring.preference(partition)[..4].iter().map(|&seat| zone(seat)).collect();
        zones.sort();
        zones.dedup();
        assert_eq!(zones.len(), 4);
    }
    assert_eq!(owned(&ring), (64, 64));
}

#[test]
fn the_only_member_of_a_zone_owns_all_when_zones_are_few_but_leads_no_more_than_others() {
    let mut members = zoned(9, 2);
    members.iter_mut().for_each(|member| member.zone = Some("big".into()));
    members[0].zone = Some("small".into());
    let ring = ring(&members, 256, 2, None);
    let loads = ring.balance();
    assert_eq!((loads[0].owned, loads[0].led), (256, 28));
    assert_eq!(range(loads[1..].iter().map(|load| load.owned)), (32, 32));
    assert_eq!(led(&ring), (28, 29));
}

#[test]
fn a_single_member_owns_everything_alone() {
    let ring = ring(&members(1), 16, 3, None);
    assert_eq!(owned(&ring), (16, 16));
    assert!(ring.partitions().iter().all(|partition| ring.preference(partition).len() == 1));
}

#[test]
fn another_number_of_partitions_starts_afresh() {
    let other = ring(&members(5), 64, 3, None);
    assert_eq!(ring(&members(5), 256, 3, Some(&other)), ring(&members(5), 256, 3, None));
}

#[test]
fn sixteen_owners_leave_no_place_for_fallbacks() {
    let ring = ring(&members(20), 64, 16, None);
    assert!(ring.partitions().iter().all(|partition| ring.preference(partition).len() == 16));
    assert_eq!(owned(&ring), (51, 52));
}

/// A change of this layout or of the hash moves data in every cluster there is.
#[test]
fn the_layout_is_the_same_in_every_build() {
    let mut members = zoned(40, 3);
    members[7].weight = 3;
    let first = ring(&members, 256, 3, None);
    members.remove(20);
    let second = ring(&members, 256, 3, Some(&first));
    assert_eq!(
        (first.parts.layout.fingerprint(), second.parts.layout.fingerprint()),
        (7_360_725_415_013_494_676, 10_814_367_792_300_840_024)
    );
}

/// Run with `cargo test --release -p peer-ring-core ring -- --ignored --nocapture`.
#[test]
#[ignore = "a stopwatch, not a claim"]
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a stopwatch reads time")]
fn a_thousand_members_and_4096_partitions_in_under_a_second() {
    for zones in [1_000, 3, 4, 7] {
        let mut members = zoned(1_001, zones);
        let timed = |what: &str, members: &[Member], previous: Option<&Ring>| {
            let start = std::time::Instant::now();
            let ring = ring(members, 4_096, 3, previous);
            let took = start.elapsed();
            let moves = previous.map_or(Moves::default(), |previous| ring.moves(previous));
            let (owned, led) = (owned(&ring), led(&ring));
            println!("{zones} zones, {what}: {took:?}, owned {owned:?}, led {led:?}, {moves:?}");
            assert!(took.as_secs() < 1 || cfg!(debug_assertions));
            ring
        };
        let first = timed("afresh", &members[..1_000], None);
        timed("the same", &members[..1_000], Some(&first));
        timed("one more", &members, Some(&first));
        timed("one less", &members[1..1_000], Some(&first));
        timed("a tenth less", &members[100..1_000], Some(&first));
        members.pop();
        members.iter_mut().step_by(2).for_each(|member| member.weight = 3);
        timed("half of them thrice as heavy", &members, Some(&first));
        let zone: Option<Arc<str>> = Some("elsewhere".into());
        members.iter_mut().step_by(3).for_each(|member| member.zone.clone_from(&zone));
        timed("and a third in one zone", &members, Some(&first));
    }
}
