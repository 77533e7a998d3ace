//! What stands when two records of one key meet, and what becomes of those that have expired.

use super::*;

#[test]
fn a_newer_record_replaces_an_older_one_in_whatever_order_they_come() {
    let mut world = World::primary();
    world.apply(vec![entry("k", 2, 20)]);
    world.apply(vec![entry("k", 1, 10)]);
    assert_eq!(world.read("k"), Some(2));
}

#[test]
fn of_equal_stamps_the_greater_node_id_wins() {
    let by = |node, value| {
        let mut entry = entry("k", value, 10);
        entry.record.freshness.version.node = NodeId(node);
        entry
    };
    for order in [[by(1, 1), by(2, 2)], [by(2, 2), by(1, 1)]] {
        let mut world = World::primary();
        world.apply(order.to_vec());
        assert_eq!(world.read("k"), Some(2));
    }
}

#[test]
fn a_tombstone_wins_over_what_is_older_and_loses_to_what_is_newer() {
    let mut world = World::primary();
    world.run(&Note::Drop("k".into()), Some(20));
    world.apply(vec![entry("k", 1, 10)]);
    assert_eq!(world.read("k"), None);
    world.apply(vec![entry("k", 3, 30)]);
    assert_eq!(world.read("k"), Some(3));
}

#[test]
fn a_superseded_command_leaves_no_trace() {
    let mut world = World::primary();
    world.apply(vec![entry("k", 2, 20)]);
    let answer = world.run(&set("k", 1), Some(10));
    assert_eq!(answer, Response::Superseded { by: version(20) });
    assert_eq!(world.read("k"), Some(2));
}

#[test]
fn a_command_delivered_twice_stands_once() {
    let mut world = World::primary();
    world.run(&set("k", 1), Some(10));
    assert!(matches!(world.run(&set("k", 1), Some(10)), Response::Executed { .. }));
    assert_eq!(world.store.stats().records, 1);
}

#[test]
fn an_expired_record_is_not_served() {
    let mut world = World::primary();
    world.apply(vec![expiring("k", 1, 10, 1_500)]);
    assert_eq!(world.read("k"), Some(1));
    world.now.wall = Wall(1_500);
    assert_eq!(world.read("k"), None);
}

#[test]
fn an_expired_record_is_swept_into_a_tombstone_of_the_same_freshness() {
    let mut world = World::primary();
    world.apply(vec![expiring("k", 1, 10, 1_500)]);
    world.pass(Duration::from_secs(1));
    let held = world.store.table().get(&table_key_of("k")).unwrap();
    assert_eq!(held.freshness, Freshness { expires: 1_500, ..freshness(10) });
    assert_eq!(held.value, None);
    assert_eq!(world.store.deadline(), None);
}

#[test]
fn what_was_swept_is_not_brought_back_by_another_copy_of_it() {
    let mut world = World::primary();
    let record = expiring("k", 1, 10, 1_500);
    world.apply(vec![record.clone()]);
    world.pass(Duration::from_secs(1));
    world.apply(vec![record]);
    assert_eq!(world.store.stats().tombstones, 1);
}

#[test]
fn a_sweep_waits_for_nothing_but_its_time_however_busy_the_replica_is() {
    let mut world = World::primary();
    world.apply(vec![expiring("k", 1, 10, 1_001)]);
    let due = world.store.deadline().unwrap();
    world.now.tick = due + Duration::from_millis(1);
    world.now.wall = Wall(2_000);
    world.read("k");
    assert_eq!(world.store.deadline(), Some(due));
}

#[test]
fn a_table_longer_than_one_sweep_is_swept_bit_by_bit() {
    let mut world = World::primary();
    let records = (0..600).map(|at| expiring(&format!("{at}"), 1, 10, 1_001));
    world.apply(records.collect());
    for swept in [256, 512, 600] {
        world.pass(SWEEP_PAUSE);
        assert_eq!(world.store.stats().tombstones, swept);
    }
}

#[test]
fn what_has_not_expired_is_not_swept() {
    let mut world = World::primary();
    world.apply(vec![entry("for ever", 1, 10), expiring("later", 1, 10, u64::MAX)]);
    world.pass(SWEEP_PAUSE);
    assert_eq!(world.store.stats().records, 2);
}
