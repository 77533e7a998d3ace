//! What some candidates own above their shares goes to those below theirs.

use std::cmp::Reverse;

use crate::ring::balanced::chain::{Link, shortest};
use crate::ring::balanced::claim::Claims;

/// Brings every candidate to its share.
pub(super) fn level(claims: &mut Claims<'_>) {
    let candidates = 0..claims.shares.len();
    candidates.clone().for_each(|giver| pass_directly(claims, giver));
    for pass in [Pass::New, Pass::Any] {
        for giver in candidates.clone() {
            while claims.owned[giver].len() > claims.shares[giver] {
                let Some(chain) = chain(claims, giver, pass) else { break };
                follow(claims, chain);
            }
        }
    }
    let is_level = |candidate: usize| claims.owned[candidate].len() == claims.shares[candidate];
    assert!(candidates.clone().all(is_level), "shares that can be met can be flowed to");
}

/// What the links of a chain may pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// What the giver has no data of yet, so that passing it on costs nothing.
    New,
    Any,
}

/// Passes straight to whoever is short and stands nearest: of the partitions whose data `giver`
/// does not have, what it has too much; of those whose data it has, the farthest from it, and no
/// more than it cannot keep whatever else is done.
fn pass_directly(claims: &mut Claims<'_>, giver: usize) {
    let share = claims.shares[giver];
    if claims.owned[giver].len() <= share {
        return;
    }
    let partitions = std::mem::take(&mut claims.owned[giver]);
    let (mut kept, mut new): (Vec<_>, Vec<_>) =
        partitions.into_iter().partition(|&partition| claims.has_data(giver, partition));
    kept.sort_by_cached_key(|&partition| Reverse(claims.terms.distance(giver, partition)));
    let surplus = kept.len().saturating_sub(share);
    pass_some(claims, giver, &mut kept, surplus);
    let surplus = (kept.len() + new.len()).saturating_sub(share);
    pass_some(claims, giver, &mut new, surplus);
    claims.owned[giver] = kept;
    claims.owned[giver].append(&mut new);
}

fn pass_some(claims: &mut Claims<'_>, giver: usize, partitions: &mut Vec<usize>, surplus: usize) {
    let mut left = surplus;
    partitions.retain(|&partition| {
        let taker = if left > 0 { nearest_taker(claims, giver, partition) } else { None };
        if let Some(taker) = taker {
            put(claims, Link { giver, taker, partition });
            left -= 1;
        }
        taker.is_none()
    });
}

fn nearest_taker(claims: &Claims<'_>, giver: usize, partition: usize) -> Option<usize> {
    let owners = &claims.owners[partition];
    (0..claims.shares.len())
        .filter(|&taker| claims.is_short(taker) && claims.terms.may_replace(owners, giver, taker))
        .min_by_key(|&taker| claims.terms.distance(taker, partition))
}

fn chain(claims: &Claims<'_>, giver: usize, pass: Pass) -> Option<Vec<Link>> {
    let mut search = Search::new(claims, pass);
    let links = |giver| search.links(giver);
    shortest(claims.shares.len(), giver, links, |taker| claims.is_short(taker))
}

fn follow(claims: &mut Claims<'_>, chain: Vec<Link>) {
    for link in chain {
        claims.owned[link.giver].retain(|&partition| partition != link.partition);
        put(claims, link);
    }
}

/// Puts the taker in the giver's place; the list of what the giver owns is the caller's to mend.
fn put(claims: &mut Claims<'_>, link: Link) {
    let owners = &mut claims.owners[link.partition];
    let place = owners.iter_mut().find(|owner| **owner == link.giver);
    *place.expect("a giver owns what it passes on") = link.taker;
    claims.owned[link.taker].push(link.partition);
}

/// Whom a chain has not come to yet.
struct Search<'a> {
    claims: &'a Claims<'a>,
    pass: Pass,
    /// By zone.
    waiting: Vec<Vec<usize>>,
    /// Those with anyone waiting.
    zones: Vec<usize>,
    /// By partition: whether all that may enter it from another zone have been reached.
    is_open: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(claims: &'a Claims<'a>, pass: Pass) -> Self {
        let terms = claims.terms;
        let mut waiting = vec![Vec::new(); terms.spreads.len()];
        (0..claims.shares.len()).for_each(|candidate| waiting[terms.zone(candidate)].push(candidate));
        let zones = (0..waiting.len()).collect();
        Self { claims, pass, waiting, zones, is_open: vec![false; terms.partitions] }
    }

    /// What `giver` may pass on to those waiting, as far as the first that is short.
    fn links(&mut self, giver: usize) -> Vec<Link> {
        let claims = self.claims;
        let mut links = Vec::new();
        for is_kept in [false, true] {
            if is_kept && self.pass == Pass::New {
                break;
            }
            for &partition in &claims.owned[giver] {
                if claims.has_data(giver, partition) != is_kept {
                    continue;
                }
                for taker in self.takers(giver, partition) {
                    links.push(Link { giver, taker, partition });
                    if claims.is_short(taker) {
                        return links;
                    }
                }
            }
        }
        links
    }

    fn takers(&mut self, giver: usize, partition: usize) -> Vec<usize> {
        let terms = self.claims.terms;
        let owners = &self.claims.owners[partition];
        let home = terms.zone(giver);
        let mut takers = Vec::new();
        let mut call = |waiting: &mut Vec<usize>| {
            takers.extend(waiting.extract_if(.., |taker| !owners.contains(taker)));
        };
        call(&mut self.waiting[home]);
        if !self.is_open[partition] && terms.may_leave(owners, home) {
            self.is_open[partition] = true;
            for &zone in self.zones.iter().filter(|&&zone| terms.may_enter(owners, zone)) {
                call(&mut self.waiting[zone]);
            }
            self.zones.retain(|&zone| !self.waiting[zone].is_empty());
        }
        takers
    }
}
