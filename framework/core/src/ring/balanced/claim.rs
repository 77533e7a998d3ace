//! Who owns each partition: kept where it can be, filled by rendezvous, levelled to the shares.

use crate::ring::balanced::chain::Link;
use crate::ring::balanced::level;
use crate::ring::terms::Terms;

/// The owners of each partition, in no order that means anything: every candidate owns as many
/// partitions as its share is, and every partition's owners are spread over zones as they must be.
pub(super) fn owners(terms: &Terms, shares: &[usize]) -> Vec<Vec<usize>> {
    let mut claims = Claims {
        terms,
        shares,
        owners: vec![Vec::with_capacity(terms.replicas); terms.partitions],
        owned: vec![Vec::new(); shares.len()],
    };
    claims.keep();
    claims.fill();
    level::level(&mut claims);
    claims.owners
}

/// A placement in the making.
pub(super) struct Claims<'a> {
    pub terms: &'a Terms,
    /// By candidate: how many partitions it shall own.
    pub shares: &'a [usize],
    /// By partition.
    pub owners: Vec<Vec<usize>>,
    /// By candidate: the same, the other way round.
    pub owned: Vec<Vec<usize>>,
}

impl Claims<'_> {
    pub fn is_short(&self, candidate: usize) -> bool {
        self.owned[candidate].len() < self.shares[candidate]
    }

    /// Whether `candidate` owned `partition` in the ring before, so that it has its data.
    pub fn has_data(&self, candidate: usize, partition: usize) -> bool {
        self.terms.past[partition].contains(&candidate)
    }

    /// Whether zones and the other owners allow it.
    pub fn may_pass(&self, link: Link) -> bool {
        self.terms.may_replace(&self.owners[link.partition], link.giver, link.taker)
    }

    /// Whether it costs no copy: the giver has no data of it yet, or the taker has.
    pub fn is_free(&self, link: Link) -> bool {
        !self.has_data(link.giver, link.partition) || self.has_data(link.taker, link.partition)
    }

    /// Every owner of before stays, unless zones or a smaller number of owners forbid it; where
    /// not all can, those with room in their share go first. That some may now have too much is
    /// seen to later.
    fn keep(&mut self) {
        let terms = self.terms;
        for is_last_call in [false, true] {
            for (partition, past) in terms.past.iter().enumerate() {
                for &owner in past {
                    let may_stay = is_last_call || self.is_short(owner);
                    if may_stay && terms.may_join(&self.owners[partition], owner) {
                        self.give(partition, owner);
                    }
                }
            }
        }
    }

    /// Bounded rendezvous: an empty place goes to the nearest that has less than its share, or
    /// when none of those may take it, to the nearest that may.
    fn fill(&mut self) {
        for partition in 0..self.terms.partitions {
            if self.owners[partition].len() == self.terms.replicas {
                continue;
            }
            let distance = |candidate| self.terms.distance(candidate, partition);
            let distances: Vec<_> = (0..self.shares.len()).map(distance).collect();
            while self.owners[partition].len() < self.terms.replicas {
                let owner = self.nearest(partition, &distances);
                self.give(partition, owner);
            }
        }
    }

    fn nearest(&self, partition: usize, distances: &[(u64, usize)]) -> usize {
        let owners = &self.owners[partition];
        let mut best = None;
        for &(distance, candidate) in distances {
            let call = (!self.is_short(candidate), distance, candidate);
            if best.is_none_or(|best| call < best) && self.terms.may_join(owners, candidate) {
                best = Some(call);
            }
        }
        best.expect("the spreads allow as many owners as a partition has").2
    }

    fn give(&mut self, partition: usize, owner: usize) {
        self.owners[partition].push(owner);
        self.owned[owner].push(partition);
    }
}
