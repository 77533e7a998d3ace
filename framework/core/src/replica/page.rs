//! Pages: as many records as one message has, and how two replicas find out where they differ.

use std::ops::{Bound, ControlFlow};

use bytes::Bytes;

use crate::peer::Entry;
use crate::rare::{Mark, switched_on};
use crate::record::{Freshness, RecordRef};
use crate::replica::Table;
use crate::replica::digest::{Digest, digest_of};

/// Records of one answer, and bytes after which no more are added to it.
pub const PAGE_RECORDS_MAX: usize = 512;
/// Bytes of keys and values after which no more records are added to an answer.
pub const PAGE_BYTES_MAX: usize = 256 * 1024;

/// The records of one answer.
#[derive(Default)]
pub(super) struct Page {
    pub records: Vec<Entry>,
    bytes: usize,
}

impl Page {
    /// Whether no more may be added.
    pub fn is_full(&self) -> bool {
        is_full(self.records.len(), self.bytes)
            || (!self.records.is_empty() && switched_on(Mark::PageCutShort))
    }

    /// Adds a record.
    pub fn add(&mut self, key: Bytes, record: RecordRef<'_>) {
        self.bytes += bytes_of(&key, record);
        self.records.push(Entry { key, record: record.to_record() });
    }
}

/// The bytes of the keys and values of these records.
#[must_use]
pub fn bytes_in(records: &[Entry]) -> u64 {
    records.iter().map(|entry| bytes_of(&entry.key, entry.record.view()) as u64).sum()
}

fn is_full(records: usize, bytes: usize) -> bool {
    records == PAGE_RECORDS_MAX || bytes >= PAGE_BYTES_MAX
}

fn bytes_of(key: &[u8], record: RecordRef<'_>) -> usize {
    key.len() + record.value.map_or(0, <[u8]>::len)
}

/// A page of a replica, without its records.
pub(super) struct Outline {
    /// Its last key; `None` when it ends with the table.
    pub until: Option<Bytes>,
    /// Its digest.
    pub digest: u64,
}

/// The page of `table` that begins after `after`.
pub(super) fn outline(table: &dyn Table, after: Option<&[u8]>) -> Outline {
    let (mut records, mut bytes, mut digest) = (0, 0, Digest::default());
    let (mut last, mut until) = (Vec::new(), None);
    table.scan(after.map_or(Bound::Unbounded, Bound::Excluded), &mut |key, record| {
        if is_full(records, bytes) {
            until = Some(Bytes::copy_from_slice(&last));
            return ControlFlow::Break(());
        }
        records += 1;
        bytes += bytes_of(key, record);
        digest.add(key, record.freshness);
        last.clear();
        last.extend_from_slice(key);
        ControlFlow::Continue(())
    });
    Outline { until, digest: digest.finish() }
}

/// What is in `table` after `after` and up to `until`.
pub(super) fn held(
    table: &dyn Table,
    after: Option<&[u8]>,
    until: Option<&[u8]>,
) -> Vec<(Bytes, Freshness)> {
    let mut held = Vec::new();
    table.scan(after.map_or(Bound::Unbounded, Bound::Excluded), &mut |key, record| {
        if until.is_some_and(|until| key > until) || held.len() == PAGE_RECORDS_MAX {
            return ControlFlow::Break(());
        }
        held.push((Bytes::copy_from_slice(key), record.freshness));
        ControlFlow::Continue(())
    });
    held
}

/// Whether `table` has just what has the digest `digest`, after `after` and up to `until`.
pub(super) fn is_same(
    table: &dyn Table,
    after: Option<&[u8]>,
    until: Option<&[u8]>,
    digest: u64,
) -> bool {
    // Whoever described so much would have cut it off before.
    digest_of(table, after, until, PAGE_RECORDS_MAX) == Some(digest)
}

/// What `table` has after `after` and up to `until`, and up to which key that is: fewer records
/// than there are when they do not fit one answer, and none when what the asking replica has
/// there, of the digest `digest`, is just that.
pub(super) fn copy(
    table: &dyn Table,
    after: Option<&[u8]>,
    until: Option<Bytes>,
    digest: u64,
) -> (Vec<Entry>, Option<Bytes>) {
    if digest != 0 && is_same(table, after, until.as_deref(), digest) {
        return (Vec::new(), until);
    }
    let mut page = Page::default();
    let mut upto = until.clone();
    table.scan(after.map_or(Bound::Unbounded, Bound::Excluded), &mut |key, record| {
        if until.as_ref().is_some_and(|until| key > until) {
            return ControlFlow::Break(());
        }
        if page.is_full() {
            upto = page.records.last().map(|entry| entry.key.clone());
            return ControlFlow::Break(());
        }
        page.add(Bytes::copy_from_slice(key), record);
        ControlFlow::Continue(())
    });
    (page.records, upto)
}
