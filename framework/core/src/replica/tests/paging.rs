//! How a replica hands over what it holds.

use super::*;

fn filled(count: usize) -> World {
    let mut world = World::primary();
    let records = (0..count).map(|at| entry(&format!("{at:06}"), 1, 10));
    world.apply(records.collect());
    world
}

#[test]
fn a_partition_is_copied_page_by_page_each_record_once() {
    let mut world = filled(1_200);
    let (mut copied, mut after) = (0, None);
    loop {
        let (records, has_more, _) = world.copy(after);
        copied += records.len();
        if !has_more {
            break;
        }
        after = records.last().map(|entry| entry.key.clone());
    }
    assert_eq!(copied, 1_200);
}

#[test]
fn the_last_page_says_that_it_is_the_last() {
    let (records, has_more, _) = filled(PAGE_RECORDS_MAX).copy(None);
    assert_eq!((records.len(), has_more), (PAGE_RECORDS_MAX, false));
    let (records, has_more, _) = filled(PAGE_RECORDS_MAX + 1).copy(None);
    assert_eq!((records.len(), has_more), (PAGE_RECORDS_MAX, true));
}

#[test]
fn a_page_of_large_values_is_short() {
    let mut world = World::primary();
    let large = |at: u64| {
        let mut entry = entry(&format!("{at}"), 1, 10);
        entry.record.value = Some(Bytes::from(vec![0; PAGE_BYTES_MAX]));
        entry
    };
    world.apply((0..3).map(large).collect());
    let (records, has_more, _) = world.copy(None);
    assert_eq!((records.len(), has_more), (1, true));
}

#[test]
fn tombstones_are_copied_too() {
    let mut world = World::primary();
    world.run(&Note::Drop("k".into()), Some(10));
    assert_eq!(world.copy(None).0[0].record.value, None);
}

#[test]
fn a_blank_replica_says_that_its_pages_prove_nothing() {
    assert!(World::of(0, true).copy(None).2);
    assert!(!World::primary().copy(None).2);
}

#[test]
fn who_copies_is_known_to_be_blank() {
    let mut world = World::primary();
    let peer = world.ring.preference(PartitionId(0))[1];
    let request = Request::Copy { partition: PartitionId(0), after: None, node: Some(NodeId(3)) };
    let from = Origin::Peer(peer);
    let said = world.tell(In::Request { from, id: ID, epoch: Epoch(1), request });
    assert!(
        matches!(said[0], Out::PeerIsBlank { peer: seat, node: Some(NodeId(3)) } if seat == peer)
    );
}

#[test]
fn a_fetch_gives_what_is_held() {
    let mut world = filled(3);
    let keys = vec![table_key_of("000001"), table_key_of("none")];
    let answer = world.asked(Request::Fetch { partition: PartitionId(0), keys });
    assert_eq!(answer, Response::Fetched { records: vec![entry("000001", 1, 10)] });
}

#[test]
fn a_fetch_of_very_many_keys_gives_the_first_of_them() {
    let mut world = filled(600);
    let keys = (0..600).map(|at| table_key_of(&format!("{at:06}"))).collect();
    let answer = world.asked(Request::Fetch { partition: PartitionId(0), keys });
    let Response::Fetched { records } = answer else { panic!() };
    assert_eq!(records.len(), PAGE_RECORDS_MAX);
    assert_eq!(records[0].key, table_key_of("000000"));
}
