//! How many places each candidate has: handed out one at a time, as seats in a parliament are.
//!
//! Every next place goes to the candidate with the smallest `(2 × places + 1) / weight` (Webster's
//! method, or Sainte-Laguë's). Two candidates of one weight are then never more than one place
//! apart, and when one joins, no other's share rises. Zones come first: each gets its least, and
//! none more than its most.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::id::Seat;
use crate::ring::terms::{Candidate, Terms};

/// How many partitions each candidate shall own.
pub(super) fn shares(terms: &Terms) -> Vec<usize> {
    let mut held = vec![0; terms.candidates.len()];
    terms.past.iter().flatten().for_each(|&owner| held[owner] += 1);
    let shares = vec![0; terms.candidates.len()];
    let mut hand_out = HandOut { terms, held, shares, zones: vec![0; terms.spreads.len()] };
    let least: Vec<_> =
        terms.spreads.iter().map(|spread| spread.least * terms.partitions).collect();
    let most: Vec<_> = terms.spreads.iter().map(|spread| spread.most * terms.partitions).collect();
    hand_out.run(least.iter().sum(), &least);
    hand_out.run(terms.replicas * terms.partitions, &most);
    hand_out.shares
}

/// A claim to one place: the smaller, the better.
#[derive(Clone, Copy, Debug)]
pub(in crate::ring) struct Call {
    twice: u64,
    weight: u64,
}

impl Call {
    /// That of one with `weight` for a place more than the `places` it has.
    pub fn for_next(places: usize, weight: u32) -> Self {
        Self { twice: 2 * places as u64 + 1, weight: weight.into() }
    }

    /// That of one with `weight` for the last of the `places` it has.
    pub fn for_last(places: usize, weight: u32) -> Self {
        Self { twice: (2 * places as u64).saturating_sub(1), weight: weight.into() }
    }
}

impl Ord for Call {
    fn cmp(&self, other: &Self) -> Ordering {
        // At most 2^17 places and 2^32 of weight.
        (self.twice * other.weight).cmp(&(other.twice * self.weight))
    }
}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Call {}

struct HandOut<'a> {
    terms: &'a Terms,
    held: Vec<usize>,
    shares: Vec<usize>,
    /// By zone.
    zones: Vec<usize>,
}

/// Among equal calls one for a place that is held already is heard first: the other is a move.
type Bid = Reverse<(Call, bool, Seat, usize)>;

impl HandOut<'_> {
    /// Hands out places until `total` are gone, to no zone more than its limit.
    fn run(&mut self, total: usize, limits: &[usize]) {
        let mut left = total - self.shares.iter().sum::<usize>();
        let mut bids: BinaryHeap<_> = (0..self.shares.len()).filter_map(|c| self.bid(c)).collect();
        while left > 0 {
            let Reverse((_, _, _, candidate)) = bids.pop().expect("the limits allow the total");
            let zone = self.terms.zone(candidate);
            if self.zones[zone] == limits[zone] {
                continue;
            }
            self.shares[candidate] += 1;
            self.zones[zone] += 1;
            left -= 1;
            bids.extend(self.bid(candidate));
        }
    }

    /// What `candidate` bids for its next place; nothing when it owns every partition.
    fn bid(&self, candidate: usize) -> Option<Bid> {
        let share = self.shares[candidate];
        let is_new = share >= self.held[candidate];
        let Candidate { seat, weight, .. } = self.terms.candidates[candidate];
        (share < self.terms.partitions)
            .then(|| Reverse((Call::for_next(share, weight), is_new, seat, candidate)))
    }
}
