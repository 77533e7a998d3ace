//! What every list must meet: who may own, how far apart owners stand, and who owned before.

use std::collections::BTreeMap;

use crate::id::Seat;
use crate::key::Partitions;
use crate::ring::distance::distance;
use crate::ring::{Member, Ring};

/// A member that may own, known to the steps of a placement by its index.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub seat: Seat,
    pub weight: u32,
    /// The index of its zone; a member that names none is a zone of its own.
    pub zone: usize,
}

/// How many owners of one partition stand in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub least: usize,
    pub most: usize,
}

/// The task of one placement.
#[derive(Debug)]
pub(super) struct Terms {
    pub candidates: Vec<Candidate>,
    /// By zone.
    pub spreads: Vec<Spread>,
    /// The sum of the spreads' leasts.
    least: usize,
    pub partitions: usize,
    /// Owners of one partition.
    pub replicas: usize,
    /// By partition, those candidates that owned it in the ring before, its primary first.
    pub past: Vec<Vec<usize>>,
}

impl Terms {
    pub fn new(
        members: &[Member],
        partitions: Partitions,
        replicas: u8,
        previous: Option<&Ring>,
    ) -> Self {
        let candidates = candidates(members);
        let replicas = usize::from(replicas).min(candidates.len());
        let spreads = spreads(&candidates, replicas);
        let past = past(&candidates, partitions, previous);
        let least = spreads.iter().map(|spread| spread.least).sum();
        let partitions = partitions.count() as usize;
        Self { candidates, spreads, least, partitions, replicas, past }
    }

    /// How far `candidate` stands from `partition`; the index settles what would be a tie.
    pub fn distance(&self, candidate: usize, partition: usize) -> (u64, usize) {
        let Candidate { seat, weight, .. } = self.candidates[candidate];
        (distance(seat, partition, weight), candidate)
    }

    pub fn zone(&self, candidate: usize) -> usize {
        self.candidates[candidate].zone
    }

    /// How many of `owners` stand in `zone`.
    pub fn crowd(&self, owners: &[usize], zone: usize) -> usize {
        owners.iter().filter(|&&owner| self.zone(owner) == zone).count()
    }

    /// Whether `candidate` can join `owners` and leave room for what every zone must have.
    pub fn may_join(&self, owners: &[usize], candidate: usize) -> bool {
        if owners.contains(&candidate) || owners.len() == self.replicas {
            return false;
        }
        let zone = self.zone(candidate);
        let crowd = self.crowd(owners, zone);
        crowd < self.spreads[zone].least
            || crowd < self.spreads[zone].most && self.has_spare(owners)
    }

    /// Whether `taker` can stand in `giver`'s place among `owners`.
    pub fn may_replace(&self, owners: &[usize], giver: usize, taker: usize) -> bool {
        if owners.contains(&taker) {
            return false;
        }
        let (from, to) = (self.zone(giver), self.zone(taker));
        from == to || self.may_leave(owners, from) && self.may_enter(owners, to)
    }

    /// Whether an owner in `zone` can give its place to one in another.
    pub fn may_leave(&self, owners: &[usize], zone: usize) -> bool {
        self.crowd(owners, zone) > self.spreads[zone].least
    }

    /// Whether one in `zone` can take the place of an owner in another.
    pub fn may_enter(&self, owners: &[usize], zone: usize) -> bool {
        self.crowd(owners, zone) < self.spreads[zone].most
    }

    /// Whether more places are left beside `owners` than the zones' leasts still call for.
    fn has_spare(&self, owners: &[usize]) -> bool {
        let counts = |&at: &usize| {
            let zone = self.zone(owners[at]);
            self.crowd(&owners[..at], zone) < self.spreads[zone].least
        };
        let called_for = self.least - (0..owners.len()).filter(counts).count();
        self.replicas - owners.len() > called_for
    }
}

fn candidates(members: &[Member]) -> Vec<Candidate> {
    let mut named = BTreeMap::new();
    let mut zones = 0;
    let mut fresh = || {
        zones += 1;
        zones - 1
    };
    let owning = members.iter().filter(|member| member.weight > 0);
    let candidate = |member: &Member| Candidate {
        seat: member.name.seat(),
        weight: member.weight,
        zone: match &member.zone {
            Some(zone) => *named.entry(zone.clone()).or_insert_with(&mut fresh),
            None => fresh(),
        },
    };
    owning.map(candidate).collect()
}

/// As even as the zones' sizes allow: each has one owner, then each has two, as far as it has
/// members, and in the last round some do and some do not.
fn spreads(candidates: &[Candidate], replicas: usize) -> Vec<Spread> {
    let zones = candidates.iter().map(|candidate| candidate.zone + 1).max().unwrap_or(0);
    let mut sizes = vec![0; zones];
    for candidate in candidates {
        sizes[candidate.zone] += 1;
    }
    let rounds = (1..=replicas)
        .find(|&round| sizes.iter().map(|&size: &usize| size.min(round)).sum::<usize>() >= replicas)
        .expect("there are at least as many candidates as owners of a partition");
    sizes.iter().map(|&n| Spread { least: n.min(rounds - 1), most: n.min(rounds) }).collect()
}

fn past(
    candidates: &[Candidate],
    partitions: Partitions,
    previous: Option<&Ring>,
) -> Vec<Vec<usize>> {
    let Some(previous) = previous.filter(|ring| ring.partitions() == partitions) else {
        return vec![Vec::new(); partitions.count() as usize];
    };
    let index: BTreeMap<_, _> =
        candidates.iter().enumerate().map(|(index, candidate)| (candidate.seat, index)).collect();
    let owners = |partition| {
        let seats = previous.owners(partition, previous.replicas());
        seats.iter().filter_map(|seat| index.get(seat).copied()).collect()
    };
    partitions.iter().map(owners).collect()
}
