//! The fault budget: how much memory may be lost at once without breaking what is promised.
//!
//! A write that w of N owners acknowledged is promised to last as long as a majority M of them
//! keeps its memory: the quorums that are simulated all have w >= M. So at any time at most N - M
//! owners of a partition may be without their data, be they down or blank. One that was filled
//! again counts as if it had never lost anything, since it was filled from N - M + 1 others
//! (see [`peer_ring_core::copying`]), of which one must hold what it had itself acknowledged.
//!
//! While the ring moves this holds among the owners, and among those who are to be owners: as soon
//! as these have what they need, another ring may have made them the owners, and nobody here knows
//! yet. One of these that never had anything has not lost it.
//!
//! Votes are memory, too. Which ring comes next is decided by more than half of its voters, or by
//! all that are left when half or fewer are lost for good (see [`peer_ring_core::chain`]); so no
//! more than half of them may be. One that crashed without a disk is lost until a ring names its
//! successor.
//!
//! A node that is told to go takes nothing along, if enough stay: as many as hold each record.
//!
//! Lost messages cost nothing: a write that did not reach w owners was not acknowledged. Nor do
//! pauses and cuts: who cannot be reached still has its memory. Whatever they make unavailable is
//! unavailable and not wrong, and is left to the checkers of what happens after the heal.

use peer_ring_core::id::Seat;
use peer_ring_core::ring::Ring;

use crate::world::{NodeIndex, World};

/// Whether `node` may lose its memory now, and start again with what is on its disk.
#[must_use]
pub fn allows_crash(world: &World, node: NodeIndex) -> bool {
    allows_loss(world, node, !world.keeps_votes())
}

/// Whether `node` may lose its memory now, and its disk with it.
#[must_use]
pub fn allows_wipe(world: &World, node: NodeIndex) -> bool {
    allows_loss(world, node, true)
}

/// Whether `node` may lose its memory now, and not come back before the others have gone on
/// without it.
#[must_use]
pub fn allows_eviction(world: &World, node: NodeIndex) -> bool {
    allows_crash(world, node) && enough_stay(world, node)
}

/// Whether `node` may be told to hand over what it has, and go.
#[must_use]
pub fn allows_leave(world: &World, node: NodeIndex) -> bool {
    world.is_up(node) && world.is_named(node) && !world.is_leaving(node) && enough_stay(world, node)
}

fn allows_loss(world: &World, node: NodeIndex, loses_vote: bool) -> bool {
    let Some(ring) = world.ring().filter(|_| world.is_up(node)) else {
        return world.is_up(node);
    };
    let is_enough_data = ring.partitions().iter().all(|partition| {
        let (owners, targets) = (world.owners(partition), world.targets(partition));
        let has_lost = |owner: NodeIndex| owner == node || !world.is_trusted(owner, partition);
        let target_has_lost = |target: NodeIndex| {
            let is_owner = world.owners(partition).any(|owner| owner == target);
            target == node || !world.is_named(target) || is_owner && has_lost(target)
        };
        is_enough(node, owners, has_lost) && is_enough(node, targets, target_has_lost)
    });
    let mut rings = world.ring_without(node).into_iter().chain([ring]);
    is_enough_data && (!loses_vote || rings.all(|ring| enough_vote(world, ring, node)))
}

/// Whether a majority of these would still have their data, or `node` is none of them.
fn is_enough(
    node: NodeIndex,
    owners: impl ExactSizeIterator<Item = NodeIndex>,
    has_lost: impl Fn(NodeIndex) -> bool,
) -> bool {
    let owners: Vec<_> = owners.collect();
    let majority = owners.len() / 2 + 1;
    let lost = owners.iter().filter(|owner| has_lost(**owner)).count();
    !owners.contains(&node) || lost <= owners.len() - majority
}

/// Whether half of the voters at least would still know what they voted for.
fn enough_vote(world: &World, ring: &Ring, node: NodeIndex) -> bool {
    let is_lost = |seat: &&Seat| {
        let member = ring.member(**seat);
        world.index_of(**seat) == node || !member.is_some_and(|member| world.can_vote(member))
    };
    let voters = ring.voters();
    let is_voter = voters.iter().any(|seat| world.index_of(*seat) == node);
    !is_voter || voters.iter().filter(is_lost).count() <= voters.len() / 2
}

/// Whether, without `node`, there would still be as many members as hold each record.
fn enough_stay(world: &World, node: NodeIndex) -> bool {
    let stays =
        |other: &NodeIndex| *other != node && world.is_named(*other) && !world.is_leaving(*other);
    world.up().filter(stays).count() >= usize::from(world.holders())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minority_of_owners_may_be_without_data() {
        let owners = || (0..3).map(NodeIndex);
        let allows = |lost: &[u8]| is_enough(NodeIndex(1), owners(), |o| lost.contains(&o.0));
        assert!(allows(&[]) && allows(&[1]) && !allows(&[0, 1]));
        let stranger = is_enough(NodeIndex(7), owners(), |_| true);
        assert!(stranger, "who owns nothing has nothing to lose");
    }
}
