//! A ring by the indices of its candidates, and the fewest copies it could have been made with.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::Seat;
use crate::ring::Ring;
use crate::ring::balanced::chain::Link;
use crate::ring::terms::Terms;

pub(in crate::ring) struct View {
    pub terms: Terms,
    /// By partition, the primary first.
    pub owners: Vec<Vec<usize>>,
    /// By candidate: how many partitions it owns.
    pub owned: Vec<usize>,
    /// By candidate: of how many it is the primary.
    pub led: Vec<usize>,
}

impl View {
    pub fn new(ring: &Ring, previous: Option<&Ring>) -> Self {
        let terms = Terms::new(ring.members(), ring.partitions(), ring.replicas(), previous);
        let index = |seat: &Seat| terms.candidates.iter().position(|c| c.seat == *seat).unwrap();
        let owners = |p| ring.owners(p, ring.replicas()).iter().map(index).collect();
        let owners: Vec<Vec<usize>> = ring.partitions().iter().map(owners).collect();
        let mut owned = vec![0; terms.candidates.len()];
        let mut led = owned.clone();
        owners.iter().flatten().for_each(|&owner| owned[owner] += 1);
        owners.iter().for_each(|owners| led[owners[0]] += 1);
        Self { terms, owners, owned, led }
    }

    pub fn weight(&self, candidate: usize) -> u32 {
        self.terms.candidates[candidate].weight
    }

    /// Every two candidates, either way round.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let count = self.owned.len();
        (0..count).flat_map(move |one| (0..count).map(move |other| (one, other)))
    }

    /// How many of the owners of `partition` stand in the zone of `candidate`.
    pub fn crowd(&self, partition: usize, candidate: usize) -> usize {
        self.terms.crowd(&self.owners[partition], self.terms.zone(candidate))
    }

    /// How many candidates stand in the zone of `candidate`.
    pub fn zone_size(&self, candidate: usize) -> usize {
        let zones = self.terms.candidates.iter().map(|candidate| candidate.zone);
        zones.filter(|&zone| zone == self.terms.zone(candidate)).count()
    }

    /// Whether zones would bear that `taker` owns one partition more and `giver` one less.
    pub fn zones_allow(&self, giver: usize, taker: usize) -> bool {
        let terms = &self.terms;
        let (from, to) = (terms.zone(giver), terms.zone(taker));
        let total = |candidate| (0..terms.partitions).map(|p| self.crowd(p, candidate)).sum();
        let (given, taken): (usize, usize) = (total(giver), total(taker));
        from == to
            || given > terms.spreads[from].least * terms.partitions
                && taken < terms.spreads[to].most * terms.partitions
    }

    /// To whom a lead of `giver` may come along any chain.
    pub fn may_come_to_lead(&self, giver: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::from([giver]);
        loop {
            let led = self.owners.iter().filter(|owners| reached.contains(&owners[0]));
            let next: BTreeSet<_> = led.flatten().copied().chain([giver]).collect();
            if next.is_subset(&reached) {
                return reached;
            }
            reached.extend(next);
        }
    }

    /// How many owners have to be given the data of their partition.
    pub fn copies(&self) -> usize {
        let copies = |partition| {
            let owners: &Vec<usize> = &self.owners[partition];
            owners.iter().filter(|&&owner| self.needs_copy(owner, partition)).count()
        };
        (0..self.terms.partitions).map(copies).sum()
    }

    fn needs_copy(&self, candidate: usize, partition: usize) -> bool {
        !self.terms.past[partition].contains(&candidate)
    }

    /// The fewest copies by which every candidate can come to own as many as it does: exchanges
    /// owners round cycles that save copies until there is none (Klein 1967).
    pub fn fewest_copies(mut self) -> usize {
        while let Some(cycle) = self.saving_cycle() {
            for link in cycle {
                let owners = &mut self.owners[link.partition];
                *owners.iter_mut().find(|owner| **owner == link.giver).unwrap() = link.taker;
            }
        }
        self.copies()
    }

    /// Bellman and Ford's: what still gets cheaper after a round for each has come round a cycle.
    fn saving_cycle(&self) -> Option<Vec<Link>> {
        let links = self.cheapest_links();
        let mut cost = vec![0; self.owned.len()];
        let mut by: Vec<Option<Link>> = vec![None; self.owned.len()];
        let mut cheaper = None;
        for _ in 0..=self.owned.len() {
            cheaper = None;
            for (&(giver, taker), &(price, partition)) in &links {
                if cost[giver] + price < cost[taker] {
                    cost[taker] = cost[giver] + price;
                    by[taker] = Some(Link { giver, taker, partition });
                    cheaper = Some(taker);
                }
            }
        }
        let back = |at: usize| by[at].unwrap().giver;
        let inside = (0..self.owned.len()).fold(cheaper?, |at, _| back(at));
        let mut cycle = vec![by[inside].unwrap()];
        while cycle[cycle.len() - 1].giver != inside {
            cycle.push(by[cycle[cycle.len() - 1].giver].unwrap());
        }
        Some(cycle)
    }

    /// For each giver and taker, what one passing-on adds to the copies, and where.
    fn cheapest_links(&self) -> BTreeMap<(usize, usize), (i32, usize)> {
        let mut links = BTreeMap::new();
        for (partition, owners) in self.owners.iter().enumerate() {
            let copy = |candidate| i32::from(self.needs_copy(candidate, partition));
            for &giver in owners {
                let takers = (0..self.owned.len())
                    .filter(|&taker| self.terms.may_replace(owners, giver, taker));
                for taker in takers {
                    let link = (copy(taker) - copy(giver), partition);
                    let best = links.entry((giver, taker)).or_insert(link);
                    *best = link.min(*best);
                }
            }
        }
        links
    }
}
