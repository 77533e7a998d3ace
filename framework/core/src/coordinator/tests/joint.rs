//! Commands while the partition moves from the owners 0, 1 and 2 to 0, 2 and 3.

use super::*;

/// On the primary, and on the way from the owner 1 to the node 3.
fn moving() -> World {
    let mut world = World::primary();
    world.begin_without(1);
    let targets = world.known.targets(PartitionId(0), 3).expect("it moves");
    assert!([0, 2, 3].iter().all(|index| targets.contains(&world.owner(*index))));
    world
}

#[test]
fn a_write_goes_to_owners_and_targets_and_waits_for_a_quorum_of_each() {
    let mut world = moving();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.asked(), [0, 1, 2, 3]);
    world.answer(0, written());
    world.answer(1, written());
    assert_eq!(world.reply(), None);
    world.answer(3, written());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_write_without_a_quorum_of_the_targets_fails() {
    let mut world = moving();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(0, written());
    world.answer(1, written());
    world.lose(2, false);
    assert_eq!(world.reply(), None);
    world.lose(3, false);
    assert_eq!(world.reply(), Some(&not_met(1, true)));
}

#[test]
fn a_read_asks_the_fewest_that_are_a_quorum_of_each() {
    let mut world = moving();
    // The fastest is in one layout only.
    world.coordinator.sample(world.owner(1), millis(1));
    world.coordinator.sample(world.owner(2), millis(9));
    world.ask(Plan::read(3, 2), &get("k"));
    assert_eq!(world.asked(), [0, 2]);
    world.answer(0, executed(5, 10));
    world.answer(2, executed(5, 10));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn a_read_passes_over_a_replica_in_both_that_is_down() {
    let mut world = moving();
    world.set_down(&[2]);
    world.ask(Plan::read(3, 2), &get("k"));
    let mut asked = world.asked();
    asked.sort_unstable();
    assert_eq!(asked, [0, 1, 3]);
}

#[test]
fn a_refusal_is_made_up_for_in_each_layout_that_it_was_wanted_in() {
    let mut world = moving();
    world.ask(Plan::read(3, 2), &get("k"));
    world.refuse(2, Refusal::Blank);
    let mut asked = world.asked();
    asked.sort_unstable();
    assert_eq!(asked, [0, 1, 2, 3]);
    world.answer(0, executed(5, 10));
    world.answer(1, executed(5, 10));
    assert_eq!(world.reply(), None);
    world.answer(3, executed(5, 10));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn a_late_replica_is_helped_out_in_the_layout_that_lacks_it_only() {
    let mut world = moving();
    world.set_down(&[2]);
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 10));
    world.answer(1, executed(5, 10));
    world.pass(world.coordinator.settings.hedge_after_max);
    // The owners have answered; among the targets only this one is left.
    assert_eq!(world.asked().last(), Some(&2));
    assert_eq!(world.asked().len(), 4);
}

#[test]
fn what_a_target_lacks_it_gets_before_the_reader_is_answered() {
    let mut world = moving();
    world.set_down(&[2]);
    world.ask(Plan::read(3, 2), &get("k"));
    let nothing = Response::Executed { reply: encode(&None::<u64>), seen: Bytes::new() };
    world.answer(3, nothing);
    world.answer(0, executed(5, 10));
    world.answer(1, executed(5, 10));
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 10)] });
    assert!(matches!(world.last_to(3).1, Request::Apply { .. }));
    assert_eq!(world.reply(), None);
    world.answer(3, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn a_read_does_not_need_a_stale_replica_when_each_layout_has_a_fresh_quorum() {
    let mut world = moving();
    world.ask(Plan::read(3, 2), &get("k"));
    world.refuse(2, Refusal::Blank);
    world.answer(0, executed(5, 20));
    world.answer(3, executed(5, 20));
    world.answer(1, executed(4, 10));
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 20)] });
    // Among the owners, nobody else can be the second.
    world.lose(1, false);
    assert_eq!(world.reply(), Some(&not_met(1, false)));
}

#[test]
fn a_target_that_read_something_fresh_and_lacks_something_old_does_not_reply() {
    let mut world = moving();
    world.set_down(&[2]);
    world.ask(Plan::read(3, 2), &get("k"));
    let read = |value: u64, keys: &[(&str, u64)]| {
        let mut list = bytes::BytesMut::new();
        for (key, stamp) in keys {
            seen::note(&mut list, &table_key_of(key), freshness(*stamp));
        }
        Response::Executed { reply: encode(&Some(value)), seen: list.freeze() }
    };
    world.answer(3, read(1, &[("k", 20)]));
    world.answer(0, read(2, &[("k", 20), ("l", 10)]));
    world.answer(1, read(2, &[("k", 20), ("l", 10)]));
    world.answer(0, Response::Fetched { records: vec![entry("l", 2, 10)] });
    world.answer(3, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(2))));
}

#[test]
fn what_the_primary_wrote_goes_to_targets_too_and_waits_for_a_quorum_of_each() {
    let mut world = moving();
    world.ask(Plan::owner(3, 2), &Note::Add("k".into(), 1));
    world.has_led(vec![entry("k", 1, 10)]);
    assert_eq!(world.asked(), [1, 2, 3]);
    world.answer(1, Response::Applied);
    assert_eq!(world.reply(), None);
    world.answer(3, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_write_of_all_in_its_own_layout_takes_a_target_as_a_witness() {
    let mut world = moving();
    world.ask(Plan::new(crate::app::Kind::Write, 3, Need::All), &set("k", 1));
    let by = Version { epoch: world.known.since(PartitionId(0)), ..version(1 << 60) };
    for owner in [0, 1, 2] {
        world.answer(owner, Response::Superseded { by });
    }
    world.answer(3, written());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_target_does_not_coordinate_yet() {
    let mut world = World::at(3);
    world.begin_without(1);
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    assert!(matches!(world.sent[0].2, Request::Forward { .. }));
    world.ask_from(1, Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.responses, [Response::Refused(Refusal::NotOwner)]);
}

#[test]
fn a_quorum_larger_than_the_targets_is_refused_at_once() {
    let mut world = World::on(sample::ring(&["a", "b", "c"]), 0, Settings::default());
    world.begin_without(1);
    world.ask(Plan::quorum(3, 3), &set("k", 1));
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 3, may_have_happened: false };
    assert_eq!(world.reply(), Some(&Err(failure)));
    assert!(world.sent.is_empty());
}

#[test]
fn what_is_written_bears_the_epoch_of_its_layout() {
    let mut world = moving();
    world.change_nothing();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    let since = world.known.since(PartitionId(0));
    assert_eq!(world.stamp_to(0).epoch, since);
    assert!(since < world.known.epoch());
}
