//! What fails because the ring is changing waits, and what comes of it then.

use super::*;
use crate::app::Kind;

/// A write that two of three replicas refused.
fn refused_with(refusal: Refusal) -> World {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    for owner in [1, 2] {
        world.refuse(owner, refusal);
    }
    world
}

#[test]
fn a_write_refused_for_the_ring_is_sent_again_as_it_was() {
    for refusal in [Refusal::WrongEpoch, Refusal::Behind, Refusal::NotReady, Refusal::NotOwner] {
        let mut world = refused_with(refusal);
        let (first, stamp) = (world.last_to(1).0, world.stamp_to(1));
        assert_eq!((world.reply(), world.sent.len()), (None, 3));
        world.pass(millis(5));
        assert_eq!(world.asked(), [0, 1, 2, 0, 1, 2]);
        assert_eq!(world.stamp_to(1), stamp);
        assert_ne!(world.last_to(1).0, first);
        world.answer(1, written());
        world.answer(2, written());
        assert_eq!(world.reply(), Some(&Ok(Some(1))));
        assert_eq!(world.coordinator.counters().parked, 1);
    }
}

#[test]
fn a_write_refused_for_the_ring_goes_to_the_replicas_of_the_next_at_once() {
    let mut world = refused_with(Refusal::WrongEpoch);
    let stamp = world.stamp_to(0);
    world.begin_without(1);
    assert_eq!(world.asked(), [0, 1, 2, 0, 1, 2, 3]);
    assert_eq!(world.stamp_to(3), stamp);
    world.finish_move();
    world.refuse(2, Refusal::WrongEpoch);
    world.refuse(3, Refusal::WrongEpoch);
    // The ring is newer than what was refused, so there is nothing to wait for.
    let mut asked = world.asked().split_off(7);
    asked.sort_unstable();
    assert_eq!(asked, [0, 2, 3]);
    assert_eq!(world.stamp_to(3), stamp);
}

#[test]
fn a_node_that_owns_nothing_any_more_brings_its_write_to_an_end() {
    let mut world = World::at(1);
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.begin_without(1);
    world.finish_move();
    for owner in [0, 2] {
        world.refuse(owner, Refusal::WrongEpoch);
    }
    world.answer(0, Response::Superseded { by: version(1 << 60) });
    world.answer(2, Response::Superseded { by: version(1 << 60) });
    // It has no replica that could lead, so all get the second stamp.
    assert_eq!(world.led, None);
    assert!(world.stamp_to(3) > version(1 << 60));
    world.answer(2, written());
    world.answer(3, written());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn pauses_grow_and_begin_anew_with_another_ring() {
    let mut world = refused_with(Refusal::Behind);
    let retries = |world: &mut World| {
        let sent = world.sent.len();
        world.pass(millis(5));
        let is_retried = world.sent.len() > sent;
        if is_retried {
            world.refuse(1, Refusal::Behind);
            world.refuse(2, Refusal::Behind);
        }
        is_retried
    };
    let pauses = [true, false, true, false, false, false, true];
    assert_eq!(pauses.map(|_| retries(&mut world)), pauses);
    world.change_nothing();
    world.refuse(1, Refusal::Behind);
    world.refuse(2, Refusal::Behind);
    assert!(retries(&mut world));
    assert_eq!(world.coordinator.counters().parked, 1);
}

#[test]
fn a_parked_write_that_may_be_kept_says_so_at_its_deadline() {
    for (refusal, may_have_happened) in [(Refusal::Behind, true), (Refusal::NotOwner, false)] {
        let mut world = World::primary();
        world.ask(Plan::quorum(3, 2), &set("k", 1));
        for owner in [0, 1, 2] {
            // The first two are enough, and then nobody is waited for.
            world.refuse(owner, refusal);
        }
        world.pass(millis(5));
        for owner in [0, 1] {
            world.refuse(owner, refusal);
        }
        world.pass(Duration::from_secs(1));
        let failure = world.reply().unwrap().as_ref().unwrap_err();
        assert_eq!(failure.code(), "quorum_not_met");
        assert!(failure.may_have_happened(), "the third was asked and has not said anything");
        let mut world = World::primary();
        world.ask(Plan::quorum(3, 1), &set("k", 1));
        for owner in [0, 1, 2] {
            world.refuse(owner, refusal);
        }
        world.pass(Duration::from_secs(1));
        let failure = Failure::QuorumNotMet { acked: 0, wanted: 1, may_have_happened };
        assert_eq!(world.reply(), Some(&Err(failure)));
    }
}

#[test]
fn what_fails_with_replicas_that_are_down_is_not_parked() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.lose(1, false);
    world.refuse(2, Refusal::Blank);
    assert_eq!(world.reply(), Some(&not_met(0, true)));
    world.replies.clear();
    world.ask(Plan::read(3, 3), &get("k"));
    world.refuse(0, Refusal::WrongEpoch);
    world.replies.clear();
    world.ask(Plan::read(3, 3), &get("k"));
    world.lose(1, false);
    assert_eq!(world.replies.len(), 1);
}

