//! Who owns each partition: kept where it can be, filled by rendezvous, levelled to the shares.

use std::cmp::Reverse;

use crate::ring::balanced::chain::{Link, shortest};
use crate::ring::balanced::terms::Terms;

/// The owners of each partition, in no order that means anything: every candidate owns as many
/// partitions as its share is, and every partition's owners are spread over zones as they must be.
pub(super) fn claim(terms: &Terms, shares: &[usize]) -> Vec<Vec<usize>> {
    let mut claims = Claims {
        terms,
        shares,
        owners: vec![Vec::with_capacity(terms.replicas); terms.partitions],
        owned: vec![Vec::new(); shares.len()],
    };
    claims.keep();
    claims.fill();
    claims.level();
    claims.owners
}

struct Claims<'a> {
    terms: &'a Terms,
    shares: &'a [usize],
    /// By partition.
    owners: Vec<Vec<usize>>,
    /// By candidate: the same, the other way round.
    owned: Vec<Vec<usize>>,
}

impl Claims<'_> {
    /// Every owner of before stays, unless zones or a smaller number of owners forbid it; that it
    /// may now have too much is seen to later.
    fn keep(&mut self) {
        for partition in 0..self.terms.partitions {
            for &owner in &self.terms.past[partition] {
                if self.terms.may_join(&self.owners[partition], owner) {
                    self.give(partition, owner);
                }
            }
        }
    }

    /// Bounded rendezvous: an empty place goes to the nearest that has less than its share, or
    /// when none may take it, to the nearest that may.
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

    fn level(&mut self) {
        for giver in 0..self.shares.len() {
            self.pass_directly(giver);
        }
        for giver in 0..self.shares.len() {
            while self.owned[giver].len() > self.shares[giver] {
                self.pass_by_chain(giver);
            }
        }
    }

    /// What `giver` has above its share goes to those below theirs: first what it did not own
    /// before, then what it is farthest from, each to whoever stands nearest to it.
    fn pass_directly(&mut self, giver: usize) {
        let mut surplus = self.owned[giver].len().saturating_sub(self.shares[giver]);
        if surplus == 0 {
            return;
        }
        let mut partitions = std::mem::take(&mut self.owned[giver]);
        partitions.sort_by_cached_key(|&partition| {
            let owned = self.terms.past[partition].contains(&giver);
            (owned, Reverse(self.terms.distance(giver, partition)))
        });
        for partition in partitions {
            match self.nearest_taker(giver, partition).filter(|_| surplus > 0) {
                Some(taker) => {
                    self.swap(Link { giver, taker, partition });
                    self.owned[taker].push(partition);
                    surplus -= 1;
                }
                None => self.owned[giver].push(partition),
            }
        }
    }

    fn nearest_taker(&self, giver: usize, partition: usize) -> Option<usize> {
        let owners = &self.owners[partition];
        let past = &self.terms.past[partition];
        (0..self.shares.len())
            .filter(|&taker| self.is_short(taker) && self.terms.may_replace(owners, giver, taker))
            .min_by_key(|&taker| (!past.contains(&taker), self.terms.distance(taker, partition)))
    }

    fn pass_by_chain(&mut self, giver: usize) {
        let links = |giver, reached: &[bool]| self.links(giver, reached);
        let chain = shortest(self.shares.len(), giver, links, |taker| self.is_short(taker))
            .expect("the shares can be met, so what is above them flows to what is below");
        for link in chain {
            self.swap(link);
            self.owned[link.giver].retain(|&partition| partition != link.partition);
            self.owned[link.taker].push(link.partition);
        }
    }

    fn links(&self, giver: usize, reached: &[bool]) -> Vec<Link> {
        let link = |taker| {
            let may_pass = |&&partition: &&usize| {
                self.terms.may_replace(&self.owners[partition], giver, taker)
            };
            let &partition = self.owned[giver].iter().find(may_pass)?;
            Some(Link { giver, taker, partition })
        };
        (0..self.shares.len()).filter(|&taker| !reached[taker]).filter_map(link).collect()
    }

    fn is_short(&self, candidate: usize) -> bool {
        self.owned[candidate].len() < self.shares[candidate]
    }

    fn give(&mut self, partition: usize, owner: usize) {
        self.owners[partition].push(owner);
        self.owned[owner].push(partition);
    }

    /// Puts the taker in the giver's place; the lists of what they own are the caller's to mend.
    fn swap(&mut self, link: Link) {
        let owners = &mut self.owners[link.partition];
        let place = owners.iter_mut().find(|owner| **owner == link.giver);
        *place.expect("a giver owns what it passes on") = link.taker;
    }
}
