//! Which owner of a partition is its primary: every candidate leads its even part of what it owns.
//!
//! A candidate that owns `q` partitions of `r` owners each leads `q / r` of them, rounded up or
//! down. That can always be had: let every owner lead an `r`-th of each partition, and a flow with
//! such a fractional answer has a whole one.

use crate::ring::balanced::chain::{Link, shortest};
use crate::ring::balanced::terms::Terms;

/// The primary of each partition.
pub(super) fn primaries(terms: &Terms, owners: &[Vec<usize>]) -> Vec<usize> {
    let mut owned = vec![Vec::new(); terms.candidates.len()];
    for (partition, owners) in owners.iter().enumerate() {
        owners.iter().for_each(|&owner| owned[owner].push(partition));
    }
    let led = vec![0; owned.len()];
    let mut leads = Leads { terms, owners, owned, led, leader: vec![NOBODY; terms.partitions] };
    leads.keep();
    leads.fill();
    leads.pass_directly();
    leads.pass_by_chains();
    leads.leader
}

/// Stands for the primary that a partition does not have yet.
const NOBODY: usize = usize::MAX;

struct Leads<'a> {
    terms: &'a Terms,
    /// By partition.
    owners: &'a [Vec<usize>],
    /// By candidate: the same, the other way round.
    owned: Vec<Vec<usize>>,
    /// By candidate: how many partitions it leads.
    led: Vec<usize>,
    /// By partition.
    leader: Vec<usize>,
}

impl Leads<'_> {
    /// Primaries that are still owners stay.
    fn keep(&mut self) {
        for (partition, past) in self.terms.past.iter().enumerate() {
            if let Some(&leader) = past.first().filter(|past| self.owners[partition].contains(past))
            {
                self.leader[partition] = leader;
                self.led[leader] += 1;
            }
        }
    }

    /// The others are led by whichever owner has the greatest need, and stands nearest.
    fn fill(&mut self) {
        for partition in 0..self.leader.len() {
            if self.leader[partition] == NOBODY {
                let owners = self.owners[partition].iter().copied();
                let call = |&owner: &usize| (self.need(owner), self.terms.distance(owner, partition));
                let leader = owners.min_by_key(call).expect("every partition has an owner");
                self.leader[partition] = leader;
                self.led[leader] += 1;
            }
        }
    }

    fn pass_directly(&mut self) {
        for partition in 0..self.leader.len() {
            let giver = self.leader[partition];
            let owners = self.owners[partition].iter().copied();
            let call = |&owner: &usize| (self.need(owner), self.terms.distance(owner, partition));
            let taker = owners.min_by_key(call).expect("every partition has an owner");
            let relieves = self.led[giver] > self.most(giver) && self.led[taker] < self.most(taker);
            let feeds = self.led[giver] > self.least(giver) && self.led[taker] < self.least(taker);
            if relieves || feeds {
                self.pass(Link { giver, taker, partition });
            }
        }
    }

    fn pass_by_chains(&mut self) {
        for candidate in 0..self.led.len() {
            while self.led[candidate] > self.most(candidate) {
                let down = |giver, _: &[bool]| self.down(giver);
                let has_room = |taker| self.led[taker] < self.most(taker);
                let chain = shortest(self.led.len(), candidate, down, has_room);
                self.pass_all(chain, false);
            }
            while self.led[candidate] < self.least(candidate) {
                let up = |taker, _: &[bool]| self.up(taker);
                let can_spare = |giver| self.led[giver] > self.least(giver);
                let chain = shortest(self.led.len(), candidate, up, can_spare);
                self.pass_all(chain, true);
            }
        }
    }

    /// What `giver` leads could be led by any other owner.
    fn down(&self, giver: usize) -> Vec<Link> {
        let led = self.owned[giver].iter().filter(|&&p| self.leader[p] == giver);
        let links = |&partition: &usize| {
            self.owners[partition].iter().map(move |&taker| Link { giver, taker, partition })
        };
        led.flat_map(links).collect()
    }

    /// What `taker` owns it could lead instead of another; the chain is searched from its end, so
    /// the links are the wrong way round.
    fn up(&self, taker: usize) -> Vec<Link> {
        let link = |&partition: &usize| Link {
            giver: taker,
            taker: self.leader[partition],
            partition,
        };
        self.owned[taker].iter().map(link).collect()
    }

    fn pass_all(&mut self, chain: Option<Vec<Link>>, is_reversed: bool) {
        for Link { giver, taker, partition } in
            chain.expect("leading an even part of each is possible, so there is a way to it")
        {
            match is_reversed {
                false => self.pass(Link { giver, taker, partition }),
                true => self.pass(Link { giver: taker, taker: giver, partition }),
            }
        }
    }

    fn pass(&mut self, link: Link) {
        self.leader[link.partition] = link.taker;
        self.led[link.giver] -= 1;
        self.led[link.taker] += 1;
    }

    /// Zero below the least, one while there is room, then two.
    fn need(&self, candidate: usize) -> usize {
        let led = self.led[candidate];
        usize::from(led >= self.least(candidate)) + usize::from(led >= self.most(candidate))
    }

    fn least(&self, candidate: usize) -> usize {
        self.owned[candidate].len() / self.terms.replicas
    }

    fn most(&self, candidate: usize) -> usize {
        self.owned[candidate].len().div_ceil(self.terms.replicas)
    }
}
