//! Laws that every strategy of placement keeps, tried on stories of what operators do to a cluster.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::id::{NodeName, PartitionId, Seat};
use crate::ring::balanced::laws::view::View;
use crate::ring::story::{partitions_of, rings, story};
use crate::ring::tests::ring_by;
use crate::ring::{Member, Ring, Strategy as Placement};

fn any_placement() -> impl Strategy<Value = Placement> {
    prop::sample::select(&Placement::ALL[..])
}

/// Those by which a member's partitions depend on nothing but the members of now.
fn by_hash() -> impl Strategy<Value = Placement> {
    prop::sample::select(&[Placement::Tokens, Placement::Rendezvous][..])
}

/// Up to twelve members of weight 1 without zones, of any names.
fn equals() -> impl Strategy<Value = Vec<Member>> {
    let member = |number: u32| Member::new(NodeName::new(&format!("m{number}")).unwrap());
    let numbers = prop::collection::btree_set(any::<u32>(), 2..=12);
    numbers.prop_map(move |numbers| numbers.into_iter().map(member).collect())
}

/// The owners of a partition that it does not have in the other ring.
fn newcomers(ring: &Ring, other: &Ring, partition: PartitionId) -> Vec<Seat> {
    let there = other.owners(partition, other.replicas());
    let here = ring.owners(partition, ring.replicas()).iter();
    here.filter(|owner| !there.contains(owner)).copied().collect()
}

