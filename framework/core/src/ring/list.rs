//! From an order of preference to a preference list: the strategies that keep no shares agree on
//! how zones bend their order.

use crate::ring::terms::Terms;

/// The first `width` of the list that comes of `order`, which has every candidate once, the most
/// preferred first.
///
/// Owners are taken in that order, past those that zones forbid; the very first is never one of
/// them. The first fallback is the next of those whose zone has the fewest of the owners, and the
/// others follow in order.
pub(super) fn list(terms: &Terms, order: &[usize], width: usize) -> Vec<usize> {
    let mut list = Vec::with_capacity(width);
    let mut rest = Vec::with_capacity(order.len());
    // Who may not join now may not later: zones only fill up. So one pass finds all owners.
    for &candidate in order {
        let is_owner = terms.may_join(&list, candidate);
        if is_owner { list.push(candidate) } else { rest.push(candidate) }
    }
    assert_eq!(list.len(), terms.replicas, "the spreads allow as many owners as there must be");
    if list.len() == width {
        return list;
    }
    let crowd = |at: &usize| terms.crowd(&list, terms.zone(rest[*at]));
    let apart = (0..rest.len()).min_by_key(crowd).expect("the list is wider than its owners");
    list.push(rest.remove(apart));
    list.extend(rest.into_iter().take(width - list.len()));
    list
}
