//! What is not to be heard is dropped, and counted by kind.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::SECOND;
use super::world::{World, place};
use crate::swim::{Dropped, Key};

/// A cluster that has run for a while, and what was sent to node 0 meanwhile.
fn recorded() -> (World, Vec<Vec<u8>>) {
    let mut world = World::of(3, 1);
    world.recorded = Some(Vec::new());
    world.run_for(SECOND * 5);
    let recorded = world.recorded.take().unwrap();
    let to_0 = recorded.into_iter().filter(|(to, _)| *to == place(0));
    let datagrams: Vec<_> = to_0.map(|(_, bytes)| bytes).collect();
    // What is under way arrives.
    world.run_for(SECOND);
    assert!(datagrams.len() > 5);
    assert_eq!(world.nodes[&0].dropped(), Dropped::default());
    (world, datagrams)
}

fn dropped(world: &World) -> Dropped {
    world.nodes[&0].dropped()
}

#[test]
fn a_replayed_datagram() {
    let (mut world, datagrams) = recorded();
    let count = datagrams.len() as u64;
    let before = world.sent;
    datagrams.into_iter().for_each(|bytes| world.inject(0, bytes));
    assert_eq!(dropped(&world), Dropped { replayed: count, ..Dropped::default() });
    // It is not answered either.
    assert_eq!(world.sent, before);
}

#[test]
fn a_replayed_datagram_after_a_long_time() {
    let (mut world, datagrams) = recorded();
    world.run_for(SECOND * 300);
    let count = datagrams.len() as u64;
    datagrams.into_iter().for_each(|bytes| world.inject(0, bytes));
    assert_eq!(dropped(&world), Dropped { stale: count, ..Dropped::default() });
}

#[test]
fn a_datagram_replayed_to_a_node_that_has_started_again() {
    let (mut world, datagrams) = recorded();
    world.crash(0);
    world.start(0);
    world.run_until(10, |world| world.all_know(3)).unwrap();
    let identities: Vec<_> = world.nodes[&0].members().cloned().collect();
    let (before, count) = (world.sent, datagrams.len() as u64);
    for bytes in datagrams.iter().chain(&datagrams) {
        world.inject(0, bytes.clone());
    }
    // It was meant for another start of the node: a question is answered once, nothing is learnt.
    assert!(world.sent - before < count);
    assert_eq!(dropped(&world), Dropped { replayed: count, ..Dropped::default() });
    assert_eq!(world.nodes[&0].members().cloned().collect::<Vec<_>>(), identities);
}

#[test]
fn a_datagram_of_another_clusters_key() {
    let (mut world, _) = recorded();
    world.settings.keys = vec![Key::new("fedcba9876543210")];
    world.start(7);
    world.run_for(SECOND * 10);
    assert!(dropped(&world).unauthentic > 3);
    assert!(world.nodes[&7].dropped().unauthentic == 0, "nobody answers it");
    assert!(world.nodes[&7].is_alone() && !world.knows(0, 7));
}

#[test]
fn a_datagram_in_which_any_byte_is_another() {
    let (mut world, datagrams) = recorded();
    let bytes = &datagrams[0];
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        world.inject(0, changed);
    }
    let count = bytes.len() as u64 - 1;
    assert_eq!(dropped(&world), Dropped { malformed: 1, unauthentic: count, ..Dropped::default() });
}

#[test]
fn a_random_datagram_and_a_part_of_one() {
    let (mut world, datagrams) = recorded();
    let mut rng = StdRng::seed_from_u64(1);
    let mut count = 0;
    for len in 0..1_400 {
        let mut bytes = vec![0; len];
        rng.fill(&mut bytes[..]);
        world.inject(0, bytes);
        count += 1;
    }
    for len in 0..datagrams[0].len() {
        world.inject(0, datagrams[0][..len].to_vec());
        count += 1;
    }
    let Dropped { malformed, unauthentic, .. } = dropped(&world);
    assert_eq!(malformed + unauthentic, count);
    world.run_for(SECOND * 10);
    assert!(world.all_know(3));
}

#[test]
fn a_datagram_that_is_too_long() {
    let (mut world, _) = recorded();
    world.inject(0, vec![1; 1_401]);
    assert_eq!(dropped(&world), Dropped { oversize: 1, ..Dropped::default() });
}

#[test]
fn a_datagram_of_a_node_whose_clock_is_wrong() {
    let (mut world, _) = recorded();
    world.skew.insert(7, 61_000);
    world.start(7);
    world.run_for(SECOND * 10);
    assert!(dropped(&world).stale > 0);
    assert!(!world.knows(0, 7));
}

#[test]
fn a_nodes_own_datagram_that_comes_back() {
    let (mut world, _) = recorded();
    world.recorded = Some(Vec::new());
    world.run_for(SECOND * 3);
    let recorded = world.recorded.take().unwrap();
    let others = recorded.into_iter().filter(|(to, _)| *to != place(0));
    others.for_each(|(_, bytes)| world.inject(0, bytes));
    assert!(dropped(&world).own > 0);
}
