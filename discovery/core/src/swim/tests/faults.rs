//! Cuts, partitions and pauses: nobody who lives is lost, and all find back.

use std::time::Duration;

use peer_ring_core::membership::Fact;

use super::SECOND;
use super::world::{World, name};
use crate::swim::{In, Key, Keys};

fn starts(world: &World) -> Vec<u64> {
    world.nodes.values().map(|it| it.identity().start()).collect()
}

#[test]
fn who_is_not_heard_by_half_of_the_others_stays_up() {
    for seed in 0..5 {
        let mut world = World::of(20, seed);
        let before = starts(&world);
        world.cuts.extend((0..10).map(|deaf| (15, deaf)));
        for _ in 0..60 {
            world.run_for(SECOND);
            assert!(world.all_agree_on(15, true));
        }
        assert_eq!(world.lost(), 0);
        // Nobody had to renew its identity: nobody was declared down.
        assert_eq!(starts(&world), before);
    }
}

#[test]
fn who_hears_nobody_is_down_but_not_lost_and_comes_back() {
    let mut world = World::of(20, 2);
    world.cuts.extend((0..20).filter(|other| *other != 7).map(|other| (other, 7)));
    assert!(world.run_until(30, |world| world.all_agree_on(7, false)).is_some());
    world.run_for(SECOND * 30);
    world.cuts.clear();
    let back = world.run_until(60, |world| world.all_know(20)).unwrap();
    assert!(back < 20.0, "{back}");
    assert_eq!(world.lost(), 0);
}

#[test]
fn who_is_heard_by_nobody_is_down_but_not_lost_and_comes_back() {
    let mut world = World::of(20, 3);
    world.cuts.extend((0..20).filter(|other| *other != 7).map(|other| (7, other)));
    assert!(world.run_until(30, |world| world.all_agree_on(7, false)).is_some());
    world.run_for(SECOND * 30);
    world.cuts.clear();
    let back = world.run_until(60, |world| world.all_know(20)).unwrap();
    assert!(back < 20.0, "{back}");
    assert_eq!(world.lost(), 0);
}

/// The mistake of a node that cannot refute: an identity that was declared down is dead for ever.
#[test]
fn who_was_declared_dead_wrongly_renews_its_identity_and_is_up_again() {
    let mut world = World::of(20, 4);
    let others: Vec<_> = (0..20).filter(|it| *it != 9).collect();
    let before = world.nodes[&9].identity().start();
    world.part(&[9], &others);
    assert!(world.run_until(30, |world| world.all_agree_on(9, false)).is_some());
    world.run_for(SECOND * 30);
    world.cuts.clear();
    let back = world.run_until(60, |world| world.all_know(20)).unwrap();
    assert!(back < 20.0, "{back}");
    assert!(world.nodes[&9].identity().start() > before);
    world.run_for(SECOND * 30);
    assert!(world.all_know(20));
    assert_eq!(world.lost(), 0);
}

#[test]
fn two_halves_find_each_other_when_the_partition_is_over() {
    let mut world = World::of(40, 5);
    world.loss = 0.1;
    let halves: (Vec<_>, Vec<_>) = ((0..20).collect(), (20..40).collect());
    world.part(&halves.0, &halves.1);
    world.run_for(SECOND * 60);
    assert!((0..40).all(|node| world.nodes[&node].members().count() == 19));
    world.cuts.clear();
    let healed = world.run_until(120, |world| world.all_know(40)).unwrap();
    assert!(healed < 30.0, "{healed}");
    assert_eq!(world.lost(), 0);
}

#[test]
fn two_halves_that_have_lost_each_other_find_each_other_again() {
    let mut world = World::new(6);
    world.settings.forget_after_ms = 20_000;
    (0..10).for_each(|node| world.start(node));
    world.run_until(20, |world| world.all_know(10)).unwrap();
    let halves: (Vec<_>, Vec<_>) = ((0..5).collect(), (5..10).collect());
    world.part(&halves.0, &halves.1);
    world.run_for(SECOND * 60);
    assert_eq!(world.lost(), 50);
    world.cuts.clear();
    assert!(world.run_until(60, |world| world.all_know(10)).is_some());
}

#[test]
fn who_overslept_condemns_nobody() {
    let mut world = World::of(10, 7);
    let before = starts(&world);
    world.pause(4, SECOND * 60);
    world.run_for(SECOND * 60 - Duration::from_millis(1));
    assert!(world.all_agree_on(4, false));
    assert!(world.run_until(30, |world| world.all_know(10)).is_some());
    world.run_for(SECOND * 30);
    let after = starts(&world);
    let renewed: Vec<_> = (0..10).filter(|&node| before[node] != after[node]).collect();
    assert_eq!(renewed, [4]);
}

