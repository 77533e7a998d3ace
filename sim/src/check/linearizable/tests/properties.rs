//! The checker against brute force, its two paths against each other, and both against histories
//! that are linearizable by construction.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::*;
use super::brute::shortest_unexplained;
use super::worlds::*;

const NO_LIMIT: Limit = Limit { states_per_key_max: usize::MAX };

fn expected(operations: &[Operation]) -> RegisterVerdict {
    match shortest_unexplained(operations) {
        None => RegisterVerdict::Linearizable,
        Some(returns) => RegisterVerdict::NotLinearizable { prefix: prefix(operations, returns) },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_search_finds_what_brute_force_finds(operations in any_history(6)) {
        prop_assert_eq!(check_by_search(&operations, NO_LIMIT), expected(&operations));
    }

    #[test]
    fn the_zones_find_what_brute_force_finds(operations in any_history(6)) {
        let operations = with_unique_values(operations);
        prop_assert_eq!(check_by_zones(&operations), Some(expected(&operations)));
    }

    #[test]
    fn where_the_zones_answer_at_all_they_find_what_brute_force_finds(
        operations in any_history(5),
    ) {
        if let Some(by_zones) = check_by_zones(&operations) {
            prop_assert_eq!(by_zones, expected(&operations));
        }
    }

    #[test]
    fn a_small_lie_is_seen_through_as_by_brute_force(
        turns in turns(4, 6, all_wishes()),
        few in any::<bool>(),
        liar: Index,
        source: Index,
    ) {
        let values = if few { Values::Few(2) } else { Values::Unique };
        let operations = with_a_lie(atomic_register(&turns, values), liar, source);
        prop_assert_eq!(check_register(&operations, NO_LIMIT), expected(&operations));
        prop_assert_eq!(check_by_search(&operations, NO_LIMIT), expected(&operations));
    }

    #[test]
    fn zones_and_search_agree_on_unique_values(
        turns in turns(5, 60, writes_and_reads()),
        liar: Index,
        source: Index,
    ) {
        let operations = with_a_lie(atomic_register(&turns, Values::Unique), liar, source);
        let by_zones = check_by_zones(&operations);
        prop_assert_eq!(by_zones, Some(check_by_search(&operations, NO_LIMIT)));
    }

    #[test]
    fn an_atomic_register_is_linearizable(
        turns in turns(8, 200, all_wishes()),
        few in any::<bool>(),
    ) {
        let values = if few { Values::Few(4) } else { Values::Unique };
        let operations = atomic_register(&turns, values);
        prop_assert_eq!(check_register(&operations, NO_LIMIT), RegisterVerdict::Linearizable);
    }

    #[test]
    fn a_counter_example_is_guilty_and_shorter_by_one_return_it_is_not(
        turns in turns(6, 80, all_wishes()),
        liar: Index,
        source: Index,
    ) {
        let operations = with_a_lie(atomic_register(&turns, Values::Few(5)), liar, source);
        if let RegisterVerdict::NotLinearizable { prefix: guilty } =
            check_register(&operations, NO_LIMIT)
        {
            let repeated = RegisterVerdict::NotLinearizable { prefix: guilty.clone() };
            prop_assert_eq!(check_register(&guilty, NO_LIMIT), repeated);
            let returns = returns_in_order(&guilty).len();
            if returns > 1 {
                let shorter = prefix(&guilty, returns - 1);
                prop_assert_eq!(check_register(&shorter, NO_LIMIT), RegisterVerdict::Linearizable);
            }
        }
    }

    #[test]
    fn a_limit_makes_the_answer_unknown_or_leaves_it(
        operations in any_history(12),
        states_per_key_max in 0..12_usize,
    ) {
        let limited = check_register(&operations, Limit { states_per_key_max });
        if limited != RegisterVerdict::Unknown {
            prop_assert_eq!(limited, check_register(&operations, NO_LIMIT));
        }
    }
}
