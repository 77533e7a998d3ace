//! What was acknowledged stays where every quorum meets it, whatever crashes and comes back.
//!
//! An acknowledged write is held by w of n owners, so at most n - w that can be asked lack it: too
//! few to answer a read among themselves. An owner that loses its memory cannot be asked until it
//! has got back what it may have acknowledged, and no owner before it knows the ring by which it is
//! one. So this holds at every moment, and is looked at whenever an operation on the key ends, and
//! for all keys when nothing goes on; a read that happens to ask just those owners that have
//! forgotten need not come along.

use std::collections::BTreeMap;

use peer_ring_core::record::Version;

use crate::check::durable::Place;
use crate::check::{Violation, newest};
use crate::history::{Call, Operation};
use crate::world::{NodeIndex, World};

/// The name of this checker.
pub const NAME: &str = "kept";

/// The newest write of each key that was acknowledged.
#[derive(Debug, Default)]
pub struct Kept(BTreeMap<u32, Version>);

impl Kept {
    /// Takes note of an operation that has just been answered.
    pub fn see(&mut self, operation: &Operation) {
        let Some(version) = newest::version(operation) else {
            return;
        };
        match operation.call {
            Call::Get => {}
            Call::Put { .. } | Call::Delete => {
                let newest = self.0.entry(operation.key).or_default();
                *newest = version.max(*newest);
            }
        }
    }

    /// Whether what was acknowledged of `key` by `w` owners is met by every quorum.
    ///
    /// # Errors
    /// Which owners lack it, when those are more than may.
    pub fn check(&self, world: &World, key: u32, w: u8) -> Result<(), Violation> {
        let Some(&wanted) = self.0.get(&key) else {
            return Ok(());
        };
        let place = Place::of(world, key);
        let owners = place.owners(world);
        let most = owners.len().saturating_sub(w.into());
        let lacks = |owner: &NodeIndex| {
            place.is_current(world, *owner)
                && place.held(world, *owner).is_some_and(|version| version < wanted)
        };
        let lacking: Vec<_> = owners.filter(lacks).collect();
        verdict(key, wanted, &lacking, most)
    }

    /// [`Kept::check`] for every key.
    ///
    /// # Errors
    /// The first that it fails for.
    pub fn check_all(&self, world: &World, w: u8) -> Result<(), Violation> {
        self.0.keys().try_for_each(|key| self.check(world, *key, w))
    }
}

fn verdict(key: u32, wanted: Version, lacking: &[NodeIndex], most: usize) -> Result<(), Violation> {
    if lacking.len() <= most {
        return Ok(());
    }
    let text = format!(
        "key {key}: {lacking:?} can be asked and lack the acknowledged version {wanted:?}, where \
         at most {most} may"
    );
    Err(Violation::new(NAME, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{done, put, unknown, version};

    #[test]
    fn the_newest_acknowledged_write_is_what_counts() {
        let mut kept = Kept::default();
        kept.see(&done((1, 2), put(1), None, 20));
        kept.see(&done((3, 4), Call::Delete, None, 10));
        kept.see(&done((5, 6), Call::Get, Some(7), 30));
        kept.see(&unknown(7, put(9)));
        assert_eq!(kept.0, [(0, version(20))].into());
    }

    #[test]
    fn a_quorum_of_owners_that_have_forgotten_is_reported() {
        let (one, two) = (NodeIndex(0), NodeIndex(1));
        assert_eq!(verdict(3, version(1), &[one], 1), Ok(()));
        let text = verdict(3, version(1), &[one, two], 1).unwrap_err().text;
        assert!(text.starts_with("key 3: [NodeIndex(0), NodeIndex(1)]"), "{text}");
    }
}
