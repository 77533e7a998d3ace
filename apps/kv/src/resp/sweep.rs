//! A request about the whole namespace, partition by partition: `SCAN`, `DBSIZE` and `FLUSHALL`.

use bytes::Bytes;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::PartitionId;
use peer_ring_core::key::Partitions;

use super::glob;
use super::node::Asker;
use super::reply::Writer;
use super::says::{Answer, fail};
use crate::app::{Action, CLEAR_KEYS_MAX, Reply};
use crate::cursor::Cursor;
use crate::fronts::metrics::Outcome;
use crate::listing::Listing;

/// Partitions under way at once for one request.
const PARALLEL_MAX: u32 = 32;

/// `SCAN`: some keys from a cursor on, one page of one partition after the other.
pub(super) struct Scan {
    listing: Listing,
    pattern: Option<Bytes>,
    failure: Option<Failure>,
    is_done: bool,
    held_bytes: usize,
}

/// `DBSIZE` or `FLUSHALL`: every partition, several at once.
pub(super) struct Sweep {
    partitions: Partitions,
    what: What,
    next: u32,
    under_way: u32,
    sum: u64,
    failure: Option<Failure>,
}

/// What is done with each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Its keys are counted.
    Count,
    /// Its keys are deleted.
    Clear,
}

impl Scan {
    /// About `keys` keys from `cursor` on, those of which are said that match `pattern`.
    pub(super) fn new(
        partitions: Partitions,
        cursor: Cursor,
        keys: u32,
        pattern: Option<Bytes>,
    ) -> Self {
        let listing = Listing::new(partitions, cursor, keys);
        Self { listing, pattern, failure: None, is_done: false, held_bytes: 0 }
    }

    /// Asks for the next page, if any is wanted.
    pub(super) fn ask(&mut self, asker: &mut Asker<'_>) {
        match self.listing.next() {
            Some(action) => asker.ask(0, action),
            None => self.is_done = true,
        }
    }

    /// Takes a page, and asks for the next.
    pub(super) fn answer(&mut self, answer: Answer, asker: &mut Asker<'_>) {
        match answer {
            Ok(Reply::Keys(page)) => {
                let bytes = page.keys.iter().map(Bytes::len).sum();
                self.held_bytes += bytes;
                asker.gauge.hold(bytes);
                self.listing.take(page);
                return self.ask(asker);
            }
            // What was found is said now; the next SCAN will meet the failure.
            Err(_) if self.listing.has_moved() => {}
            Err(failure) => self.failure = Some(failure),
            Ok(_) => self.failure = Some(Failure::BadCommand),
        }
        self.is_done = true;
    }

    /// Whether all is known.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// The bytes of the keys that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Writes the reply: the next cursor and the keys.
    pub(super) fn say(self, writer: &mut Writer<'_>) -> Outcome {
        if let Some(failure) = &self.failure {
            return fail(failure, writer);
        }
        let mut listed = self.listing.finish();
        if let Some(pattern) = &self.pattern {
            listed.keys.retain(|key| glob::matches(pattern, key));
        }
        say_page(listed.next, &listed.keys, writer);
        Outcome::Done
    }
}

/// Writes what `SCAN` answers; zero is the cursor of the end.
pub(super) fn say_page(next: Option<Cursor>, keys: &[Bytes], writer: &mut Writer<'_>) {
    writer.array(2);
    writer.bulk(next.map_or(0, Cursor::number).to_string().as_bytes());
    writer.array(keys.len());
    for key in keys {
        writer.bulk(key);
    }
}

impl Sweep {
    /// Every partition, from the first one on.
    pub(super) fn new(partitions: Partitions, what: What) -> Self {
        Self { partitions, what, next: 0, under_way: 0, sum: 0, failure: None }
    }

    /// Asks for as many partitions as may be under way.
    pub(super) fn ask(&mut self, asker: &mut Asker<'_>) {
        while self.has_more()
            && self.under_way < PARALLEL_MAX
            && (self.under_way == 0 || asker.has_room())
        {
            self.ask_one(self.next, asker);
            self.next += 1;
        }
    }

    /// Takes the answer about a partition, and asks for more.
    pub(super) fn answer(&mut self, partition: u32, answer: Answer, asker: &mut Asker<'_>) {
        self.under_way -= 1;
        match answer {
            Ok(Reply::Count(count)) => {
                self.sum += count;
                // As many as are deleted at once: there are more, unless others keep writing
                // faster than that.
                let is_cut = self.what == What::Clear && count >= CLEAR_KEYS_MAX as u64;
                if is_cut && self.failure.is_none() {
                    self.ask_one(partition, asker);
                }
            }
            Ok(_) => self.fail(Failure::BadCommand),
            Err(failure) => self.fail(failure),
        }
        self.ask(asker);
    }

    /// Whether there are partitions that will be asked for later.
    pub(super) fn has_more(&self) -> bool {
        self.next < self.partitions.count() && self.failure.is_none()
    }

    /// Whether all is known.
    pub(super) fn is_done(&self) -> bool {
        self.under_way == 0 && !self.has_more()
    }

    /// Writes the reply.
    pub(super) fn say(&self, writer: &mut Writer<'_>) -> Outcome {
        match (&self.failure, self.what) {
            (Some(failure), _) => return fail(failure, writer),
            (None, What::Count) => writer.integer(i64::try_from(self.sum).unwrap_or(i64::MAX)),
            (None, What::Clear) => writer.simple("OK"),
        }
        Outcome::Done
    }

    fn ask_one(&mut self, partition: u32, asker: &mut Asker<'_>) {
        let id = PartitionId(u16::try_from(partition).expect("there are at most 32,768"));
        let at = self.partitions.start(id).position();
        let action = match self.what {
            What::Count => Action::Count { at },
            What::Clear => Action::Clear { at },
        };
        asker.ask(partition, action);
        self.under_way += 1;
    }

    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }
}