/// Who is a member of one ring only, or another one in each.
fn changed(ring: &Ring, previous: &Ring) -> BTreeSet<Seat> {
    let differs = |one: &Ring, other: &Ring| -> Vec<Seat> {
        let those = one.members().iter().filter(|member| !other.members().contains(member));
        those.map(|member| member.name.seat()).collect()
    };
    differs(ring, previous).into_iter().chain(differs(previous, ring)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_list_names_every_owning_seat_once_and_no_gateway(
        placement in any_placement(),
        story in story(0..5_u8),
    ) {
        for (ring, _) in rings(placement, story) {
            let owning = ring.members().iter().filter(|member| member.weight > 0);
            let owning: BTreeSet<_> = owning.map(|member| member.name.seat()).collect();
            for partition in ring.partitions().iter() {
                let list = ring.preference(partition);
                prop_assert_eq!(list.len(), owning.len());
                prop_assert_eq!(list.iter().copied().collect::<BTreeSet<_>>(), owning.clone());
                let owners = ring.owners(partition, ring.replicas()).len();
                match placement {
                    Placement::Full => prop_assert_eq!(owners, owning.len()),
                    Placement::Balanced
                    | Placement::Tokens
                    | Placement::Rendezvous
                    | Placement::Modulo => {
                        prop_assert_eq!(owners, owning.len().min(ring.replicas().into()));
                    }
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_members_does_not_matter(
        placement in any_placement(),
        story in story(0..5_u8),
    ) {
        for (ring, previous) in rings(placement, story) {
            let mut members = ring.members().to_vec();
            members.reverse();
            let (count, n) = (ring.partitions().count(), ring.replicas());
            let other = ring_by(placement, &members, count, n, previous.as_ref());
            prop_assert_eq!(&other.parts.layout, &ring.parts.layout);
        }
    }

    #[test]
    fn owners_are_spread_over_zones_as_evenly_as_these_have_members(
        placement in any_placement(),
        story in story(0..5_u8),
    ) {
        for (ring, _) in rings(placement, story) {
            let view = View::new(&ring, None);
            for partition in 0..view.owners.len() {
                for (one, other) in view.pairs() {
                    let (many, few) = (view.crowd(partition, one), view.crowd(partition, other));
                    prop_assert!(many <= few + 1 || few == view.zone_size(other));
                }
            }
        }
    }

    #[test]
    fn the_first_fallback_stands_where_the_fewest_owners_do(
        placement in any_placement(),
        story in story(0..5_u8),
    ) {
        for (ring, _) in rings(placement, story) {
            let view = View::new(&ring, None);
            let index = |seat| view.terms.candidates.iter().position(|c| c.seat == seat).unwrap();
            for partition in ring.partitions().iter() {
                let at = usize::from(partition.0);
                let fallbacks = &ring.preference(partition)[view.owners[at].len()..];
                let mut crowds = fallbacks.iter().map(|&seat| view.crowd(at, index(seat)));
                prop_assert_eq!(crowds.clone().min(), crowds.next());
            }
        }
    }

    #[test]
    fn all_but_the_balanced_owe_nothing_to_the_past(
        placement in any_placement(),
        story in story(0..5_u8),
    ) {
        prop_assume!(placement != Placement::Balanced);
        for (ring, _) in rings(placement, story) {
            let (count, n) = (ring.partitions().count(), ring.replicas());
            let afresh = ring_by(placement, ring.members(), count, n, None);
            prop_assert_eq!(&afresh.parts.layout, &ring.parts.layout);
        }
    }

    #[test]
    fn without_zones_only_who_changed_gains_or_loses(
        placement in by_hash(),
        story in story(Just(0)),
    ) {
        for (ring, previous) in rings(placement, story) {
            let Some(previous) = previous else { continue };
            let changed = changed(&ring, &previous);
            for partition in ring.partitions().iter() {
                let gained = newcomers(&ring, &previous, partition);
                let lost = newcomers(&previous, &ring, partition);
                prop_assert!(gained.len() <= changed.len() && lost.len() <= changed.len());
                let mut concerned = gained.iter().chain(&lost);
                let is_still = gained.is_empty() && lost.is_empty();
                prop_assert!(is_still || concerned.any(|seat| changed.contains(seat)));
            }
        }
    }

    #[test]
    fn zones_never_cost_the_most_preferred_its_lead(
        placement in by_hash(),
        story in story(0..5_u8),
    ) {
        for (ring, _) in rings(placement, story) {
            let apart = |member: &Member| Member { zone: None, ..member.clone() };
            let members: Vec<_> = ring.members().iter().map(apart).collect();
            let (count, n) = (ring.partitions().count(), ring.replicas());
            let nowhere = ring_by(placement, &members, count, n, None);
            for partition in ring.partitions().iter() {
                prop_assert_eq!(ring.preference(partition)[0], nowhere.preference(partition)[0]);
            }
        }
    }

    #[test]
    fn shards_are_dealt_to_equals_but_for_two(members in equals(), n in 1..=5_u8) {
        let ring = ring_by(Placement::Modulo, &members, partitions_of(Placement::Modulo), n, None);
        let owned: Vec<_> = ring.balance().iter().map(|load| load.owned).collect();
        prop_assert!(owned.iter().max().unwrap() - owned.iter().min().unwrap() <= 2);
    }

    /// Six times the deviation that chance would have: of (m + m²/64) for tokens, where each
    /// member has 64, and of m for rendezvous.
    #[test]
    fn equals_own_as_much_as_chance_allows(
        placement in by_hash(),
        members in equals(),
        n in 1..=5_u8,
    ) {
        let ring = ring_by(placement, &members, 256, n, None);
        let count = i64::try_from(members.len()).unwrap();
        let total = 256 * i64::from(n).min(count);
        let by_place = total * count;
        let by_token = if placement == Placement::Tokens { total * total / 64 } else { 0 };
        for load in ring.balance() {
            let off = i64::try_from(load.owned).unwrap() * count - total;
            prop_assert!(off * off <= 36 * (by_place + by_token), "{load:?} of {total}");
        }
    }
}

#[test]
fn with_zones_a_joining_member_moves_little_more_than_its_share() {
    for placement in [Placement::Balanced, Placement::Tokens, Placement::Rendezvous] {
        let members = crate::ring::tests::zoned(13, 4);
        let before = ring_by(placement, &members[..12], 256, 3, None);
        let after = ring_by(placement, &members, 256, 3, Some(&before));
        let gained = after.moves(&before).gained;
        let joined = after.owned_by(members[12].name.seat()).count();
        assert!(gained <= 2 * joined, "{placement}: {gained} moves for {joined} owned");
    }
}
