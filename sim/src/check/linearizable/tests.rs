//! What the checker must see and must not see, told in the smallest histories that can show it.

use super::*;

mod brute;
mod properties;
mod speed;
mod worlds;

fn done(invoked: u64, returned: u64, action: Action) -> Operation {
    Operation { process: 0, invoked, returned: Some(returned), action }
}

fn open(invoked: u64, action: Action) -> Operation {
    Operation { process: 0, invoked, returned: None, action }
}

fn write(value: u64) -> Action {
    Action::Write { value }
}

fn read(value: u64) -> Action {
    Action::Read { value: Some(value) }
}

const READ_ABSENT: Action = Action::Read { value: None };

const ONE_STATE: Limit = Limit { states_per_key_max: 1 };

fn verdict(operations: &[Operation]) -> Verdict<u64> {
    check(&operations.iter().map(|operation| (0, *operation)).collect(), Limit::default())
}

/// Asks both paths; the fast one may pass.
fn is_linearizable(operations: &[Operation]) -> bool {
    let operations = in_order_of_invocation(operations);
    let by_search = check_by_search(&operations, Limit::default());
    if let Some(by_zones) = check_by_zones(&operations) {
        assert_eq!(by_zones, by_search, "the two paths agree");
    }
    assert_ne!(by_search, RegisterVerdict::Unknown);
    by_search == RegisterVerdict::Linearizable
}

#[test]
fn an_empty_history_is_linearizable() {
    assert_eq!(check(&History::<u64>::new(), Limit::default()), Verdict::Linearizable);
    assert!(is_linearizable(&[]));
}

#[test]
fn a_lone_write_or_delete_is_linearizable() {
    for action in [write(1), Action::Delete] {
        assert!(is_linearizable(&[done(1, 2, action)]));
        assert!(is_linearizable(&[open(1, action)]));
    }
}

#[test]
fn a_lone_read_sees_the_absence() {
    assert!(is_linearizable(&[done(1, 2, READ_ABSENT)]));
    assert!(!is_linearizable(&[done(1, 2, read(1))]));
}

#[test]
fn a_read_without_an_answer_claims_nothing() {
    assert!(is_linearizable(&[open(1, read(1))]));
}

#[test]
fn a_value_never_written_is_found_out() {
    assert!(!is_linearizable(&[done(1, 2, write(1)), done(3, 4, read(2))]));
}

#[test]
fn a_value_read_before_it_was_written_is_found_out() {
    assert!(!is_linearizable(&[done(1, 2, read(1)), done(3, 4, write(1))]));
}

#[test]
fn a_stale_read_is_found_out() {
    let stale = [done(1, 2, write(1)), done(3, 4, write(2)), done(5, 6, read(1))];
    assert!(!is_linearizable(&stale));
}

#[test]
fn a_lost_update_is_found_out() {
    let lost = [done(1, 2, write(1)), done(3, 4, READ_ABSENT)];
    assert!(!is_linearizable(&lost));
}

#[test]
fn two_reads_that_go_back_in_time_are_found_out() {
    let first = done(1, 2, write(1));
    let second = done(3, 20, write(2));
    let new_then_old = [first, second, done(5, 6, read(2)), done(7, 8, read(1))];
    let old_then_new = [first, second, done(5, 6, read(1)), done(7, 8, read(2))];
    assert!(!is_linearizable(&new_then_old));
    assert!(is_linearizable(&old_then_new));
}

#[test]
fn a_read_may_see_either_side_of_a_concurrent_write() {
    let writes = [done(1, 2, write(1)), done(3, 10, write(2))];
    for seen in [1, 2] {
        assert!(is_linearizable(&[writes[0], writes[1], done(4, 5, read(seen))]));
    }
}

#[test]
fn two_readers_cannot_see_two_concurrent_writes_in_opposite_orders() {
    let writes = [done(1, 20, write(1)), done(1, 20, write(2))];
    let one = [done(2, 3, read(1)), done(6, 7, read(2))];
    let other = [done(4, 5, read(2)), done(8, 9, read(1))];
    assert!(is_linearizable(&[writes, one].concat()));
    assert!(is_linearizable(&[writes, other].concat()));
    assert!(!is_linearizable(&[writes, one, other].concat()));
}

#[test]
fn a_deleted_value_that_comes_back_is_found_out() {
    let deleted = [done(1, 2, write(1)), done(3, 4, Action::Delete), done(5, 6, READ_ABSENT)];
    assert!(is_linearizable(&deleted));
    assert!(!is_linearizable(&[&deleted[..], &[done(7, 8, read(1))]].concat()));
}

