//! Consistent hashing with virtual nodes, as in Dynamo (DeCandia et al. 2007, section 4.2).
//!
//! Every member puts tokens on the circle of positions, 64 for each unit of its weight, at the
//! hashes of its seat and the token's number. A partition goes to whom the next tokens belong, from
//! the *middle* of its slice onwards round the circle: so most of its keys have the owners that
//! they would have without partitions. Its list are the distinct members in the order of that
//! walk, past those that zones forbid.
//!
//! Tokens cost memory and time, and weights may be any numbers: when the heaviest member would have
//! more than 4,096, all have proportionally fewer, but one at least.
//!
//! The ring owes nothing to its past: a member that leaves and comes back finds what it had. What
//! is promised: without zones, and while no weight is above 64, nothing is copied but what a
//! joining member takes, or what the leaving one had. How much each owns is chance: a member that
//! should own `m` partitions owns about `m`, give or take the root of `m + m² / tokens`.

use xxhash_rust::xxh3::xxh3_64;

use crate::key::Partitions;
use crate::ring::list::list;
use crate::ring::terms::{Candidate, Terms};

/// Tokens for each unit of weight.
pub const TOKENS_PER_WEIGHT: u64 = 64;
/// Most tokens of one member.
pub const TOKENS_MAX: u64 = 4_096;

/// The preference lists, `width` candidates for each partition in order.
pub(super) fn place(terms: &Terms, partitions: Partitions, width: usize) -> Vec<usize> {
    let circle = circle(&terms.candidates);
    let lists = partitions.iter().map(|partition| {
        let middle = partitions.middle(partition).position();
        let next = circle.partition_point(|&(token, _)| token < middle);
        let order = walk(&circle, next, terms.candidates.len());
        list(terms, &order, width)
    });
    lists.flatten().collect()
}

/// All tokens in the order of their positions, each with the candidate it belongs to.
fn circle(candidates: &[Candidate]) -> Vec<(u64, usize)> {
    let heaviest = candidates.iter().map(|candidate| candidate.weight).max().unwrap_or(1);
    let tokens = candidates.iter().enumerate().flat_map(|(at, candidate)| {
        let count = tokens_of(candidate.weight, heaviest);
        (0..count).map(move |number| (token(candidate, number), at))
    });
    let mut circle: Vec<_> = tokens.collect();
    circle.sort_unstable();
    circle
}

/// How many tokens a member of this weight has, beside a heaviest one.
fn tokens_of(weight: u32, heaviest: u32) -> u64 {
    let (weight, heaviest) = (u64::from(weight), u64::from(heaviest));
    if heaviest * TOKENS_PER_WEIGHT <= TOKENS_MAX {
        return weight * TOKENS_PER_WEIGHT;
    }
    (weight * TOKENS_MAX / heaviest).max(1)
}

fn token(candidate: &Candidate, number: u64) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&candidate.seat.0.to_le_bytes());
    bytes[8..].copy_from_slice(&number.to_le_bytes());
    xxh3_64(&bytes)
}

/// The candidates in the order in which a walk from token number `next` first meets them.
fn walk(circle: &[(u64, usize)], next: usize, candidates: usize) -> Vec<usize> {
    let mut is_met = vec![false; candidates];
    let mut order = Vec::with_capacity(candidates);
    let (before, after) = circle.split_at(next);
    for &(_, candidate) in after.iter().chain(before) {
        if !is_met[candidate] {
            is_met[candidate] = true;
            order.push(candidate);
        }
        if order.len() == candidates {
            break;
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_follow_weights_and_are_bounded() {
        assert_eq!(tokens_of(1, 1), 64);
        assert_eq!(tokens_of(3, 64), 192);
        assert_eq!(tokens_of(1_000, 1_000), TOKENS_MAX);
        assert_eq!(tokens_of(250, 1_000), TOKENS_MAX / 4);
        assert_eq!(tokens_of(1, u32::MAX), 1);
    }

    #[test]
    fn a_walk_goes_round_the_circle_and_meets_everyone_once() {
        let circle = [(10, 0), (20, 1), (30, 0), (40, 2)];
        assert_eq!(walk(&circle, 2, 3), [0, 2, 1]);
        assert_eq!(walk(&circle, 4, 3), [0, 1, 2]);
    }
}