#[test]
fn a_rolling_restart_with_new_keys_takes_nobody_away() {
    let [old, new] = ["the old secret, long", "the new secret, long"].map(Key::new);
    let mut world = World::new(8);
    world.settings.keys = vec![old.clone()];
    (0..5).for_each(|node| world.start(node));
    world.run_until(10, |world| world.all_know(5)).unwrap();
    for keys in [vec![old.clone(), new.clone()], vec![new.clone(), old], vec![new]] {
        world.settings.keys = keys;
        for node in 0..5 {
            world.crash(node);
            world.run_for(SECOND);
            world.start(node);
            world.run_until(5, |world| world.all_know(5)).unwrap();
        }
    }
    assert_eq!(world.lost(), 0);
    assert!(world.nodes.values().all(|it| it.dropped().unauthentic == 0));
}

#[test]
fn keys_change_one_node_after_the_other_and_nobody_notices() {
    let [old, new] = ["the old secret, long", "the new secret, long"].map(Key::new);
    let mut world = World::new(11);
    world.settings.keys = vec![old.clone()];
    (0..5).for_each(|node| world.start(node));
    world.run_until(10, |world| world.all_know(5)).unwrap();
    let before = starts(&world);
    for keys in [vec![old.clone(), new.clone()], vec![new.clone(), old.clone()], vec![new]] {
        let keys = Keys::new(keys).unwrap();
        for node in 0..5 {
            world.tell(node, In::Keys(keys.clone()));
            world.run_for(SECOND * 2);
            assert!(world.all_know(5), "{node}");
        }
    }
    assert_eq!((world.lost(), starts(&world)), (0, before));
    assert!(world.nodes.values().all(|it| it.dropped().unauthentic == 0));
    world.settings.keys = vec![old];
    world.start(7);
    world.run_for(SECOND * 10);
    assert!(world.nodes[&7].is_alone(), "who has the old key only is not heard any more");
}

#[test]
fn two_nodes_of_one_name_raise_no_storm() {
    let mut world = World::of(5, 9);
    let sent = world.sent;
    world.run_for(SECOND * 60);
    let idle = world.sent - sent;
    world.start_as(7, name(3), "another:7601");
    let sent = world.sent;
    world.run_for(SECOND * 60);
    let torn = world.sent - sent;
    assert!(torn < idle * 4, "{idle} datagrams before, {torn} with two of one name");
    let contested = world.nodes.iter().filter(|it| it.1.is_contested());
    assert_eq!(contested.map(|it| *it.0).collect::<Vec<_>>(), [3, 7]);
    // They take turns, less and less often.
    world.run_for(SECOND * 540);
    assert!(world.said_of(0, 3).len() < 60);
    world.crash(7);
    world.run_for(SECOND * 60);
    assert!(world.all_know(5));
    assert_eq!(world.lost(), 0);
}

#[test]
fn who_is_cut_off_for_long_takes_nobody_for_lost() {
    let mut world = World::of(5, 10);
    world.part(&[4], &[0, 1, 2, 3]);
    world.run_for(SECOND * 1_300);
    assert_eq!(world.lost(), 4, "the others, who hear each other, have lost one");
    assert!(world.nodes[&4].is_alone());
    world.cuts.clear();
    world.run_until(60, |world| world.all_know(5)).unwrap();
    world.run_for(SECOND * 60);
    assert!(!world.facts(4).any(|fact| matches!(fact, Fact::Lost(_))));
}

#[test]
fn a_suspicion_from_before_a_long_sleep_condemns_nobody() {
    for seed in 0..10 {
        let mut world = World::of(10, seed);
        let start = world.nodes[&5].identity().start();
        // Nobody hears node 5, and some suspect it.
        world.cuts.extend((0..10).map(|other| (5, other)));
        world.run_for(Duration::from_millis(2_500));
        world.cuts.clear();
        // The others hear soon that there is nothing in it; half of them sleep first.
        [0, 1, 2, 3, 4].into_iter().for_each(|node| world.pause(node, SECOND * 60));
        world.run_for(SECOND * 150);
        assert!(world.all_know(10));
        assert_eq!(world.nodes[&5].identity().start(), start, "seed {seed}");
    }
}
