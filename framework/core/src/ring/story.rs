//! What operators do to a cluster, one thing after another.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::id::{NodeName, Seat};
use crate::ring::tests::ring_by;
use crate::ring::{Member, Ring, Strategy as Placement};

pub(super) const PARTITIONS: u32 = 64;
/// A number that is no power of two, for the strategy that takes it.
const SHARDS: u32 = 61;
const MEMBERS_MAX: usize = 12;

/// What an operator does to the member of this number.
#[derive(Clone, Debug)]
enum Action {
    Add {
        member: usize,
        weight: u32,
        zone: Option<u8>,
    },
    Remove {
        member: usize,
    },
    Weigh {
        member: usize,
        weight: u32,
    },
    Rezone {
        member: usize,
        zone: Option<u8>,
    },
    /// Another one comes in its stead.
    Replace {
        member: usize,
        by: usize,
    },
}

/// A cluster of five members of weight 1, and what happens to it.
#[derive(Clone, Debug)]
pub(super) struct Story {
    replicas: u8,
    actions: Vec<Action>,
}

/// Any story with so many named zones.
pub(super) fn story(zones: impl Strategy<Value = u8>) -> impl Strategy<Value = Story> {
    let first = |zones| prop::collection::vec(zone(zones), 5);
    let then = |zones| prop::collection::vec(action(zones), 1..8);
    let told = zones.prop_flat_map(move |zones| (1..=5_u8, first(zones), then(zones)));
    told.prop_map(|(replicas, first, then)| {
        let add = |(member, zone)| Action::Add { member, weight: 1, zone };
        let actions = first.into_iter().enumerate().map(add).chain(then).collect();
        Story { replicas, actions }
    })
}

fn zone(zones: u8) -> BoxedStrategy<Option<u8>> {
    match zones {
        0 => Just(None).boxed(),
        _ => prop::option::weighted(0.9, 0..zones).boxed(),
    }
}

fn action(zones: u8) -> impl Strategy<Value = Action> {
    let member = 0..MEMBERS_MAX;
    prop_oneof![
        (member.clone(), 1..4_u32, zone(zones)).prop_map(|(member, weight, zone)| Action::Add {
            member,
            weight,
            zone
        }),
        member.clone().prop_map(|member| Action::Remove { member }),
        (member.clone(), 0..4_u32).prop_map(|(member, weight)| Action::Weigh { member, weight }),
        (member.clone(), zone(zones)).prop_map(|(member, zone)| Action::Rezone { member, zone }),
        (member.clone(), member).prop_map(|(member, by)| Action::Replace { member, by }),
    ]
}

pub(super) fn partitions_of(placement: Placement) -> u32 {
    if placement.takes_any_number_of_partitions() { SHARDS } else { PARTITIONS }
}

/// The rings of a story, each with the one before it.
pub(super) fn rings(placement: Placement, story: Story) -> Vec<(Ring, Option<Ring>)> {
    let (partitions, replicas) = (partitions_of(placement), story.replicas);
    let mut cluster = BTreeMap::new();
    let mut rings: Vec<(Ring, Option<Ring>)> = Vec::new();
    for action in story.actions {
        act(&mut cluster, action);
        let members: Vec<_> = cluster.values().cloned().collect();
        if members.iter().any(|member| member.weight > 0) {
            let previous = rings.last().map(|(ring, _)| ring.clone());
            let ring = ring_by(placement, &members, partitions, replicas, previous.as_ref());
            rings.push((ring, previous));
        }
    }
    rings
}

/// Who owns something in one ring that it did not own in the other.
pub(super) fn gained(ring: &Ring, previous: &Ring) -> BTreeSet<Seat> {
    let gained = |partition| {
        let before = previous.owners(partition, previous.replicas());
        let now = ring.owners(partition, ring.replicas()).iter();
        now.filter(move |owner| !before.contains(owner)).copied()
    };
    ring.partitions().iter().flat_map(gained).collect()
}

fn act(cluster: &mut BTreeMap<usize, Member>, action: Action) {
    let named = |zone: Option<u8>| zone.map(|zone| format!("z{zone}").into());
    match action {
        Action::Add { member, weight, zone } => {
            let name = NodeName::new(&format!("n{member}")).unwrap();
            cluster.entry(member).or_insert(Member {
                zone: named(zone),
                weight,
                ..Member::new(name)
            });
        }
        Action::Remove { member } => drop(cluster.remove(&member)),
        Action::Weigh { member, weight } => {
            cluster.entry(member).and_modify(|member| member.weight = weight);
        }
        Action::Replace { member, by } => {
            if let (false, Some(old)) = (cluster.contains_key(&by), cluster.remove(&member)) {
                let name = NodeName::new(&format!("n{by}")).unwrap();
                cluster.insert(by, Member { name, ..old });
            }
        }
        Action::Rezone { member, zone } => {
            cluster.entry(member).and_modify(|member| member.zone = named(zone));
        }
    }
}
