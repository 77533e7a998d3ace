//! What holds of every chain of rings, whatever is done to them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::Strategy as AnyStrategy;

use crate::actor::Wall;
use crate::id::{ClusterId, Epoch, NodeId, NodeName, Seat};
use crate::key::Partitions;
use crate::ring::{Blueprint, Member, Ring, Strategy, Tenure};

/// Something that is done to a ring; numbers name nodes.
#[derive(Clone, Debug)]
enum Step {
    Begin(BTreeSet<u8>),
    Settle,
    Cancel,
    Replace(u8),
    Depose(BTreeSet<u8>),
    Hold(bool),
}

fn step() -> impl AnyStrategy<Value = Step> {
    let names = || prop::collection::btree_set(0..6_u8, 0..6);
    prop_oneof![
        names().prop_map(Step::Begin),
        Just(Step::Settle),
        Just(Step::Settle),
        Just(Step::Cancel),
        (0..6_u8).prop_map(Step::Replace),
        names().prop_map(Step::Depose),
        any::<bool>().prop_map(Step::Hold),
    ]
}

fn member(number: u8) -> Member {
    let name = NodeName::new(&format!("n{number}")).unwrap();
    Member { id: NodeId(number.into()), ..Member::new(name) }
}

fn founded(names: &BTreeSet<u8>, strategy: Strategy) -> Ring {
    let members = names.iter().map(|number| member(*number)).collect();
    let partitions = Partitions::new(8).unwrap();
    let blueprint = Blueprint { epoch: Epoch(1), strategy, partitions, replicas: 3, members };
    Ring::found(ClusterId(1), Wall(0), blueprint).unwrap()
}

fn next(ring: &Ring, step: &Step) -> Option<Ring> {
    match step {
        Step::Begin(names) => {
            let known = |number: &u8| ring.member(member(*number).seat()).cloned();
            let members = names.iter().map(|number| known(number).unwrap_or(member(*number)));
            ring.begin(Wall(0), members.collect()).ok()
        }
        Step::Settle => ring.is_moving().then(|| ring.settle(Wall(0))),
        Step::Cancel => ring.is_moving().then(|| ring.cancel(Wall(0))),
        Step::Replace(number) => {
            let back = Member { id: NodeId(ring.epoch().0 + 100), ..member(*number) };
            Some(ring.replace(Wall(0), &[back]))
        }
        Step::Depose(numbers) => {
            let seats = numbers.iter().map(|number| member(*number).seat());
            Some(ring.depose(Wall(0), seats.collect()))
        }
        Step::Hold(is_held) => Some(ring.hold(Wall(0), *is_held)),
    }
}

/// All that a request about a partition depends on: owners, targets, primaries, and identities.
type LaidOut = (Vec<Seat>, Option<Vec<Seat>>, Vec<Seat>, Vec<NodeId>);

fn laid_out(ring: &Ring) -> Vec<LaidOut> {
    let of = |partition| {
        let owners = ring.owners(partition, ring.replicas()).to_vec();
        let targets = ring.targets(partition, ring.target_replicas()).map(<[Seat]>::to_vec);
        let primaries = (1..=3).map(|n| ring.primary(partition, n)).collect();
        let both = owners.iter().chain(targets.iter().flatten());
        let ids = both.map(|seat| ring.member(*seat).unwrap().id).collect();
        (owners, targets, primaries, ids)
    };
    ring.partitions().iter().map(of).collect()
}

