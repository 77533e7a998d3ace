//! Stories of clusters in a world of the tests' own.

mod convergence;
mod drops;
mod faults;
mod world;

use std::time::Duration;

use peer_ring_core::membership::Fact;
use world::{World, name};

use super::In;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn two_addresses_start_a_cluster() {
    let mut world = World::of(3, 1);
    world.run_for(SECOND * 3);
    for node in 0..3 {
        let facts: Vec<_> = world.facts(node).collect();
        assert_eq!(facts.len(), 3, "{facts:?}");
        assert_eq!(facts[2], &Fact::Settled);
    }
}

#[test]
fn who_stays_alone_settles_in_time() {
    let mut world = World::new(1);
    world.start(0);
    world.run_for(world.settings.settle_after() - SECOND);
    assert_eq!(world.facts(0).count(), 0);
    world.run_for(SECOND * 60);
    assert_eq!(world.facts(0).collect::<Vec<_>>(), [&Fact::Settled]);
}

#[test]
fn seeds_are_asked_for_as_long_as_it_takes() {
    let mut world = World::new(1);
    world.start(2);
    world.run_for(SECOND * 600);
    world.start(0);
    let met = world.run_until(60, |world| world.all_know(2)).unwrap();
    assert!(met < 15.0, "{met}");
}

#[test]
fn who_settles_has_told_of_all() {
    let mut world = World::of(60, 2);
    world.loss = 0.1;
    world.start(60);
    world.run_for(SECOND * 10);
    let is_seen = |fact: &&Fact| matches!(fact, Fact::Seen(_));
    let before = world.facts(60).take_while(|fact| !matches!(fact, Fact::Settled));
    assert_eq!(before.filter(is_seen).count(), 60);
    assert!(world.facts(60).any(|fact| matches!(fact, Fact::Settled)));
}

#[test]
fn who_leaves_is_lost_to_all_at_once() {
    let mut world = World::of(20, 3);
    world.loss = 0.1;
    world.tell(5, In::Leave);
    world.run_for(SECOND);
    assert!(world.left.contains(&5));
    world.crash(5);
    let is_told = |world: &World, node: &usize| {
        matches!(world.said_of(*node, 5).as_slice(), [Fact::Seen(_), Fact::Lost(_)])
    };
    let told = world.run_until(10, |world| world.nodes.keys().all(|it| is_told(world, it)));
    assert!(told.is_some_and(|secs| secs < 3.0), "{told:?}");
    world.run_for(SECOND * 30);
    assert_eq!(world.lost(), 19);
    world.start(5);
    assert!(world.run_until(10, |world| world.all_know(20)).is_some());
}

#[test]
fn who_leaves_and_is_back_before_its_death_is_heard_of_is_seen_again() {
    let mut world = World::of(4, 10);
    // Its first words are lost, and one of its goodbyes is heard.
    world.cuts.extend((0..3).map(|deaf| (3, deaf)));
    world.tell(3, In::Leave);
    world.run_for(SECOND / 20);
    world.cuts.clear();
    world.run_for(SECOND / 5);
    world.crash(3);
    world.start(3);
    world.run_for(SECOND * 5);
    for node in 0..3 {
        let said = world.said_of(node, 3);
        assert!(matches!(said[..], [Fact::Seen(_), Fact::Lost(_), Fact::Seen(_)]), "{said:?}");
    }
}

#[test]
fn who_leaves_alone_has_left() {
    let mut world = World::new(1);
    world.start(0);
    world.run_for(SECOND);
    world.tell(0, In::Leave);
    world.run_for(SECOND);
    assert!(world.left.contains(&0));
}

#[test]
fn who_is_down_is_lost_after_forget_after_and_not_before() {
    let mut world = World::of(5, 4);
    world.crash(3);
    let down = world.run_until(30, |world| world.all_agree_on(3, false)).unwrap();
    world.run_for(SECOND * 590 - Duration::from_secs_f64(down));
    assert_eq!(world.lost(), 0);
    world.run_for(SECOND * 30);
    assert_eq!(world.lost(), 4);
    world.start(3);
    assert!(world.run_until(10, |world| world.all_know(5)).is_some());
    assert!(matches!(world.said_of(0, 3)[..], [Fact::Seen(_), Fact::Lost(_), Fact::Seen(_)]));
}

#[test]
fn who_returns_at_another_address_is_seen_there() {
    let mut world = World::of(5, 5);
    world.crash(3);
    world.run_for(SECOND * 30);
    world.start_at(3, "elsewhere:7601");
    world.run_for(SECOND * 10);
    for node in [0, 1, 2, 4] {
        let [Fact::Seen(before), Fact::Seen(after)] = world.said_of(node, 3)[..] else {
            panic!("{:?}", world.said_of(node, 3));
        };
        assert_eq!(
            (before.address.as_str(), after.address.as_str()),
            ("host-3:7601", "elsewhere:7601")
        );
    }
}

#[test]
fn whose_clock_went_back_while_it_was_away_returns_all_the_same() {
    let mut world = World::of(5, 6);
    world.crash(3);
    world.run_for(SECOND * 20);
    world.skew.insert(3, -50_000);
    world.start(3);
    assert!(world.run_until(5, |world| world.all_know(5)).is_some());
}

#[test]
fn a_seed_whose_clock_went_back_returns_though_it_reaches_no_other_seed() {
    let mut world = World::of(5, 6);
    world.crash(0);
    world.run_for(SECOND * 20);
    world.part(&[0], &[1]);
    world.skew.insert(0, -50_000);
    world.start(0);
    let is_back = |world: &World| (2..5).all(|it| world.knows(it, 0) && world.knows(0, it));
    assert!(world.run_until(60, is_back).is_some());
}

#[test]
fn who_moves_is_heard_where_it_is() {
    let mut world = World::of(5, 7);
    let there = "10.9.9.9:7946".parse().unwrap();
    world.tell(3, In::Moved(there));
    world.run_for(SECOND * 30);
    assert!(world.all_know(5));
    let seat = name(3).seat();
    for node in [0, 1, 2, 4] {
        assert!(world.nodes[&node].members().any(|it| it.seat() == seat && it.gossip() == there));
    }
    assert_eq!(world.lost(), 0);
}

#[test]
fn what_all_nodes_say_fits_even_when_it_is_long() {
    let mut world = World::new(8);
    (0..20).for_each(|node| world.start_at(node, &format!("{}-{node}:7601", "host".repeat(60))));
    assert!(world.run_until(20, |world| world.all_know(20)).is_some());
}

#[test]
fn one_seed_gives_one_story() {
    let story = || {
        let mut world = World::new(9);
        world.loss = 0.2;
        world.recorded = Some(Vec::new());
        (0..10).for_each(|node| world.start(node));
        world.run_for(SECOND * 5);
        (world.recorded, world.said)
    };
    assert!(story() == story());
}

#[test]
fn a_goodbye_is_heard_where_half_of_all_is_lost() {
    let is_heard = |seed| {
        let mut world = World::of(2, seed);
        world.loss = 0.5;
        world.tell(1, In::Leave);
        world.run_for(SECOND);
        world.lost() == 1
    };
    let heard = (0..50).filter(|seed| is_heard(*seed)).count();
    assert!(heard >= 46, "{heard} of 50");
}
