//! Laws of placement, tried on stories of what operators do to a cluster.

pub(in crate::ring) mod view;

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::ring::balanced::share::Call;
use crate::ring::balanced::tests::ring;
use crate::ring::story::{self, PARTITIONS, Story, gained, story};
use crate::ring::tests::members;
use crate::ring::{Member, Ring, Strategy as Placement};
use view::View;

/// Copies above the fewest that one change may cost: of 960,000 changes none cost more than 8.
const COPIES_SLACK: usize = 16;

/// Up to twelve equal members, one of whom comes or goes.
fn equals() -> impl Strategy<Value = (Vec<Member>, usize)> {
    (2..=12_usize).prop_flat_map(|count| (Just(members(count)), 0..count))
}

fn rings(story: Story) -> Vec<(Ring, Option<Ring>)> {
    story::rings(Placement::Balanced, story)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_partition_could_go_where_more_are_due_unless_zones_forbid(story in story(0..5_u8)) {
        for (ring, _) in rings(story) {
            let view = View::new(&ring, None);
            for (giver, taker) in view.pairs() {
                let last = Call::for_last(view.owned[giver], view.weight(giver));
                let next = Call::for_next(view.owned[taker], view.weight(taker));
                let owns_all = view.owned[taker] == view.terms.partitions;
                prop_assert!(last <= next || owns_all || !view.zones_allow(giver, taker));
            }
        }
    }

    #[test]
    fn without_zones_equal_members_differ_by_one_at_most(story in story(Just(0))) {
        for (ring, _) in rings(story) {
            let view = View::new(&ring, None);
            for (one, other) in view.pairs() {
                if view.weight(one) == view.weight(other) {
                    prop_assert!(view.owned[one].abs_diff(view.owned[other]) <= 1);
                    prop_assert!(view.led[one].abs_diff(view.led[other]) <= 1);
                }
            }
        }
    }

    #[test]
    fn no_chain_of_leads_could_bring_two_nearer_to_their_weights(story in story(0..5_u8)) {
        for (ring, _) in rings(story) {
            let view = View::new(&ring, None);
            for giver in 0..view.led.len() {
                let last = Call::for_last(view.led[giver], view.weight(giver));
                for taker in view.may_come_to_lead(giver) {
                    prop_assert!(last <= Call::for_next(view.led[taker], view.weight(taker)));
                }
            }
        }
    }

    #[test]
    fn no_more_is_copied_than_must_be_but_for_a_few(story in story(0..5_u8)) {
        for (ring, previous) in rings(story) {
            let view = View::new(&ring, previous.as_ref());
            let copies = view.copies();
            prop_assert!(copies <= view.fewest_copies() + COPIES_SLACK);
        }
    }

    #[test]
    fn only_an_equal_that_joins_is_given_anything((members, at) in equals(), n in 1..=5_u8) {
        let mut others = members.clone();
        let joins = others.remove(at).name.seat();
        let before = ring(&others, PARTITIONS, n, None);
        let after = ring(&members, PARTITIONS, n, Some(&before));
        prop_assert!(gained(&after, &before).is_subset(&BTreeSet::from([joins])));
    }

    #[test]
    fn only_from_an_equal_that_leaves_is_anything_taken((members, at) in equals(), n in 1..=5_u8) {
        let before = ring(&members, PARTITIONS, n, None);
        let mut others = members.clone();
        let leaves = others.remove(at).name.seat();
        let after = ring(&others, PARTITIONS, n, Some(&before));
        prop_assert!(gained(&before, &after).is_subset(&BTreeSet::from([leaves])));
    }

    #[test]
    fn what_is_in_place_stays_there(story in story(0..5_u8)) {
        for (ring, _) in rings(story) {
            let again = self::ring(ring.members(), PARTITIONS, ring.replicas(), Some(&ring));
            prop_assert_eq!(&again, &ring);
        }
    }
}