#[test]
fn a_read_refused_for_the_ring_begins_again() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.refuse(1, Refusal::WrongEpoch);
    world.refuse(2, Refusal::Behind);
    assert_eq!((world.reply(), world.asked()), (None, vec![0, 1, 2]));
    world.pass(millis(5));
    assert_eq!(world.asked().len(), 5);
    world.answer(0, executed(5, 10));
    world.answer(1, executed(5, 10));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn a_read_asks_nobody_under_another_layout_than_it_began_in() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 10));
    let old = world.last_to(1).0;
    world.begin_without(1);
    // What it has heard counts no more; it asks both that are in both layouts.
    assert_eq!(world.asked(), [0, 1, 0, 2]);
    world.tell(In::Answer { from: world.owner(1), id: old, response: executed(5, 10) });
    world.answer(0, executed(5, 10));
    assert_eq!(world.reply(), None);
    world.answer(2, executed(5, 10));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
    assert_eq!(world.coordinator.counters().parked, 0);
}

#[test]
fn a_repair_refused_for_the_ring_reads_again() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 20));
    world.answer(1, executed(4, 10));
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 20)] });
    world.refuse(1, Refusal::WrongEpoch);
    assert_eq!(world.reply(), None);
    world.begin_without(1);
    world.answer(0, executed(5, 20));
    world.answer(2, executed(5, 20));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn a_ring_that_leaves_the_partition_as_it_is_disturbs_no_read() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.change_nothing();
    assert_eq!(world.asked(), [0, 1]);
}

