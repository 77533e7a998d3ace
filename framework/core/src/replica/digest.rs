//! Digests: whether two replicas hold the same, said in eight bytes.

use std::ops::{Bound, ControlFlow};

use xxhash_rust::xxh3::Xxh3;

use crate::record::Freshness;
use crate::replica::Table;

/// The digest of `records` (table keys and how fresh what lies under them is), in the order of
/// their keys: zero when there are none, and never zero when there are some.
///
/// It is the xxh3-64 of what each record has in turn: the key's length and the key, then epoch,
/// stamp and node of its version, its touch and its expiry, as numbers of 64 bits, little-endian.
/// Values are not part of it, since two of one freshness are the same value, or one of them has
/// been swept into the tombstone that it stands for.
#[must_use]
pub fn digest<'a>(records: impl IntoIterator<Item = (&'a [u8], Freshness)>) -> u64 {
    let mut digest = Digest::default();
    for (key, freshness) in records {
        digest.add(key, freshness);
    }
    digest.finish()
}

/// What `table` holds after the key `after` and up to the key `until`, or to the end; `None` when
/// that is more than `records_max` records.
pub(super) fn digest_of(
    table: &dyn Table,
    after: Option<&[u8]>,
    until: Option<&[u8]>,
    records_max: usize,
) -> Option<u64> {
    let (mut digest, mut records) = (Digest::default(), 0);
    table.scan(after.map_or(Bound::Unbounded, Bound::Excluded), &mut |key, record| {
        if until.is_some_and(|until| key > until) || records > records_max {
            return ControlFlow::Break(());
        }
        records += 1;
        digest.add(key, record.freshness);
        ControlFlow::Continue(())
    });
    (records <= records_max).then(|| digest.finish())
}

/// A digest in the making.
#[derive(Default)]
pub(super) struct Digest(Option<Box<Xxh3>>);

impl Digest {
    /// Adds the record that comes next.
    pub fn add(&mut self, key: &[u8], freshness: Freshness) {
        let Freshness { version, touched, expires } = freshness;
        let numbers = [
            key.len() as u64,
            version.epoch.0,
            version.stamp.0,
            version.node.0,
            touched.0,
            expires,
        ];
        let mut bytes = [0; 48];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let hash = self.0.get_or_insert_default();
        let (length, fresh) = bytes.split_at(8);
        hash.update(length);
        hash.update(key);
        hash.update(fresh);
    }

    /// The digest of what was added.
    pub fn finish(self) -> u64 {
        self.0.map_or(0, |hash| hash.digest().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::freshness;

    #[test]
    fn nothing_has_the_digest_zero_and_anything_has_another() {
        assert_eq!(digest([]), 0);
        assert_ne!(digest([(&b""[..], Freshness::NONE)]), 0);
    }

    #[test]
    fn another_key_another_freshness_and_another_order_have_other_digests() {
        let [k, l] = [&b"k"[..], b"l"];
        let one = digest([(k, freshness(1)), (l, freshness(2))]);
        assert_eq!(one, digest([(k, freshness(1)), (l, freshness(2))]));
        assert_ne!(one, digest([(k, freshness(2)), (l, freshness(1))]));
        assert_ne!(one, digest([(l, freshness(2)), (k, freshness(1))]));
        assert_ne!(one, digest([(k, freshness(1)), (b"m", freshness(2))]));
        assert_ne!(one, digest([(k, freshness(1))]));
        let touched = Freshness { touched: crate::hlc::Stamp(1), ..freshness(2) };
        assert_ne!(one, digest([(k, freshness(1)), (l, touched)]));
    }

    #[test]
    fn where_one_key_ends_and_the_next_begins_makes_a_difference() {
        let keys = |one: &'static [u8], two: &'static [u8]| {
            digest([(one, Freshness::NONE), (two, Freshness::NONE)])
        };
        assert_ne!(keys(b"a", b"bc"), keys(b"ab", b"c"));
    }
}
