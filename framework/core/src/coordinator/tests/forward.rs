use super::*;

/// Four nodes of which the one that owns nothing begins at the top of every preference list.
const MEMBERS: [&str; 4] = ["e", "f", "g", "h"];

/// On the node that owns nothing.
fn outside() -> World {
    World::on(sample::ring(&MEMBERS), 3, Settings::default())
}

fn forwarded(value: u64) -> Response {
    Response::Forwarded(Ok(encode(&Some(value))))
}

#[test]
fn a_command_for_a_foreign_key_is_forwarded_to_one_owner() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.asked(), [0]);
    world.answer(0, forwarded(1));
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
    assert_eq!(world.coordinator.counters().forwarded, 1);
}

#[test]
fn the_owner_is_given_what_is_left_of_the_deadline() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.now.tick = world.now.tick + millis(300);
    world.lose(0, false);
    let Request::Forward { timeout_ms, .. } = world.last_to(1).1 else { panic!() };
    assert_eq!(*timeout_ms, 700);
}

#[test]
fn the_next_owner_is_tried_when_the_first_was_not_reached() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.lose(0, false);
    world.lose(1, false);
    assert_eq!(world.asked(), [0, 1, 2]);
    world.lose(2, false);
    assert_eq!(world.reply(), None);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.reply(), Some(&Err(Failure::OwnersDown { partition: 0 })));
}

#[test]
fn a_write_that_may_have_arrived_is_not_tried_again() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.lose(0, true);
    assert_eq!(world.asked(), [0]);
    assert_eq!(world.reply(), Some(&not_met(0, true)));
}

#[test]
fn a_read_that_may_have_arrived_is_tried_again() {
    let mut world = outside();
    world.ask(Plan::read(3, 2), &get("k"));
    world.lose(0, true);
    assert_eq!(world.asked(), [0, 1]);
}

#[test]
fn an_owner_that_has_just_started_is_passed_over() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    world.refuse(0, Refusal::NotReady);
    assert_eq!(world.asked(), [0, 1]);
    world.answer(1, forwarded(1));
    assert_eq!(world.reply(), Some(&Ok(Some(1))));
}

#[test]
fn when_all_owners_have_another_ring_the_ring_is_to_blame() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    for owner in [0, 1, 2] {
        world.refuse(owner, Refusal::WrongEpoch);
    }
    world.pass(Duration::from_secs(1));
    let failure = Failure::WrongEpoch { may_have_happened: false };
    assert_eq!(world.reply(), Some(&Err(failure)));
}

#[test]
fn a_command_of_the_owner_goes_to_the_primary_and_nobody_else() {
    let mut world = World::at(1);
    world.ask(Plan::owner(3, 2), &Note::Add("k".into(), 1));
    assert_eq!(world.asked(), [0]);
    world.lose(0, false);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.asked(), [0]);
    assert_eq!(world.reply(), Some(&Err(Failure::PrimaryDown { partition: 0 })));
}

#[test]
fn a_primary_that_is_down_is_not_asked_and_nothing_has_happened() {
    let mut world = World::at(1);
    world.set_down(&[0]);
    world.ask(Plan::owner(3, 2), &Note::Add("k".into(), 1));
    world.pass(Duration::from_secs(1));
    assert!(world.sent.is_empty());
    assert_eq!(world.reply(), Some(&Err(Failure::PrimaryDown { partition: 0 })));
    assert_eq!(world.coordinator.inflight(), 0);
}

#[test]
fn a_peer_that_is_down_is_tried_last() {
    let mut world = outside();
    world.set_down(&[0, 1]);
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.asked(), [2]);
}

#[test]
fn what_follows_goes_to_the_same_owner_however_fast_others_are() {
    let mut world = outside();
    world.coordinator.sample(world.owner(0), millis(90));
    world.coordinator.sample(world.owner(1), millis(1));
    world.ask(Plan::quorum(3, 1), &set("k", 1));
    world.coordinator.sample(world.owner(0), millis(900));
    world.ask(Plan::read(3, 1), &get("k"));
    assert_eq!(world.asked(), [0, 0]);
}

