//! The highest random weight: the seats that stand nearest to a partition own it.
//!
//! *Rendezvous* hashing (Thaler & Ravishankar 1998), weighted by `-log(hash) / weight` (Schindelhauer
//! & Schomaker 2005), in integers: the distance of a partition from a seat depends on the two and
//! the seat's weight alone. So the ring owes nothing to its past: a member that leaves and comes
//! back finds what it had, in whatever order other things happened.
//!
//! What is promised: without zones nothing is copied but what a joining member takes, or what the
//! leaving one had. How much each owns is chance: a member that should own `m` partitions owns, as
//! dice fall, about `m` give or take the root of `m`.

use crate::ring::list::list;
use crate::ring::terms::Terms;

/// The preference lists, `width` candidates for each partition in order.
pub(super) fn place(terms: &Terms, width: usize) -> Vec<usize> {
    let lists = (0..terms.partitions).map(|partition| {
        let distance = |candidate| terms.distance(candidate, partition);
        let mut order: Vec<_> = (0..terms.candidates.len()).map(distance).collect();
        order.sort_unstable();
        let order: Vec<_> = order.into_iter().map(|(_, candidate)| candidate).collect();
        list(terms, &order, width)
    });
    lists.flatten().collect()
}
