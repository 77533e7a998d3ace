//! The rings of the past, as far as this node has seen them.

use std::collections::{BTreeMap, VecDeque};

use crate::id::{NodeName, Seat};
use crate::ring::report::Moves;
use crate::ring::{Member, Ring};
use crate::steward::Past;

/// Most rings that are remembered.
const PAST_MAX: usize = 64;

/// The latest rings, oldest first.
#[derive(Debug, Default)]
pub struct History(VecDeque<Past>);

impl History {
    /// Adds the ring that follows `before`.
    pub fn add(&mut self, ring: &Ring, before: Option<&Ring>) {
        if self.0.len() == PAST_MAX {
            self.0.pop_front();
        }
        let names = |ring: &Ring| -> BTreeMap<Seat, NodeName> {
            let named = |member: &Member| (member.seat(), member.name.clone());
            ring.members().iter().map(named).collect()
        };
        let (now, then) = (names(ring), before.map(names).unwrap_or_default());
        let joined = now.iter().filter(|(seat, _)| !then.contains_key(seat));
        let left = then.iter().filter(|(seat, _)| !now.contains_key(seat));
        self.0.push_back(Past {
            epoch: ring.epoch(),
            reason: ring.reason(),
            decided_at: ring.decided_at(),
            joined: joined.map(|(_, name)| name.clone()).collect(),
            left: left.map(|(_, name)| name.clone()).collect(),
            moves: before.map_or_else(Moves::default, |before| ring.moves(before)),
        });
    }

    /// The rings, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Past> {
        self.0.iter()
    }
}