fn any_strategy() -> impl AnyStrategy<Value = Strategy> {
    prop::sample::select(&[Strategy::Balanced, Strategy::Tokens, Strategy::Rendezvous][..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_chain_goes_on_one_epoch_at_a_time_and_every_ring_of_it_is_whole(
        first in prop::collection::btree_set(0..6_u8, 1..5),
        strategy in any_strategy(),
        steps in prop::collection::vec(step(), 1..20),
    ) {
        let mut ring = founded(&first, strategy);
        for step in steps {
            let Some(after) = next(&ring, &step) else { continue };
            prop_assert_eq!(after.epoch(), ring.epoch().next());
            prop_assert_eq!(after.cluster(), ring.cluster());
            prop_assert_eq!(&Ring::from_parts(after.to_parts()), &Ok(after.clone()));
            ring = after;
        }
    }

    #[test]
    fn a_partition_is_laid_out_anew_just_when_something_about_it_changes(
        first in prop::collection::btree_set(0..6_u8, 1..5),
        strategy in any_strategy(),
        steps in prop::collection::vec(step(), 1..20),
    ) {
        let mut ring = founded(&first, strategy);
        for step in steps {
            let Some(after) = next(&ring, &step) else { continue };
            let (was, is) = (laid_out(&ring), laid_out(&after));
            for partition in ring.partitions().iter() {
                let at = usize::from(partition.0);
                let since = if was[at] == is[at] { ring.since(partition) } else { after.epoch() };
                prop_assert_eq!(after.since(partition), since, "{} {:?}", partition, step);
            }
            ring = after;
        }
    }

    #[test]
    fn what_is_cancelled_is_as_it_was(
        first in prop::collection::btree_set(0..6_u8, 1..5),
        then in prop::collection::btree_set(0..6_u8, 1..5),
        strategy in any_strategy(),
    ) {
        let ring = founded(&first, strategy);
        let moving = next(&ring, &Step::Begin(then)).unwrap();
        prop_assume!(moving.is_moving());
        let cancelled = moving.cancel(Wall(0));
        prop_assert_eq!(cancelled.members(), ring.members());
        prop_assert_eq!(cancelled.to_parts().layout, ring.to_parts().layout);
        prop_assert_eq!(cancelled.voters(), ring.voters());
    }

    #[test]
    fn nobody_comes_or_goes_before_all_has_moved(
        first in prop::collection::btree_set(0..6_u8, 1..5),
        then in prop::collection::btree_set(0..6_u8, 1..5),
    ) {
        let ring = founded(&first, Strategy::Balanced);
        let moving = next(&ring, &Step::Begin(then.clone())).unwrap();
        prop_assume!(moving.is_moving());
        prop_assert_eq!(moving.to_parts().layout, ring.to_parts().layout);
        for member in moving.members() {
            let number = (0..6).find(|number| self::member(*number).name == member.name).unwrap();
            let tenure = match (first.contains(&number), then.contains(&number)) {
                (true, true) => Tenure::Member,
                (false, _) => Tenure::Joining,
                (true, false) => Tenure::Leaving,
            };
            prop_assert_eq!(member.tenure, tenure);
        }
        let settled = moving.settle(Wall(0));
        let names: Vec<_> = then.iter().map(|number| self::member(*number).name).collect();
        let members: Vec<_> = settled.members().iter().map(|it| it.name.clone()).collect();
        prop_assert_eq!(members, names);
    }
}

#[test]
fn a_move_that_is_redirected_starts_from_where_the_owners_are() {
    let ring = founded(&[0, 1, 2].into(), Strategy::Balanced);
    let moving = next(&ring, &Step::Begin([0, 1, 2, 3].into())).unwrap();
    let redirected = next(&moving, &Step::Begin([0, 1, 2].into())).unwrap();
    assert!(!redirected.is_moving());
    assert_eq!(redirected.to_parts().layout, ring.to_parts().layout);
}

#[test]
fn a_recovered_ring_is_far_ahead_and_lost_members_have_no_vote() {
    let ring = founded(&[0, 1, 2].into(), Strategy::Balanced);
    let recovered = ring.recover(Wall(0), &[member(1).seat(), member(2).seat()], member(0).seat());
    assert_eq!(recovered.voters(), [member(0).seat()]);
    assert!(recovered.epoch().0 > 1_000);
    assert_eq!(recovered.members(), ring.members());
}

#[test]
fn voters_are_spread_over_zones() {
    let zoned = |number: u8| {
        let zone = if number < 6 { "a" } else { "b" };
        Member { zone: Some(zone.into()), ..member(number) }
    };
    let blueprint = Blueprint {
        epoch: Epoch(1),
        strategy: Strategy::Balanced,
        partitions: Partitions::new(8).unwrap(),
        replicas: 3,
        members: (0..9).map(zoned).collect(),
    };
    let ring = Ring::found(ClusterId(1), Wall(0), blueprint).unwrap();
    let in_b = (6..9).filter(|number| ring.voters().contains(&zoned(*number).seat()));
    assert_eq!((ring.voters().len(), in_b.count()), (7, 3));
}
