//! What some candidates own above their shares goes to those below theirs.

use std::cmp::Reverse;

use crate::ring::balanced::chain::{Link, shortest};
use crate::ring::balanced::claim::Claims;

/// Which partitions may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Those that cost no copy: the giver has no data of it yet, or the taker has.
    Free,
    Any,
}

/// Brings every candidate to its share: for nothing as far as that goes, then at a price.
pub(super) fn level(claims: &mut Claims<'_>) {
    let candidates = 0..claims.shares.len();
    for pass in [Pass::Free, Pass::Any] {
        candidates.clone().for_each(|giver| pass_directly(claims, giver, pass));
        let mut is_stuck = vec![false; claims.shares.len()];
        candidates.clone().for_each(|giver| pass_by_chains(claims, giver, pass, &mut is_stuck));
    }
    let is_level = |candidate: usize| claims.owned[candidate].len() == claims.shares[candidate];
    assert!(candidates.clone().all(is_level), "shares that can be met can be flowed to");
}

/// Passes what `giver` has too much straight to those that are short, each time to the nearest:
/// first what it has no data of, then what it is farthest from.
fn pass_directly(claims: &mut Claims<'_>, giver: usize, pass: Pass) {
    let mut surplus = claims.owned[giver].len().saturating_sub(claims.shares[giver]);
    if surplus == 0 {
        return;
    }
    let mut partitions = std::mem::take(&mut claims.owned[giver]);
    partitions.sort_by_cached_key(|&partition| {
        (claims.has_data(giver, partition), Reverse(claims.terms.distance(giver, partition)))
    });
    partitions.retain(|&partition| {
        if surplus == 0 {
            return true;
        }
        let Some(taker) = nearest_taker(claims, giver, partition, pass) else { return true };
        put(claims, Link { giver, taker, partition });
        surplus -= 1;
        false
    });
    claims.owned[giver] = partitions;
}

fn nearest_taker(claims: &Claims<'_>, giver: usize, partition: usize, pass: Pass) -> Option<usize> {
    (0..claims.shares.len())
        .filter(|&taker| claims.is_short(taker))
        .map(|taker| Link { giver, taker, partition })
        .filter(|&link| (pass == Pass::Any || claims.is_free(link)) && claims.may_pass(link))
        .map(|link| link.taker)
        .min_by_key(|&taker| claims.terms.distance(taker, partition))
}

/// Passes what `giver` has too much along chains, while there are any. From whom a search came to
/// no end, another would hardly: it is stuck.
fn pass_by_chains(claims: &mut Claims<'_>, giver: usize, pass: Pass, is_stuck: &mut [bool]) {
    while claims.owned[giver].len() > claims.shares[giver] && !is_stuck[giver] {
        let mut search = Search::new(claims, pass, giver);
        let links = |giver| search.links(giver);
        let is_short = |taker| claims.is_short(taker);
        match shortest(is_stuck.len(), giver, links, is_short) {
            Some(chain) => follow(claims, &chain),
            None => search.reached().for_each(|giver| is_stuck[giver] = true),
        }
    }
}

/// Passes on along `chain`, and then as often as the same candidates have more of the same kind.
fn follow(claims: &mut Claims<'_>, chain: &[Link]) {
    let (end, start) = (chain[0].taker, chain[chain.len() - 1].giver);
    let mut more: Vec<_> = chain.iter().map(|&link| alike(claims, link)).collect();
    let mut turn = chain.to_vec();
    loop {
        for &link in &turn {
            if !claims.may_pass(link) {
                return;
            }
            claims.owned[link.giver].retain(|&partition| partition != link.partition);
            put(claims, link);
        }
        if claims.owned[start].len() <= claims.shares[start] || !claims.is_short(end) {
            return;
        }
        for (link, more) in turn.iter_mut().zip(&mut more) {
            let Some(partition) = more.pop() else { return };
            link.partition = partition;
        }
    }
}

/// The other partitions that could go the way of `link` at the same cost.
fn alike(claims: &Claims<'_>, link: Link) -> Vec<usize> {
    let cost = claims.is_free(link);
    let others = claims.owned[link.giver].iter().map(|&partition| Link { partition, ..link });
    others
        .filter(|&other| other != link && claims.is_free(other) == cost && claims.may_pass(other))
        .map(|other| other.partition)
        .collect()
}

/// Puts the taker in the giver's place; the list of what the giver owns is the caller's to mend.
fn put(claims: &mut Claims<'_>, link: Link) {
    let owners = &mut claims.owners[link.partition];
    let place = owners.iter_mut().find(|owner| **owner == link.giver);
    *place.expect("a giver owns what it passes on") = link.taker;
    claims.owned[link.taker].push(link.partition);
}

