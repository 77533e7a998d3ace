//! Listing a partition's keys page by page, with a cursor that fits in one number.
//!
//! Keys are listed in the order of their **slot**, 48 bits of a hash. A page ends between two
//! slots, so that the next one starts at a number and not at a key; keys that share a slot are
//! always on one page. A cursor says all that is to be known, and nothing is kept between pages:
//! keys that stay are listed, keys that come or go meanwhile may be.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Slots are numbers below this.
pub const SLOTS: u64 = 1 << 48;

/// The slot of a key: the lower 48 bits of its xxh3-64 hash.
#[must_use]
pub fn slot(key: &[u8]) -> u64 {
    xxh3_64(key) % SLOTS
}

/// Some keys of a partition, in the order of their slots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The keys.
    pub keys: Vec<Bytes>,
    /// The slot at which the next page starts; `None` after the last page.
    pub next: Option<u64>,
}

impl Page {
    /// Puts two replicas' pages from the same slot together.
    #[must_use]
    pub fn union(self, other: Self, limit: u32) -> Self {
        // Beyond the earlier of the two ends, one of them has not looked.
        let end = self.next.into_iter().chain(other.next).min();
        let mut lowest = Lowest::new(0, limit);
        let both = self.keys.iter().chain(&other.keys);
        for key in both.filter(|key| end.is_none_or(|end| slot(key) < end)) {
            lowest.offer(key);
        }
        let page = lowest.into_page();
        Self { next: page.next.or(end), ..page }
    }
}

/// Picks the keys with the lowest slots among those offered.
pub(crate) struct Lowest {
    from: u64,
    limit: usize,
    found: BTreeMap<u64, Vec<Bytes>>,
    count: usize,
    /// The lowest slot that was left out.
    cut: Option<u64>,
}

impl Lowest {
    /// Picks about `limit` keys with slots from `from` on.
    pub(crate) fn new(from: u64, limit: u32) -> Self {
        let limit = (limit as usize).max(1);
        Self { from, limit, found: BTreeMap::new(), count: 0, cut: None }
    }

    pub(crate) fn offer(&mut self, key: &[u8]) {
        let slot = slot(key);
        if slot < self.from || self.cut.is_some_and(|cut| slot >= cut) {
            return;
        }
        let keys = self.found.entry(slot).or_default();
        if keys.iter().any(|held| held == key) {
            return;
        }
        keys.push(Bytes::copy_from_slice(key));
        self.count += 1;
        while self.count > self.limit && self.found.len() > 1 {
            let (slot, keys) = self.found.pop_last().expect("there is more than one");
            self.count -= keys.len();
            self.cut = Some(slot);
        }
    }

    pub(crate) fn into_page(self) -> Page {
        Page { keys: self.found.into_values().flatten().collect(), next: self.cut }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn page_of(keys: &BTreeSet<u16>, from: u64, limit: u32) -> Page {
        let mut lowest = Lowest::new(from, limit);
        for key in keys {
            lowest.offer(&key.to_le_bytes());
        }
        lowest.into_page()
    }

    proptest! {
        #[test]
        fn pages_list_every_key_once(keys in any::<BTreeSet<u16>>(), limit in 1_u32..20) {
            let mut listed = Vec::new();
            let mut from = Some(0);
            while let Some(slot) = from {
                let page = page_of(&keys, slot, limit);
                listed.extend(page.keys);
                from = page.next;
            }
            listed.sort();
            let mut wanted: Vec<_> = keys.iter().map(|k| Bytes::copy_from_slice(&k.to_le_bytes())).collect();
            wanted.sort();
            prop_assert_eq!(listed, wanted);
        }

        #[test]
        fn what_any_replica_holds_is_listed(
            one in any::<BTreeSet<u16>>(), other in any::<BTreeSet<u16>>(), limit in 1_u32..20,
        ) {
            let mut listed = BTreeSet::new();
            let mut from = Some(0);
            while let Some(slot) = from {
                let page = page_of(&one, slot, limit).union(page_of(&other, slot, limit), limit);
                listed.extend(page.keys);
                from = page.next;
            }
            prop_assert_eq!(listed.len(), one.union(&other).count());
        }
    }
}
