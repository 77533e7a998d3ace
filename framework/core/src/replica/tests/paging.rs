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
fn who_copies_because_it_is_blank_is_known_to_be() {
    let mut world = World::primary();
    let peer = world.ring.preference(PartitionId(0))[1];
    let partition = PartitionId(0);
    let mut copy = |node| {
        let request = Request::Copy { partition, after: None, until: None, digest: 0, node };
        let from = Origin::Peer(peer);
        let said = world.tell(In::Request { from, id: ID, epoch: Epoch(1), request });
        said.into_iter().find_map(|out| match out {
            Out::PeerIsBlank { peer, node } => Some((peer, node)),
            _ => None,
        })
    };
    assert_eq!(copy(Some(NodeId(3))), Some((peer, NodeId(3))));
    assert_eq!(copy(None), None);
}

/// Lets `asking` ask `source` for pages until it has them all. How many records came.
fn copy_all(asking: &mut World, source: &mut World) -> usize {
    let (mut after, mut came) = (None, 0);
    loop {
        let errand = Errand::Copy { after: after.clone(), node: None };
        let said = asking.tell(In::Errand { to: Seat(1), id: ID, errand });
        let Some(Out::Send { request, .. }) = said.into_iter().next() else { panic!() };
        let Response::Copied { records, upto, .. } = source.asked(request) else { panic!() };
        came += records.len();
        asking.tell(In::Merge { id: ID, records });
        assert!(upto.is_none() || upto > after, "it goes on");
        after = upto;
        if after.is_none() {
            return came;
        }
    }
}

#[test]
fn what_both_hold_alike_is_not_handed_over() {
    let (mut asking, mut source) = (filled(1_200), filled(1_200));
    assert_eq!(copy_all(&mut asking, &mut source), 0);
    assert_eq!(copy_all(&mut World::of(1, true), &mut source), 1_200);
    assert_eq!(copy_all(&mut World::of(1, true), &mut World::primary()), 0);
}

#[test]
fn only_pages_that_differ_are_handed_over() {
    let (mut asking, mut source) = (filled(2_000), filled(2_000));
    source.apply(vec![entry("000700", 2, 20)]);
    assert_eq!(copy_all(&mut asking, &mut source), PAGE_RECORDS_MAX);
    assert_eq!(asking.read("000700"), Some(2));
    assert_eq!(copy_all(&mut asking, &mut source), 0);
}

#[test]
fn what_one_has_before_after_and_between_the_others_records_is_found() {
    for missing in [0, 300, 511, 512, 1_199] {
        let mut asking = World::primary();
        let records = (0..1_200).filter(|at| *at != missing);
        asking.apply(records.map(|at| entry(&format!("{at:06}"), 1, 10)).collect());
        let mut source = filled(1_200);
        assert!(copy_all(&mut asking, &mut source) > 0);
        assert_eq!(asking.store.stats(), source.store.stats(), "{missing} was missing");
    }
}

#[test]
fn a_page_that_does_not_fit_is_cut_and_gone_on_with() {
    let mut asking = World::primary();
    asking.apply(vec![entry("000000", 1, 10), entry("999999", 1, 10)]);
    let mut source = filled(1_500);
    assert_eq!(copy_all(&mut asking, &mut source), 1_500);
    assert_eq!(asking.store.stats().records, 1_501);
}

#[test]
fn what_the_asking_replica_alone_has_costs_no_news() {
    let (mut asking, mut source) = (filled(10), filled(10));
    asking.apply(vec![entry("000005", 2, 20)]);
    copy_all(&mut asking, &mut source);
    assert_eq!(asking.read("000005"), Some(2));
}

#[test]
fn a_swept_record_is_no_difference() {
    let (mut one, mut other) = (World::primary(), World::primary());
    for world in [&mut one, &mut other] {
        world.apply(vec![expiring("k", 1, 10, 1_500)]);
    }
    one.pass(Duration::from_secs(1));
    assert_eq!(one.store.stats().tombstones, 1);
    assert_eq!(copy_all(&mut one, &mut other), 0);
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