/// Whom the search for a chain has not come to yet.
///
/// Only one giver may pass a partition to another zone, so a chain changes the zones of
/// a partition at most once, and what is allowed for each link is allowed for all together. That
/// loses no way to those that are short: in the pass for any, that giver reaches all whom another
/// could have reached by that partition.
struct Search<'a> {
    claims: &'a Claims<'a>,
    pass: Pass,
    /// By zone.
    waiting: Vec<Vec<usize>>,
    /// Those zones where anyone waits.
    zones: Vec<usize>,
    /// By partition: who passed it to another zone.
    zone_giver: Vec<Option<usize>>,
}

impl<'a> Search<'a> {
    fn new(claims: &'a Claims<'a>, pass: Pass, start: usize) -> Self {
        let terms = claims.terms;
        let mut waiting = vec![Vec::new(); terms.spreads.len()];
        let others = (0..claims.shares.len()).filter(|&taker| taker != start);
        others.for_each(|taker| waiting[terms.zone(taker)].push(taker));
        let zones = (0..waiting.len()).collect();
        Self { claims, pass, waiting, zones, zone_giver: vec![None; terms.partitions] }
    }

    fn reached(&self) -> impl Iterator<Item = usize> + '_ {
        let waits = |taker: &usize| self.waiting[self.claims.terms.zone(*taker)].contains(taker);
        (0..self.claims.shares.len()).filter(move |taker| !waits(taker))
    }

    /// What `giver` may pass on to those waiting, the cheapest first, as far as the first that is
    /// short.
    fn links(&mut self, giver: usize) -> Vec<Link> {
        let claims = self.claims;
        let mut links = Vec::new();
        for (partition, needs_data) in self.offers(giver) {
            let takers = if needs_data {
                self.takers_with_data(giver, partition)
            } else {
                self.takers(giver, partition)
            };
            for taker in takers {
                links.push(Link { giver, taker, partition });
                if claims.is_short(taker) {
                    return links;
                }
            }
        }
        links
    }

    /// What `giver` owns, and whether only those that have data of it may take it.
    fn offers(&self, giver: usize) -> Vec<(usize, bool)> {
        let has_data = |partition: &usize| self.claims.has_data(giver, *partition);
        let owned = self.claims.owned[giver].iter().copied();
        let (kept, new): (Vec<_>, Vec<_>) = owned.partition(has_data);
        let mut offers: Vec<_> = new.into_iter().map(|partition| (partition, false)).collect();
        offers.extend(kept.iter().map(|&partition| (partition, true)));
        match self.pass {
            Pass::Free => {}
            Pass::Any => offers.extend(kept.iter().map(|&partition| (partition, false))),
        }
        offers
    }

    fn takers(&mut self, giver: usize, partition: usize) -> Vec<usize> {
        let terms = self.claims.terms;
        let owners = &self.claims.owners[partition];
        let home = terms.zone(giver);
        let may_take = |taker: &mut usize| !owners.contains(taker);
        let mut takers: Vec<_> = self.waiting[home].extract_if(.., may_take).collect();
        if self.may_change_zone(giver, partition) && terms.may_leave(owners, home) {
            self.zone_giver[partition] = Some(giver);
            for &zone in self.zones.iter().filter(|&&zone| terms.may_enter(owners, zone)) {
                takers.extend(self.waiting[zone].extract_if(.., may_take));
            }
            self.zones.retain(|&zone| !self.waiting[zone].is_empty());
        }
        takers
    }

    fn takers_with_data(&mut self, giver: usize, partition: usize) -> Vec<usize> {
        let terms = self.claims.terms;
        let mut takers = Vec::new();
        for &taker in &terms.past[partition] {
            let zone = terms.zone(taker);
            let waits = self.waiting[zone].iter().position(|&waiting| waiting == taker);
            let stays = zone == terms.zone(giver);
            let may_pass = (stays || self.may_change_zone(giver, partition))
                && self.claims.may_pass(Link { giver, taker, partition });
            if let Some(at) = waits.filter(|_| may_pass) {
                self.waiting[zone].remove(at);
                takers.push(taker);
                if !stays {
                    self.zone_giver[partition] = Some(giver);
                }
            }
        }
        takers
    }

    fn may_change_zone(&self, giver: usize, partition: usize) -> bool {
        self.zone_giver[partition].is_none_or(|first| first == giver)
    }
}
