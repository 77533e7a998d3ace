//! The fault budget: how much memory may be lost at once without breaking what is promised.
//!
//! A write that w of N owners acknowledged is promised to last as long as a majority M of them
//! keeps its memory: the quorums that are simulated all have w >= M. So at any time at most N - M
//! owners of a partition may be without their data, be they down or blank. One that was filled
//! again counts as if it had never lost anything, since it was filled from N - M + 1 others
//! (see [`peer_ring_core::fill`]), of which one must hold what it had itself acknowledged.
//!
//! Lost messages cost nothing: a write that did not reach w owners was not acknowledged. Nor do
//! pauses and cuts: who cannot be reached still has its memory. Whatever they make unavailable is
//! unavailable and not wrong, and is left to the checkers of what happens after the heal.

use crate::world::{NodeIndex, World};

/// Whether `node` may lose its memory now.
#[must_use]
pub fn allows_crash(world: &World, node: NodeIndex) -> bool {
    let partitions = world.cluster().ring.partitions;
    world.is_up(node)
        && partitions.iter().all(|partition| {
            let owners: Vec<_> = world.owners(partition).collect();
            let majority = owners.len() / 2 + 1;
            let has_lost =
                |owner: &&NodeIndex| **owner == node || !world.is_trusted(**owner, partition);
            !owners.contains(&node)
                || owners.iter().filter(has_lost).count() <= owners.len() - majority
        })
}
