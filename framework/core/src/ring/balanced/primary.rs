//! Which owner of a partition is its primary: in proportion to weights, as near as owning allows.
//!
//! When no chain of leads passed on could bring two candidates nearer to their proportion, no other
//! choice of primaries could either: what Webster's method makes small is a sum of convex
//! functions, which has no local minimum but the least.

use crate::ring::balanced::chain::{Link, shortest};
use crate::ring::balanced::share::Call;
use crate::ring::terms::Terms;

/// The primary of each partition.
pub(super) fn primaries(terms: &Terms, owners: &[Vec<usize>]) -> Vec<usize> {
    let mut leads = Leads { terms, owners, led: vec![Vec::new(); terms.candidates.len()] };
    leads.keep_and_fill();
    leads.pass_directly();
    leads.pass_by_chains();
    leads.leaders()
}

struct Leads<'a> {
    terms: &'a Terms,
    /// By partition.
    owners: &'a [Vec<usize>],
    /// By candidate: the partitions it leads.
    led: Vec<Vec<usize>>,
}

impl Leads<'_> {
    /// Primaries that are still owners stay; the others are followed by whichever owner has the
    /// best call for one more.
    fn keep_and_fill(&mut self) {
        let mut vacant = Vec::new();
        for (partition, past) in self.terms.past.iter().enumerate() {
            match past.first().filter(|past| self.owners[partition].contains(past)) {
                Some(&leader) => self.led[leader].push(partition),
                None => vacant.push(partition),
            }
        }
        for partition in vacant {
            let leader = self.best(partition);
            self.led[leader].push(partition);
        }
    }

    fn best(&self, partition: usize) -> usize {
        let call = |&owner: &usize| (self.next(owner), self.terms.distance(owner, partition));
        let owners = self.owners[partition].iter().copied();
        owners.min_by_key(call).expect("every partition has an owner")
    }

    fn pass_directly(&mut self) {
        for (partition, giver) in self.leaders().into_iter().enumerate() {
            let taker = self.best(partition);
            if self.next(taker) < self.last(giver) {
                self.pass(Link { giver, taker, partition });
            }
        }
    }

    /// Until no chain brings two nearer; each that does makes Webster's sum smaller, so it ends.
    fn pass_by_chains(&mut self) {
        let mut is_settled = false;
        while !is_settled {
            is_settled = true;
            for giver in 0..self.led.len() {
                while let Some(chain) = self.chain_from(giver) {
                    chain.into_iter().for_each(|link| self.pass(link));
                    is_settled = false;
                }
            }
        }
    }

    /// The way to any whose call for one more is better than that of `giver` for its last.
    fn chain_from(&self, giver: usize) -> Option<Vec<Link>> {
        let last = self.last(giver);
        let is_end = |taker| self.next(taker) < last;
        (0..self.led.len()).find(|&taker| is_end(taker))?;
        shortest(self.led.len(), giver, |giver| self.links(giver), is_end)
    }

    fn links(&self, giver: usize) -> Vec<Link> {
        let to_all = |&partition: &usize| {
            self.owners[partition].iter().map(move |&taker| Link { giver, taker, partition })
        };
        self.led[giver].iter().flat_map(to_all).collect()
    }

    fn pass(&mut self, link: Link) {
        self.led[link.giver].retain(|&partition| partition != link.partition);
        self.led[link.taker].push(link.partition);
    }

    fn next(&self, candidate: usize) -> Call {
        Call::for_next(self.led[candidate].len(), self.terms.candidates[candidate].weight)
    }

    fn last(&self, candidate: usize) -> Call {
        Call::for_last(self.led[candidate].len(), self.terms.candidates[candidate].weight)
    }

    /// By partition.
    fn leaders(&self) -> Vec<usize> {
        let mut leaders = vec![0; self.owners.len()];
        for (leader, led) in self.led.iter().enumerate() {
            led.iter().for_each(|&partition| leaders[partition] = leader);
        }
        leaders
    }
}