#[test]
fn a_value_written_twice_may_be_read_after_either() {
    let twice = [
        done(1, 2, write(1)),
        done(3, 4, read(1)),
        done(5, 6, write(2)),
        done(7, 8, write(1)),
        done(9, 10, read(1)),
    ];
    assert!(is_linearizable(&twice));
    assert!(!is_linearizable(&[&twice[..3], &twice[4..]].concat()));
}

#[test]
fn what_two_concurrent_writes_leave_depends_on_their_order() {
    let both = [done(1, 4, write(1)), done(2, 5, write(2))];
    for (last, other) in [(1, 2), (2, 1)] {
        let then = [done(6, 7, read(last)), done(8, 9, write(other)), done(10, 11, read(other))];
        assert!(is_linearizable(&[&both[..], &then[..]].concat()));
    }
}

#[test]
fn a_write_of_unknown_outcome_may_happen_late_or_never() {
    let written = [open(1, write(1)), done(2, 3, write(2)), done(4, 5, read(2))];
    assert!(is_linearizable(&written));
    assert!(is_linearizable(&[&written[..], &[done(6, 7, read(1))]].concat()));
}

#[test]
fn a_write_of_unknown_outcome_happens_at_most_once() {
    let once = [
        open(1, write(1)),
        done(2, 3, read(1)),
        done(4, 5, write(2)),
        done(6, 7, read(2)),
        done(8, 9, read(1)),
    ];
    assert!(!is_linearizable(&once));
    assert!(is_linearizable(&[&[open(1, write(1))], &once[..]].concat()));
}

#[test]
fn a_write_of_unknown_outcome_cannot_happen_before_its_call() {
    assert!(!is_linearizable(&[done(1, 2, read(1)), open(3, write(1))]));
}

#[test]
fn equal_stamps_are_concurrent() {
    let touching = [done(1, 5, read(1)), done(5, 6, write(1))];
    assert!(is_linearizable(&touching));
    assert!(!is_linearizable(&[done(1, 4, read(1)), done(5, 6, write(1))]));
}

#[test]
fn the_prefix_ends_with_the_return_that_nothing_explains() {
    let in_flight = done(5, 50, write(3));
    let history = [
        done(1, 2, write(1)),
        done(3, 4, write(2)),
        in_flight,
        done(6, 40, read(3)),
        done(7, 8, read(1)),
        done(9, 10, read(1)),
        done(9, 12, write(4)),
    ];
    let prefix = vec![
        done(1, 2, write(1)),
        done(3, 4, write(2)),
        Operation { returned: None, ..in_flight },
        done(7, 8, read(1)),
    ];
    assert_eq!(verdict(&history), Verdict::NotLinearizable { key: 0, prefix });
}

#[test]
fn the_first_guilty_key_is_named_and_the_others_stay_out_of_it() {
    let stale = |key| [(key, done(1, 2, write(1))), (key, done(3, 4, READ_ABSENT))];
    let fine = [(1, done(1, 2, write(5))), (1, done(3, 4, read(5)))];
    let history: History<u64> = [stale(9), fine, stale(4)].into_iter().flatten().collect();
    let prefix = vec![done(1, 2, write(1)), done(3, 4, READ_ABSENT)];
    let verdict = check(&history, Limit::default());
    assert_eq!(verdict, Verdict::NotLinearizable { key: 4, prefix });
}

/// Needs the search: "absent" has two writers, the delete and the beginning.
fn deleted(key: u64) -> [(u64, Operation); 3] {
    [done(1, 2, write(1)), done(3, 4, Action::Delete), done(5, 6, READ_ABSENT)]
        .map(|operation| (key, operation))
}

#[test]
fn reaching_the_limit_is_unknown_and_never_ok() {
    let history: History<u64> = deleted(3).into_iter().chain(deleted(7)).collect();
    assert_eq!(check(&history, ONE_STATE), Verdict::Unknown { key: 3 });
    assert_eq!(check(&history, Limit::default()), Verdict::Linearizable);
}

#[test]
fn a_guilty_key_outweighs_one_that_was_given_up() {
    let guilty = (8, done(1, 2, read(1)));
    let history: History<u64> = deleted(3).into_iter().chain([guilty]).collect();
    let prefix = vec![guilty.1];
    assert_eq!(check(&history, ONE_STATE), Verdict::NotLinearizable { key: 8, prefix });
}

#[test]
#[should_panic(expected = "returns after its call")]
fn an_operation_that_returns_before_its_call_is_refused() {
    History::new().record(0, done(2, 1, write(1)));
}
