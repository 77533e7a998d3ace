use super::*;

#[test]
fn a_write_is_acknowledged_when_its_quorum_holds_it() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(0, written());
    assert_eq!(world.reply(), None);
    world.answer(2, written());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_write_goes_to_all_replicas_though_one_is_enough() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    assert_eq!(world.asked(), [0, 1, 2]);
}

#[test]
fn an_acknowledgement_delivered_twice_counts_once() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(1, written());
    world.answer(1, written());
    assert_eq!(world.reply(), None);
}

#[test]
fn gives_up_as_soon_as_the_quorum_is_out_of_reach() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.refuse(1, Refusal::Overloaded);
    assert_eq!(world.reply(), None);
    world.refuse(2, Refusal::Overloaded);
    // The third has not answered, and may have written.
    assert_eq!(world.reply(), Some(&not_met(0, true)));
}

#[test]
fn with_two_of_three_nodes_down_a_write_has_one_of_two() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(0, written());
    world.lose(1, false);
    world.lose(2, false);
    assert_eq!(world.reply(), Some(&not_met(1, true)));
}

#[test]
fn a_write_that_reached_nobody_has_not_happened() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    world.refuse(0, Refusal::Overloaded);
    world.lose(1, false);
    world.lose(2, false);
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 1, may_have_happened: false };
    assert_eq!(world.reply(), Some(&Err(failure)));
}

#[test]
fn a_write_that_may_have_reached_somebody_may_have_happened() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    world.refuse(0, Refusal::Overloaded);
    world.lose(1, true);
    world.lose(2, false);
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 1, may_have_happened: true };
    assert_eq!(world.reply(), Some(&Err(failure)));
}

#[test]
fn a_write_that_a_blank_replica_keeps_may_have_happened() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    world.refuse(0, Refusal::Blank);
    world.refuse(1, Refusal::Overloaded);
    world.refuse(2, Refusal::Overloaded);
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 1, may_have_happened: true };
    assert_eq!(world.reply(), Some(&Err(failure)));
}

#[test]
fn a_write_that_is_not_answered_in_time_may_have_happened() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(0, written());
    world.pass(millis(999));
    assert_eq!(world.reply(), None);
    world.pass(millis(1));
    let failure = Failure::TimedOut { acked: 1, wanted: 2, may_have_happened: true };
    assert_eq!(world.reply(), Some(&Err(failure)));
    assert_eq!(world.coordinator.inflight(), 0);
}

#[test]
fn a_quorum_larger_than_the_cluster_is_refused_at_once() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 4), &set("k", 1));
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 4, may_have_happened: false };
    assert_eq!(world.reply(), Some(&Err(failure)));
    assert!(world.sent.is_empty());
}

#[test]
fn a_plan_for_no_replicas_at_all_is_refused() {
    for need in [Need::Majority, Need::All, Need::exactly(1)] {
        let mut world = World::primary();
        let plan = Plan { n: 0, need, ..Plan::quorum(3, 2) };
        world.ask(plan, &set("k", 1));
        assert!(matches!(world.reply(), Some(Err(Failure::QuorumNotMet { .. }))));
    }
}

#[test]
fn a_command_that_all_replicas_call_bad_is_bad() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    for owner in [0, 1, 2] {
        world.refuse(owner, Refusal::BadCommand);
    }
    let failure = Failure::QuorumNotMet { acked: 0, wanted: 2, may_have_happened: true };
    // The third replica was not waited for, and may understand it.
    assert_eq!(world.reply(), Some(&Err(failure)));
    world.replies.clear();
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    for owner in [0, 1, 2] {
        world.refuse(owner, Refusal::BadCommand);
    }
    assert_eq!(world.reply(), Some(&Err(Failure::BadCommand)));
}

/// A write that two of three replicas refused for something newer, led here since.
fn superseded_by(newer: Version) -> World {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    for owner in [0, 1] {
        world.answer(owner, Response::Superseded { by: newer });
    }
    world
}

