use super::*;

/// A read that met a value at the first owner and something older at the second.
fn stale_at_the_second() -> World {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, executed(5, 20));
    world.answer(1, executed(4, 10));
    world
}

#[test]
fn a_stale_replica_is_brought_up_to_date_before_the_reader_is_answered() {
    let mut world = stale_at_the_second();
    assert!(matches!(world.last_to(0).1, Request::Fetch { .. }));
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 20)] });
    let Request::Apply { records, as_primary: false, .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(*records, [entry("k", 5, 20)]);
    assert_eq!(world.reply(), None);
    world.answer(1, Response::Applied);
    assert_eq!(world.reply(), Some(&Ok(Some(5))));
    assert_eq!(world.coordinator.counters().read_repairs, 1);
}

#[test]
fn what_one_read_returned_a_read_at_the_stale_replica_returns_too() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    let [first, second] = [cluster.owner(0), cluster.owner(1)];
    // Only the first owner's own replica gets the write.
    cluster.ask(&first, Plan::quorum(3, 2), &set("k", 5));
    cluster.wire.clear();
    assert_eq!(cluster.run(&second, Plan::read(3, 1), &get("k")), Ok(None));
    assert_eq!(cluster.run(&first, Plan::read(3, 2), &get("k")), Ok(Some(5)));
    assert_eq!(cluster.run(&second, Plan::read(3, 1), &get("k")), Ok(Some(5)));
}

#[test]
fn a_source_that_has_lost_what_it_answered_with_fails_the_read() {
    let mut world = stale_at_the_second();
    world.answer(0, Response::Fetched { records: Vec::new() });
    assert_eq!(world.reply(), Some(&not_met(1, false)));
}

#[test]
fn a_source_that_is_gone_fails_the_read() {
    let mut world = stale_at_the_second();
    world.lose(0, false);
    assert_eq!(world.reply(), Some(&not_met(1, false)));
}

#[test]
fn a_stale_replica_that_is_gone_fails_the_read() {
    let mut world = stale_at_the_second();
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 20)] });
    world.lose(1, true);
    assert_eq!(world.reply(), Some(&not_met(1, false)));
}

#[test]
fn an_acknowledgement_delivered_twice_repairs_one_replica_only() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 3), &get("k"));
    for (owner, stamp) in [(0, 30), (1, 10), (2, 10)] {
        world.answer(owner, executed(stamp, stamp));
    }
    world.answer(0, Response::Fetched { records: vec![entry("k", 30, 30)] });
    world.answer(1, Response::Applied);
    world.answer(1, Response::Applied);
    assert_eq!(world.reply(), None);
}

/// What a handler read that followed `k` to `l`, or that did not.
fn read_of(keys: &[(&str, u64)]) -> Response {
    let mut list = bytes::BytesMut::new();
    for (key, stamp) in keys {
        seen::note(&mut list, &table_key_of(key), freshness(*stamp));
    }
    Response::Executed { reply: encode(&Some(5_u64)), seen: list.freeze() }
}

#[test]
fn what_comes_in_parts_is_asked_for_until_it_is_complete() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, read_of(&[("k", 20), ("l", 20)]));
    world.answer(1, read_of(&[("k", 10), ("l", 10)]));
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 20)] });
    let Request::Fetch { keys, .. } = world.last_to(0).1 else { panic!() };
    assert_eq!(*keys, [table_key_of("l")]);
    world.answer(0, Response::Fetched { records: vec![entry("l", 5, 20)] });
    let Request::Apply { records, .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(records.len(), 2);
}

#[test]
fn a_replica_that_was_led_past_a_key_is_given_it_too() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    let [first, second] = [cluster.owner(0), cluster.owner(1)];
    for note in [set("{t}k", 1), set("{t}l", 2)] {
        cluster.ask(&first, Plan::quorum(3, 2), &note);
        cluster.wire.clear();
    }
    let follow = Note::Follow("{t}k".into(), "{t}l".into());
    assert_eq!(cluster.run(&first, Plan::read(3, 2), &follow), Ok(Some(2)));
    assert_eq!(cluster.run(&second, Plan::read(3, 1), &follow), Ok(Some(2)));
}

#[test]
fn each_replica_gets_what_it_lacks_from_who_has_it() {
    let mut world = World::primary();
    world.ask(Plan::read(3, 2), &get("k"));
    world.answer(0, read_of(&[("k", 20), ("l", 10)]));
    world.answer(1, read_of(&[("k", 10), ("l", 20)]));
    world.answer(0, Response::Fetched { records: vec![entry("k", 5, 20)] });
    world.answer(1, Response::Fetched { records: vec![entry("l", 5, 20)] });
    let gave = |world: &World, owner| match world.last_to(owner).1 {
        Request::Apply { records, .. } => records.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(gave(&world, 0), [entry("l", 5, 20)]);
    assert_eq!(gave(&world, 1), [entry("k", 5, 20)]);
}

#[test]
fn what_no_replica_held_as_a_whole_is_read_again() {
    let mut cluster = Cluster::new(&["a", "b", "c"]);
    let [first, second] = [cluster.owner(0), cluster.owner(1)];
    // Each owner has one half.
    for (owner, note) in [(&first, set("{t}k", 1)), (&second, set("{t}l", 2))] {
        cluster.ask(owner, Plan::quorum(3, 2), &note);
        cluster.wire.clear();
    }
    let third = seat_of(&cluster, 2);
    let both = Note::Both("{t}k".into(), "{t}l".into());
    let caller = cluster.ask(&first, Plan::read(3, 2), &both);
    cluster.settle_where(|letter| letter.from != third && letter.to != third);
    assert_eq!(cluster.reply(caller), Some(Ok(Some(3))));
}

fn seat_of(cluster: &Cluster, index: usize) -> Seat {
    sample::seat(&cluster.owner(index))
}
