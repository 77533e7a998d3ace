use super::*;

#[test]
fn a_read_asks_only_as_many_as_must_answer() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    assert_eq!(world.asked(), [0, 1]);
    world.answer(0, executed(5, 10));
    world.answer(1, executed(5, 10));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn this_nodes_own_replica_is_asked_first() {
    let mut world = World::at(2);
    world.ask(Plan::read(3, 1), &get("k"));
    assert_eq!(world.asked(), [2]);
}

#[test]
fn the_faster_peer_is_asked_first() {
    let mut world = World::primary();
    for (peer, millis) in [(1, 9), (2, 3)] {
        world.coordinator.sample(world.owner(peer), super::millis(millis));
    }
    world.ask(Plan::read(3, 2), &get("k"));
    assert_eq!(world.asked(), [0, 2]);
}

#[test]
fn a_peer_that_is_down_is_asked_last() {
    let mut world = World::primary();
    world.set_down(&[1]);
    world.ask(Plan::read(3, 2), &get("k"));
    assert_eq!(world.asked(), [0, 2]);
}

#[test]
fn a_late_replica_is_helped_out_by_a_spare_one() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 10));
    world.pass(world.coordinator.settings.hedge_after_max);
    assert_eq!(world.asked(), [0, 1, 2]);
    assert_eq!(world.coordinator.counters().hedged_reads, 1);
    world.answer(2, executed(5, 10));
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
}

#[test]
fn a_peer_known_to_be_fast_is_late_long_before_one_that_is_not_known() {
    let mut world = World::primary();
    world.coordinator.sample(world.owner(1), millis(1));
    world.coordinator.sample(world.owner(2), millis(2));
    world.ask(Plan::read(3, 2), &get("k"));
    assert_eq!(world.asked(), [0, 1]);
    world.pass(world.coordinator.settings.hedge_after_min);
    assert_eq!(world.asked(), [0, 1, 2]);
}

#[test]
fn a_spare_is_not_blamed_for_the_time_before_it_was_asked() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.pass(world.coordinator.settings.hedge_after_max);
    world.pass(millis(1));
    world.answer(2, executed(5, 10));
    let known = world.coordinator.latencies[&world.owner(2)];
    assert_eq!(Duration::from_nanos(known.mean_ns()), millis(1));
}

#[test]
fn a_refusal_turns_to_a_spare_at_once() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.refuse(1, Refusal::Blank);
    assert_eq!(world.asked(), [0, 1, 2]);
}

#[test]
fn a_spare_asked_after_a_refusal_is_late_by_its_own_measure() {
    let ring = sample::ring_with(1, 5, &["a", "b", "c", "d", "e"]);
    let mut world = World::on(ring, 0, Settings::default());
    for peer in [2, 3, 4] {
        world.coordinator.sample(world.owner(peer), millis(1));
    }
    world.ask(Plan::read(5, 2), &get("k"));
    // Nothing is known of this one, and it would have been given much time.
    world.refuse(1, Refusal::Blank);
    assert_eq!(world.asked().len(), 3);
    world.pass(world.coordinator.settings.hedge_after_min);
    assert_eq!(world.asked().len(), 4);
}

#[test]
fn a_read_gives_up_as_soon_as_its_quorum_is_out_of_reach() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.lose(1, true);
    world.lose(2, true);
    assert_eq!(world.reply(), Some(&not_met(0, false)));
}

#[test]
fn a_read_that_is_not_answered_in_time_has_changed_nothing() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 10));
    world.pass(Duration::from_secs(1));
    let failure = Failure::TimedOut { acked: 1, wanted: 2, may_have_happened: false };
    assert_eq!(world.reply(), Some(&Err(failure)));
}

#[test]
fn an_answer_delivered_twice_counts_once() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(1, executed(5, 10));
    world.answer(1, executed(5, 10));
    assert_eq!(world.reply(), None);
}

#[test]
fn an_answer_of_a_replica_that_was_not_asked_counts_for_nothing() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 10));
    let id = world.last_to(0).0;
    world.tell(In::Answer { from: world.owner(2), id, response: executed(5, 10) });
    assert_eq!(world.reply(), None);
}

#[test]
fn a_read_that_writes_is_a_mistake_of_the_app_and_named_so() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    let failure = cluster.run("a", Plan::read(3, 2), &set("k", 1)).unwrap_err();
    assert_eq!(failure, Failure::BadCommand);
}

#[test]
fn the_reply_of_the_freshest_replica_stands() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 3), &get("k"));
    for (owner, stamp) in [(0, 10), (1, 30), (2, 20)] {
        world.answer(owner, executed(stamp, stamp));
    }
    world.answer(1, Response::Fetched { records: vec![entry("k", 30, 30)] });
    world.answer(0, Response::Applied);
    world.answer(2, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(30))));
}
