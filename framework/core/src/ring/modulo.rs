//! Shards dealt to members in turn, like cards.
//!
//! The partitions are the shards here, and their number need not be a power of two. First the
//! primaries of all shards are dealt, then all second owners, and so on: each to the member that
//! has the fewest for its weight, the first by name among equals. With as many equal members as
//! shards times owners, member number `i` so owns the shard `i mod shards` and no other. With any
//! number, the primary of shard `s` is member number `s mod members`. The fallbacks follow the last
//! owner by name.
//!
//! A key's shard is its position scaled down to the number of shards, rather than the rest of a
//! division: as even, and each shard is one slice of the positions, as scans need it.
//!
//! What is promised: seats of one weight differ by two partitions at most when there are no zones.
//! A change of members deals anew, which moves nearly everything: it suits clusters whose members
//! hardly ever change, and who wish to work out by hand who owns what.

use std::collections::BTreeSet;

use crate::ring::balanced::share::Call;
use crate::ring::list::list;
use crate::ring::terms::Terms;

/// The preference lists, `width` candidates for each partition in order.
pub(super) fn place(terms: &Terms, width: usize) -> Vec<usize> {
    let owners = deal(terms);
    let count = terms.candidates.len();
    let lists = owners.into_iter().map(|mut order| {
        let last = order[order.len() - 1];
        let next = (1..count).map(|step| (last + step) % count);
        let rest: Vec<_> = next.filter(|candidate| !order.contains(candidate)).collect();
        order.extend(rest);
        list(terms, &order, width)
    });
    lists.flatten().collect()
}

/// The owners of each partition in the order in which they were dealt.
fn deal(terms: &Terms) -> Vec<Vec<usize>> {
    let mut owners = vec![Vec::with_capacity(terms.replicas); terms.partitions];
    let mut owned = vec![0; terms.candidates.len()];
    let turn = |owned: &[usize], candidate: usize| {
        (Call::for_next(owned[candidate], terms.candidates[candidate].weight), candidate)
    };
    let mut turns: BTreeSet<_> = (0..owned.len()).map(|at| turn(&owned, at)).collect();
    for _ in 0..terms.replicas {
        for owners in &mut owners {
            let mut in_turn = turns.iter().map(|&(_, candidate)| candidate);
            let next = in_turn.find(|&candidate| terms.may_join(owners, candidate));
            let next = next.expect("the spreads allow as many owners as a partition has");
            turns.remove(&turn(&owned, next));
            owned[next] += 1;
            turns.insert(turn(&owned, next));
            owners.push(next);
        }
    }
    owners
}
