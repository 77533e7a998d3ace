//! The definition taken at its word: every order of the operations is tried.

use super::super::{Operation, prefix, returns_in_order};

/// How many returns the shortest prefix without an explanation has; `None` if all is explained.
pub(super) fn shortest_unexplained(operations: &[Operation]) -> Option<usize> {
    let returns = returns_in_order(operations).len();
    let shortest = (1..=returns).find(|&returns| !is_explained(&prefix(operations, returns)));
    assert_eq!(shortest.is_none(), is_explained(operations), "cuts after returns are enough");
    shortest
}

fn is_explained(operations: &[Operation]) -> bool {
    some_order(&mut operations.to_vec(), 0, &|order| {
        // What never returned may never happen: a tail of such operations is no part of the order.
        let happened = order.iter().rposition(|operation| operation.returned.is_some());
        let order = &order[..happened.map_or(0, |last| last + 1)];
        keeps_real_time(order) && explains_the_reads(order)
    })
}

/// Whether some order of `operations[fixed..]` behind `operations[..fixed]` is good.
fn some_order(
    operations: &mut [Operation],
    fixed: usize,
    is_good: &dyn Fn(&[Operation]) -> bool,
) -> bool {
    if fixed == operations.len() {
        return is_good(operations);
    }
    (fixed..operations.len()).any(|next| {
        operations.swap(fixed, next);
        let found = some_order(operations, fixed + 1, is_good);
        operations.swap(fixed, next);
        found
    })
}

fn keeps_real_time(order: &[Operation]) -> bool {
    order.iter().enumerate().all(|(index, early)| {
        let returned_before = |late: &Operation| late.returned.is_some_and(|at| at < early.invoked);
        !order[index + 1..].iter().any(returned_before)
    })
}

fn explains_the_reads(order: &[Operation]) -> bool {
    let mut register = None;
    order.iter().all(|operation| {
        register = operation.writes().unwrap_or(register);
        operation.reads().is_none_or(|seen| seen == register)
    })
}