#[test]
fn a_pipelined_read_meets_the_write_before_it_at_one_owner() {
    let mut cluster = Cluster::new(&MEMBERS);
    let outside = cluster.ring.preference(PartitionId(0))[3];
    let outside = cluster.ring.member(outside).unwrap().name.to_string();
    cluster.ask(&outside, Plan::quorum(3, 1), &set("k", 7));
    let read = cluster.ask(&outside, Plan::read(3, 1), &get("k"));
    cluster.settle();
    assert_eq!(cluster.reply(read), Some(Ok(Some(7))));
}

#[test]
fn what_is_forwarded_for_many_partitions_is_spread_over_all_other_nodes() {
    let ring = sample::ring_of(256, &["a", "b", "c", "d", "e"]);
    let mut world = World::on(ring, 4, Settings::default());
    for key in 0..1_000 {
        world.ask(Plan::quorum(3, 1), &set(&format!("k{key}"), 1));
    }
    let mut counts = std::collections::BTreeMap::<Seat, usize>::new();
    for (to, _, request) in &world.sent {
        if matches!(request, Request::Forward { .. }) {
            *counts.entry(*to).or_default() += 1;
        }
    }
    let all: usize = counts.values().sum();
    assert_eq!(counts.len(), 4);
    assert!(counts.values().all(|count| *count > all / 8 && *count < all / 2), "{counts:?}");
}

#[test]
fn an_owner_that_was_not_asked_does_not_answer() {
    let mut world = outside();
    world.ask(Plan::quorum(3, 2), &set("k", 1));
    let id = world.last_to(0).0;
    world.tell(In::Answer { from: world.owner(1), id, response: forwarded(9) });
    assert_eq!(world.reply(), None);
}

#[test]
fn a_forwarded_command_is_not_forwarded_again() {
    let mut world = outside();
    world.ask_from(0, Plan::quorum(3, 2), &set("k", 1));
    assert_eq!(world.responses, [Response::Refused(Refusal::NotOwner)]);
    assert!(world.sent.is_empty());
}

#[test]
fn what_a_peer_forwarded_is_answered_to_that_peer() {
    let mut world = World::primary();
    world.ask_from(3, Plan::quorum(3, 1), &set("k", 1));
    world.answer(1, written());
    assert_eq!(world.responses, [forwarded(1)]);
}

#[test]
fn what_was_forwarded_and_delivered_twice_runs_once() {
    let mut world = World::primary();
    for _ in 0..2 {
        world.ask_from(3, Plan::quorum(3, 1), &set("k", 1));
    }
    assert_eq!(world.coordinator.inflight(), 1);
    world.answer(1, written());
    assert_eq!(world.responses, [forwarded(1)]);
}

#[test]
fn who_gives_up_cancels_what_was_forwarded() {
    let mut world = outside();
    let note = set("k", 1);
    world.ask(Plan::quorum(3, 2), &note);
    let (id, _) = world.last_to(0);
    world.abandon();
    let key = sample::ask(Plan::quorum(3, 2), &note).key;
    assert_eq!(world.last_to(0), (id, &Request::Cancel { key }));
    assert_eq!(world.coordinator.inflight(), 0);
}

#[test]
fn a_cancelled_command_takes_no_room_at_the_owner() {
    let mut cluster = Cluster::new(&MEMBERS);
    let owner = cluster.owner(0);
    let outside = cluster.ring.preference(PartitionId(0))[3];
    let outside = cluster.ring.member(outside).unwrap().name.to_string();
    cluster.stop(&cluster.owner(1));
    let caller = cluster.ask(&outside, Plan::quorum(3, 3), &set("k", 1));
    let letter = cluster.wire.pop_front().unwrap();
    cluster.deliver(letter);
    assert_eq!(cluster.shard(&owner).coordinator().inflight(), 1);
    cluster.abandon(&outside, caller);
    cluster.settle_where(|letter| letter.from == sample::seat(&outside));
    assert_eq!(cluster.shard(&owner).coordinator().inflight(), 0);
}
