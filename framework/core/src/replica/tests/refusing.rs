//! What a replica does not do, and what a blank one keeps all the same.

use super::*;

#[test]
fn nothing_is_done_before_there_is_a_ring() {
    let world = World::primary();
    let mut world = World::new(world.store.seat, NodeId::default(), world.ring);
    assert_eq!(world.run(&get("k"), None), refused(Refusal::NotReady));
}

#[test]
fn a_node_that_does_not_own_the_partition_says_so() {
    assert_eq!(World::of(3, false).run(&get("k"), None), refused(Refusal::NotOwner));
}

#[test]
fn an_app_that_does_not_run_here_is_unknown() {
    let mut world = World::primary();
    let Request::Execute(mut execute) = execute(&get("k"), None) else { panic!() };
    execute.app = AppId(1);
    assert_eq!(world.asked(Request::Execute(execute)), refused(Refusal::UnknownApp));
}

#[test]
fn a_command_that_is_none_is_refused() {
    let mut world = World::primary();
    let Request::Execute(mut execute) = execute(&get("k"), None) else { panic!() };
    execute.command = Bytes::from_static(b"\xff\xff");
    assert_eq!(world.asked(Request::Execute(execute)), refused(Refusal::BadCommand));
}

#[test]
fn a_command_that_writes_where_it_may_only_read_is_refused_and_writes_nothing() {
    let mut world = World::primary();
    assert_eq!(world.run(&set("k", 1), None), refused(Refusal::BadCommand));
    assert_eq!(world.store.stats(), TableStats::default());
}

#[test]
fn a_stamp_that_nobody_could_get_past_is_refused() {
    let mut world = World::primary();
    let at_limit = Stamp::LIMIT.0;
    assert_eq!(world.run(&set("k", 1), Some(at_limit)), refused(Refusal::BadCommand));
    assert_eq!(world.apply(vec![entry("k", 1, u64::MAX)]), refused(Refusal::BadCommand));
    let records = vec![entry("k", 1, u64::MAX)];
    let said = world.tell(In::Merge { id: ID, records });
    assert!(matches!(said[..], [Out::Merged { id: ID, news: 0 }]));
    assert_eq!(world.store.stats(), TableStats::default());
}

#[test]
fn records_of_a_deposed_primary_are_refused() {
    let mut world = World::of(1, false);
    let records = vec![entry("k", 1, 10)];
    let apply = Request::Apply { partition: PartitionId(0), records, as_primary: true };
    assert_eq!(world.asked_by(2, apply.clone()), refused(Refusal::NotPrimary));
    assert_eq!(world.read("k"), None);
    assert_eq!(world.asked_by(0, apply), Response::Applied);
}

#[test]
fn a_blank_replica_keeps_writes_and_does_not_count() {
    let mut world = World::of(1, true);
    assert_eq!(world.run(&set("k", 1), Some(10)), refused(Refusal::Blank));
    assert_eq!(world.apply(vec![entry("l", 2, 10)]), refused(Refusal::Blank));
    assert_eq!(world.run(&get("k"), None), refused(Refusal::Blank));
    world.tell(In::Trusted);
    assert_eq!((world.read("k"), world.read("l")), (Some(1), Some(2)));
}

#[test]
fn a_blank_replica_is_no_source_of_repairs() {
    let mut world = World::of(1, true);
    let fetch = Request::Fetch { partition: PartitionId(0), keys: vec![table_key_of("k")] };
    assert_eq!(world.asked(fetch), refused(Refusal::Blank));
}

#[test]
fn a_blank_primary_leads_nothing() {
    assert_eq!(World::of(0, true).lead(&set("k", 1), 10).unwrap_err(), Refusal::Blank);
}
