//! The newest before: of the operations that had returned by a moment, the one of highest version.
//!
//! Versions of a key are ordered, and the quorums that wrote and read them meet. So of two
//! operations that do not overlap the later one has met what the earlier one wrote or showed:
//! that is what makes claims by version sound with last-write-wins, however far clocks are apart.
//! A read of nothing has no version, since tombstones are not shown.

use peer_ring_core::record::Version;

use crate::history::Operation;

/// Operations that were done, in the order in which they returned, each with the newest of it and
/// those before it.
pub struct Newest<'a>(Vec<(u64, Version, &'a Operation)>);

impl<'a> Newest<'a> {
    /// Of these operations, those that were done and have a version.
    pub fn of(operations: impl IntoIterator<Item = &'a Operation>) -> Self {
        let versioned = |operation: &'a Operation| {
            let version = version(operation)?;
            Some((operation.done()?.returned.event, version, operation))
        };
        let mut done: Vec<_> = operations.into_iter().filter_map(versioned).collect();
        done.sort_by_key(|(returned, _, _)| *returned);
        let mut newest: Option<(Version, &Operation)> = None;
        for (_, version, operation) in &mut done {
            let known = newest.filter(|(known, _)| known >= version);
            let best = known.unwrap_or((*version, *operation));
            (*version, *operation) = best;
            newest = Some(best);
        }
        Self(done)
    }

    /// The newest that had returned before `operation` began, and its version.
    pub fn before(&self, operation: &Operation) -> Option<(Version, &'a Operation)> {
        let count = self.0.partition_point(|(returned, ..)| *returned < operation.invoked.event);
        self.0[..count].last().map(|(_, version, newest)| (*version, *newest))
    }
}

/// The version of what an operation showed or wrote, if it was done and there is one.
pub fn version(operation: &Operation) -> Option<Version> {
    let done = operation.done()?;
    (done.version != Version::NONE).then_some(done.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{done, put, unknown, version as stamped};

    #[test]
    fn what_overlaps_and_what_was_not_done_is_not_before() {
        let earlier = [
            done((1, 4), put(1), None, 9),
            done((2, 6), put(2), None, 5),
            done((3, 9), put(3), None, 30),
            unknown(1, put(4)),
        ];
        let newest = Newest::of(&earlier);
        let before = |invoked| newest.before(&unknown(invoked, put(5))).map(|(version, _)| version);
        assert_eq!(before(4), None);
        assert_eq!(before(5), Some(stamped(9)));
        assert_eq!(before(9), Some(stamped(9)));
        assert_eq!(before(10), Some(stamped(30)));
    }
}
