//! A record: a value with a version, an expiry instant and possibly a tombstone's mark.
//!
//! Records of one key merge by taking the greater [`Freshness`]: first by version (who wrote last,
//! ties by node id), then by *touch*. A touch changes the expiry of one very version without being
//! a write: it beats the version it touched and loses to every later write, so that `EXPIRE` can
//! never undo a `SET` that it had not seen.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::actor::Wall;
use crate::hlc::Stamp;
use crate::id::{Epoch, NodeId};

/// Who wrote a value, and when: last write wins, ties go to the greater node id.
///
/// What was written under a later ring wins in any case. So whatever a coordinator of an earlier
/// one has left on some replica, unacknowledged, never hides what its successor acknowledges,
/// however far their clocks are apart.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Version {
    /// Since when the key's partition was laid out as its coordinator knew it.
    pub epoch: Epoch,
    /// When, on the writer's hybrid logical clock.
    pub stamp: Stamp,
    /// Whose clock that was.
    pub node: NodeId,
}

impl Version {
    /// The version of a key that was never written.
    pub const NONE: Self = Self { epoch: Epoch(0), stamp: Stamp::ZERO, node: NodeId(0) };

    /// Whether a replica may take what bears it: a stamp that somebody can have given, and a ring
    /// that somebody can have seen.
    #[must_use]
    pub fn is_credible(&self) -> bool {
        self.stamp.is_credible() && self.epoch.0 <= u32::MAX.into()
    }
}

/// The order in which records of one key replace each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Freshness {
    /// The version of the value.
    pub version: Version,
    /// When its expiry was last changed without a write; zero if never.
    pub touched: Stamp,
    /// When it expires, in milliseconds since the Unix epoch; zero if never.
    pub expires: u64,
}

impl Freshness {
    /// That of a key that was never written.
    pub const NONE: Self = Self { version: Version::NONE, touched: Stamp::ZERO, expires: 0 };

    /// Whether a replica may take a record of this freshness; see [`Version::is_credible`].
    #[must_use]
    pub fn is_credible(&self) -> bool {
        self.version.is_credible() && self.touched.is_credible()
    }

    /// Whether a record of this freshness has expired at `wall`.
    #[must_use]
    pub fn is_expired(&self, wall: Wall) -> bool {
        self.expires != 0 && self.expires <= wall.0
    }

    /// When it expires, if it does.
    #[must_use]
    pub fn expiry(&self) -> Option<Wall> {
        (self.expires != 0).then_some(Wall(self.expires))
    }
}

/// A record that owns its value, as it travels between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What decides between two records of one key.
    pub freshness: Freshness,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

impl Record {
    /// A borrowed view of this record.
    #[must_use]
    pub fn view(&self) -> RecordRef<'_> {
        RecordRef { freshness: self.freshness, value: self.value.as_deref() }
    }
}

/// A record as a table lends it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// What decides between two records of one key.
    pub freshness: Freshness,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

impl<'a> RecordRef<'a> {
    /// The value, unless it is deleted or has expired at `wall`.
    #[must_use]
    pub fn live(&self, wall: Wall) -> Option<&'a [u8]> {
        let is_expired = self.freshness.is_expired(wall) && !crate::planted!("expired-served");
        if is_expired { None } else { self.value }
    }

    /// A copy that owns its value.
    #[must_use]
    pub fn to_record(&self) -> Record {
        Record { freshness: self.freshness, value: self.value.map(Bytes::copy_from_slice) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(stamp: u64, node: u64, touched: u64) -> Freshness {
        let version = Version { epoch: Epoch(1), stamp: Stamp(stamp), node: NodeId(node) };
        Freshness { version, touched: Stamp(touched), expires: 0 }
    }

    #[test]
    fn a_touch_beats_its_version_and_loses_to_the_next_write() {
        assert!(fresh(5, 1, 9) > fresh(5, 1, 0));
        assert!(fresh(6, 1, 0) > fresh(5, 1, 9));
    }

    #[test]
    fn a_later_ring_beats_a_later_stamp() {
        let late = fresh(9, 1, 0);
        let mut newer = fresh(5, 1, 0);
        newer.version.epoch = Epoch(2);
        assert!(newer > late);
    }

    #[test]
    fn equal_stamps_are_decided_by_node_id() {
        assert!(fresh(5, 2, 0) > fresh(5, 1, 0));
    }

    #[test]
    fn an_expired_value_is_not_live() {
        let freshness = Freshness { expires: 10, ..fresh(1, 1, 0) };
        let record = RecordRef { freshness, value: Some(b"v") };
        assert_eq!(record.live(Wall(9)), Some(&b"v"[..]));
        assert_eq!(record.live(Wall(10)), None);
    }
}
