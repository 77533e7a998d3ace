//! How many places each candidate has: handed out one at a time, as seats in a parliament are.
//!
//! Every next place goes to the candidate that it leaves nearest to its proportion: the one with
//! the smallest `(2 × places + 1) / weight` (Webster's method, or Sainte-Laguë's). Two candidates of
//! one weight are never more than one place apart, and when a member joins, nobody else's
//! share rises. Zones come first: each gets its least, and none more than its most.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::id::Seat;
use crate::ring::balanced::terms::Terms;

/// How many partitions each candidate shall own.
pub(super) fn shares(terms: &Terms) -> Vec<usize> {
    let mut held = vec![0; terms.candidates.len()];
    for owner in terms.past.iter().flatten() {
        held[*owner] += 1;
    }
    let mut hand_out =
        HandOut { terms, held, shares: vec![0; terms.candidates.len()], zones: vec![0; terms.spreads.len()] };
    let least: Vec<_> = terms.spreads.iter().map(|spread| spread.least * terms.partitions).collect();
    let most: Vec<_> = terms.spreads.iter().map(|spread| spread.most * terms.partitions).collect();
    hand_out.run(least.iter().sum(), &least);
    hand_out.run(terms.replicas * terms.partitions, &most);
    hand_out.shares
}

struct HandOut<'a> {
    terms: &'a Terms,
    held: Vec<usize>,
    shares: Vec<usize>,
    zones: Vec<usize>,
}

impl HandOut<'_> {
    /// Hands out places until `total` are gone, to no zone more than its limit.
    fn run(&mut self, total: usize, limits: &[usize]) {
        let mut left = total - self.shares.iter().sum::<usize>();
        let mut bids: BinaryHeap<_> = (0..self.shares.len()).filter_map(|c| self.bid(c)).collect();
        while left > 0 {
            let Bid { candidate, .. } = bids.pop().expect("the limits add up to the total");
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

    fn bid(&self, candidate: usize) -> Option<Bid> {
        let share = self.shares[candidate];
        (share < self.terms.partitions).then(|| Bid {
            claim: 2 * share as u64 + 1,
            weight: self.terms.candidates[candidate].weight.into(),
            holds: share < self.held[candidate],
            seat: self.terms.candidates[candidate].seat,
            candidate,
        })
    }
}

/// A candidate's call for its next place; the greatest is heard.
struct Bid {
    claim: u64,
    weight: u64,
    /// Whether it has that place already: an equal bid of one that does not would be a move.
    holds: bool,
    seat: Seat,
    candidate: usize,
}

impl Ord for Bid {
    fn cmp(&self, other: &Self) -> Ordering {
        let mine = self.claim * other.weight;
        let theirs = other.claim * self.weight;
        theirs
            .cmp(&mine)
            .then(self.holds.cmp(&other.holds))
            .then(other.seat.cmp(&self.seat))
    }
}

impl PartialOrd for Bid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bid {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bid {}