#[test]
fn the_second_stamp_of_a_write_is_sent_again_as_it_was_led() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    for owner in [1, 2] {
        world.answer(owner, Response::Superseded { by: version(1 << 60) });
    }
    world.has_led(vec![entry("k", 1, 1 << 61)]);
    world.refuse(1, Refusal::WrongEpoch);
    world.refuse(2, Refusal::WrongEpoch);
    world.depose(&[0]);
    let Request::Apply { records, as_primary: false, .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(*records, [entry("k", 1, 1 << 61)]);
    world.answer(1, Response::Applied);
    world.answer(2, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_peers_read_that_is_no_longer_this_nodes_goes_back_to_the_peer() {
    let mut world = World::at(1);
    world.ask_from(3, Plan::read(3, 2), &get("k"));
    world.begin_without(1);
    world.finish_move();
    assert_eq!(world.responses, [Response::Refused(Refusal::NotOwner)]);
    assert_eq!((world.coordinator.inflight(), world.coordinator.clients.len()), (0, 0));
}

#[test]
fn a_write_of_all_that_somebody_may_have_taken_before_does_not_take_effect_again() {
    let mut world = World::primary();
    world.ask(Plan::new(Kind::Write, 3, Need::All), &set("k", 1));
    world.answer(0, written());
    world.refuse(1, Refusal::WrongEpoch);
    world.begin_without(1);
    // The target has not heard yet of what was acknowledged in the layout of that stamp.
    for owner in [0, 1, 2] {
        world.answer(owner, Response::Superseded { by: version(1 << 60) });
    }
    world.answer(3, written());
    let failure = world.reply().unwrap().as_ref().unwrap_err();
    assert!(failure.may_have_happened());
    assert_eq!(world.led, None);
}

#[test]
fn a_write_that_met_one_of_a_later_layout_waits_for_it() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    let by = Version { epoch: world.known.epoch().next(), ..version(5) };
    world.answer(0, Response::Superseded { by });
    world.answer(1, Response::Superseded { by });
    assert_eq!((world.led, world.reply()), (None, None));
    world.begin_without(1);
    for owner in [0, 1] {
        world.answer(owner, Response::Superseded { by });
    }
    assert_eq!(world.led, None);
    world.answer(3, Response::Superseded { by });
    assert!(world.led.unwrap().1 > by);
}

#[test]
fn what_is_parked_takes_its_room_and_can_be_taken_back() {
    let mut world = refused_with(Refusal::Behind);
    assert_eq!(world.coordinator.inflight(), 1);
    assert!(world.coordinator.bytes > 0);
    world.abandon();
    assert_eq!((world.coordinator.inflight(), world.coordinator.bytes), (0, 0));
    world.pass(millis(5));
    assert_eq!((world.asked().len(), world.reply()), (3, None));
}

#[test]
fn what_is_parked_is_known_for_that_until_it_is_tried_again() {
    let mut world = refused_with(Refusal::WrongEpoch);
    let counted = |world: &World| (world.coordinator.inflight(), world.coordinator.parked());
    assert_eq!(counted(&world), (1, 1));
    world.pass(millis(5));
    assert_eq!(counted(&world), (1, 0));
    world.refuse(1, Refusal::Behind);
    world.refuse(2, Refusal::Behind);
    assert_eq!(counted(&world), (1, 1));
    world.pass(Duration::from_secs(2));
    assert_eq!(counted(&world), (0, 0));
}

/// A write that one replica took and that two others hold something newer than, which the owner
/// `1` leads, finds that there is nothing to be written by now, and is no owner any more.
fn written_in_vain(client: impl FnOnce(&mut World)) -> World {
    let mut world = World::at(1);
    client(&mut world);
    world.answer(0, written());
    world.answer(1, Response::Superseded { by: version(9) });
    world.answer(2, Response::Superseded { by: version(9) });
    let (id, _) = world.led.expect("it leads");
    world.begin_without(1);
    world.finish_move();
    let led = Led { reply: encode(&None::<u64>), records: vec![], read: vec![], latest: Stamp(9) };
    world.tell(In::Led { id, outcome: Ok(led) });
    world
}

#[test]
fn what_one_replica_took_may_have_happened_though_another_node_then_refuses() {
    let mut world = written_in_vain(|world| world.ask(Plan::quorum(3, 2), &set("k", 1)));
    let (to, id, _) = world.sent.last().cloned().expect("it was forwarded");
    let response = Response::Forwarded(Err(Failure::Overloaded));
    world.tell(In::Answer { from: to, id, response });
    let failure = world.reply().unwrap().clone().unwrap_err();
    assert!(failure.may_have_happened(), "{failure:?}");
}

#[test]
fn what_one_replica_took_is_not_refused_as_if_nothing_had_happened() {
    let ask = sample::ask(Plan::quorum(3, 2), &set("k", 1));
    let world = written_in_vain(|world| {
        let from = world.owner(3);
        world.tell(In::Forwarded { from, id: RequestId(256), ask });
    });
    let [Response::Forwarded(Err(failure))] = &world.responses[..] else {
        panic!("{:?}", world.responses);
    };
    assert!(failure.may_have_happened(), "{failure:?}");
}