#[test]
fn a_write_that_met_something_newer_is_stamped_past_it() {
    let newer = version(1 << 60);
    let mut world = superseded_by(newer);
    let (_, second) = world.led.unwrap();
    assert!(world.stamp_to(0) < newer && newer < second);
    world.has_led(vec![entry("k", 1, second.stamp.0)]);
    assert!(matches!(world.last_to(2).1, Request::Apply { as_primary: false, .. }));
    assert_eq!(world.reply(), None);
    world.answer(2, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_write_is_not_stamped_again_before_a_quorum_has_said_what_it_holds() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(0, Response::Superseded { by: version(1 << 60) });
    world.lose(1, true);
    assert_eq!(world.led, None);
    world.answer(2, written());
    assert!(world.led.is_some());
}

#[test]
fn a_blank_replica_leads_nothing_and_the_others_are_asked_again() {
    let mut world = superseded_by(version(1 << 60));
    let (id, _) = world.led.unwrap();
    world.tell(In::Led { id, outcome: Err(Refusal::Blank) });
    assert_eq!(world.asked(), [0, 1, 2, 0, 1, 2]);
    assert!(world.stamp_to(0) > version(1 << 60));
}

#[test]
fn a_replica_that_may_not_lead_leaves_the_write_to_the_others() {
    let mut world = superseded_by(version(1 << 60));
    let (id, _) = world.led.unwrap();
    world.tell(In::Led { id, outcome: Err(Refusal::NotReady) });
    assert_eq!(world.asked(), [0, 1, 2, 0, 1, 2]);
    assert!(world.stamp_to(0) > version(1 << 60));
}

#[test]
fn a_write_that_a_quorum_took_is_not_stamped_again() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.answer(0, Response::Superseded { by: version(1 << 60) });
    world.answer(1, written());
    world.answer(2, written());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_write_to_all_is_stamped_past_what_two_hold_that_may_have_been_acknowledged() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 3), &set("k", 1));
    world.answer(0, written());
    for owner in [1, 2] {
        world.answer(owner, Response::Superseded { by: version(1 << 60) });
    }
    assert!(world.led.is_some());
    assert_eq!(world.reply(), None);
}

#[test]
fn what_an_earlier_stamp_left_behind_may_have_happened() {
    let mut world = superseded_by(version(1 << 60));
    // The third has the write with the first stamp before it, for all we know.
    let (id, _) = world.led.unwrap();
    world.tell(In::Led { id, outcome: Err(Refusal::UnknownApp) });
    assert_eq!(world.reply(), Some(&not_met(0, true)));
}

#[test]
fn an_answer_to_an_earlier_stamp_is_not_one_to_the_later() {
    let mut world = superseded_by(version(1 << 60));
    let (id, _) = world.last_to(2);
    world.has_led(vec![entry("k", 1, 1 << 61)]);
    world.tell(In::Answer { from: world.owner(2), id, response: written() });
    assert_eq!(world.reply(), None);
}

#[test]
fn a_version_beyond_all_clocks_does_not_move_this_one() {
    let world = superseded_by(version(u64::MAX));
    assert!(world.led.unwrap().1.stamp.is_credible());
}

#[test]
fn the_app_makes_one_reply_of_several_when_it_is_to() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2).reconciled_by_app(), &set("k", 1));
    world.answer(0, written());
    world.answer(1, written());
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn a_write_whose_reply_nobody_understands_has_happened_all_the_same() {
    let mut world = World::primary();
    world.ask(Plan::quorum(3, 2).reconciled_by_app(), &set("k", 1));
    world.answer(0, written());
    let reply = Bytes::from_static(b"\xff");
    world.answer(1, Response::Executed { reply, seen: Bytes::new() });
    assert!(world.reply().unwrap().as_ref().unwrap_err().may_have_happened());
}

#[test]
fn a_write_after_an_acknowledged_one_is_what_is_read_however_far_clocks_are_apart() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    cluster.set_ahead("a", Duration::from_secs(3_600));
    cluster.run("a", Plan::quorum(3, 2), &set("k", 1)).unwrap();
    for (plan, value) in [(Plan::quorum(3, 2), 2), (Plan::quorum(3, 3), 3)] {
        cluster.run("b", plan, &set("k", value)).unwrap();
        assert_eq!(cluster.run("c", Plan::read(3, 2), &get("k")), Ok(Some(value)));
    }
}

#[test]
fn a_key_that_is_beyond_all_clocks_does_not_hang_the_node() {
    let mut cluster = Cluster::new(&["a"]);
    cluster.set_ahead("a", Duration::MAX);
    let refused = cluster.run("a", Plan::quorum(1, 1), &set("k", 1));
    assert_eq!(refused, Err(Failure::BadCommand));
}
