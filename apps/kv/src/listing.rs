//! Listing the keys of a namespace, a bounded number at a time, over as many partitions as it takes.
//!
//! It decides which page of which partition comes next; whoever drives it asks for that page and
//! hands it over. Driven by [`KvClient::keys`](crate::client::KvClient::keys) and by `SCAN`.

use bytes::Bytes;
use peer_ring_core::key::Partitions;

use crate::app::Action;
use crate::cursor::Cursor;
use crate::page::Page;

/// Partitions looked into in one listing at most, so that empty ones do not take for ever.
const PARTITIONS_MAX: u32 = 1_024;

/// A listing under way.
#[derive(Clone, Debug)]
pub struct Listing {
    partitions: Partitions,
    cursor: Option<Cursor>,
    limit: usize,
    keys: Vec<Bytes>,
    looked_into: u32,
}

/// Some keys, in no order that means anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The keys.
    pub keys: Vec<Bytes>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

impl Listing {
    /// A listing of about `limit` keys from `cursor` on.
    #[must_use]
    pub fn new(partitions: Partitions, cursor: Cursor, limit: u32) -> Self {
        let cursor = cursor.partition(partitions).map(|_| cursor);
        let limit = limit.max(1) as usize;
        Self { partitions, cursor, limit, keys: Vec::new(), looked_into: 0 }
    }

    /// What to ask for next; `None` when it is done.
    #[must_use]
    pub fn next(&self) -> Option<Action> {
        let cursor = self.cursor?;
        let missing = self.limit.saturating_sub(self.keys.len());
        if missing == 0 || self.looked_into == PARTITIONS_MAX {
            return None;
        }
        let at = self.partitions.start(cursor.partition(self.partitions)?).position();
        let limit = u32::try_from(missing).unwrap_or(u32::MAX);
        Some(Action::Keys { at, from: cursor.slot(), limit })
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: Page) {
        self.keys.extend(page.keys);
        self.looked_into += 1;
        self.cursor = self.cursor.and_then(|cursor| cursor.after(page.next, self.partitions));
    }

    /// Whether it got any further than where it began.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.looked_into > 0
    }

    /// The keys so far, and where to go on.
    #[must_use]
    pub fn finish(self) -> Listed {
        Listed { keys: self.keys, next: self.cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&'static str], next: Option<u64>) -> Page {
        let keys = keys.iter().map(|key| Bytes::from_static(key.as_bytes())).collect();
        Page { keys, next }
    }

    #[test]
    fn goes_on_in_the_next_partition_until_there_are_enough_keys() {
        let mut listing = Listing::new(Partitions::new(4).unwrap(), Cursor::START, 3);
        listing.take(page(&["a", "b"], None));
        let Some(Action::Keys { at, from: 0, limit: 1 }) = listing.next() else { panic!() };
        assert_eq!(at, 1 << 62);
        listing.take(page(&["c"], Some(9)));
        assert_eq!(listing.next(), None);
        let listed = listing.finish();
        assert_eq!(listed.keys.len(), 3);
        assert_eq!(listed.next.unwrap().slot(), 9);
    }

    #[test]
    fn the_last_partition_is_the_end() {
        let mut listing = Listing::new(Partitions::new(1).unwrap(), Cursor::START, 3);
        listing.take(page(&["a"], None));
        assert_eq!(listing.next(), None);
        assert_eq!(listing.finish().next, None);
    }

    #[test]
    fn stops_after_so_many_empty_partitions_and_says_where() {
        let partitions = Partitions::new(4 * PARTITIONS_MAX).unwrap();
        let mut listing = Listing::new(partitions, Cursor::START, 3);
        let mut asked = 0;
        while listing.next().is_some() {
            listing.take(page(&[], None));
            asked += 1;
        }
        assert_eq!(asked, PARTITIONS_MAX);
        assert_ne!(listing.finish().next, None);
    }

    #[test]
    fn a_cursor_from_nowhere_lists_nothing() {
        let listing = Listing::new(Partitions::default(), Cursor::NOWHERE, 3);
        assert_eq!(listing.next(), None);
        assert_eq!(listing.finish(), Listed::default());
    }
}
