//! The fast path: when each value read has one possible writer, the readers' whereabouts alone
//! decide (Gibbons & Korach, "Testing shared memories", 1997).
//!
//! A write and the reads of its value form a *cluster*; a write that nobody reads is a cluster by
//! itself, and the reads of "absent" belong to an imaginary write before the history. In a
//! linearization a cluster stands together, its write first. Let `f` be a cluster's first return
//! and `s` its last invocation. Cluster `A` must stand before cluster `B` exactly if some operation
//! of `A` returned before some operation of `B` was invoked, that is, if `f(A) < s(B)`. Hence the
//! history is linearizable if and only if
//!
//! 1. every value read was written, and no read returned before the write of its value was invoked;
//! 2. the relation "must stand before" has no cycle.
//!
//! A cycle always contains two clusters that must each stand before the other: take the `B` of the
//! cycle with the greatest `s`. Each `X` of the cycle must stand before its successor, so
//! `f(X) < s(successor) <= s(B)`, and `X` must stand before `B`; in particular so must `B`'s own
//! successor. So it is enough to look at pairs with `f(A) < s(B)` and `f(B) < s(A)`.
//!
//! Call the span between `f` and `s` the cluster's *zone*: *forward* if `f < s`, when the register
//! must hold the value all over the zone, otherwise *backward*, when all of the cluster can happen
//! at any one instant of it. Two forward zones form a bad pair if they overlap, a forward and a
//! backward one if the forward holds the backward inside it, two backward ones never.

use std::collections::BTreeMap;

use super::Operation;

/// A history of one key in which each value read has at most one writer, sorted into clusters.
pub(super) struct Clusters {
    zones: Vec<Zone>,
    has_impossible_read: bool,
}

impl Clusters {
    /// `None` if some value that was read has several writers, counting the absence at the start.
    ///
    /// # Panics
    ///
    /// If a read has not returned: what it saw is not known, so it has no cluster.
    pub(super) fn of(operations: &[Operation]) -> Option<Self> {
        let mut seen: BTreeMap<Option<u64>, Cluster> = BTreeMap::new();
        for (operation, value) in with(operations, Operation::reads) {
            let returned = operation.returned.expect("reads without an answer were dropped");
            seen.entry(value)
                .or_insert_with(|| Cluster::read_by(operation.invoked, returned))
                .add_read(operation.invoked, returned);
        }
        if let Some(absent) = seen.get_mut(&None) {
            absent.writer = Some(Writer::TheBeginning);
        }

        let mut zones = Vec::new();
        for (operation, value) in with(operations, Operation::writes) {
            let Operation { invoked, returned, .. } = *operation;
            match seen.get_mut(&value) {
                Some(Cluster { writer: Some(_), .. }) => return None,
                Some(cluster) => cluster.writer = Some(Writer::Write { invoked, returned }),
                // Nobody read it: if it is open it need not happen.
                None => zones.extend(returned.map(|returned| Zone::of_write(invoked, returned))),
            }
        }

        let has_impossible_read = !seen.values().all(Cluster::can_see_its_writer);
        zones.extend(seen.values().filter_map(Cluster::zone));
        Some(Self { zones, has_impossible_read })
    }

    /// Whether the clusters can be put one after the other: whether the history is linearizable.
    pub(super) fn have_an_order(&self) -> bool {
        if self.has_impossible_read {
            return false;
        }
        let (mut forward, backward): (Vec<Zone>, Vec<Zone>) =
            self.zones.iter().partition(|zone| zone.is_forward());
        forward.sort_unstable_by_key(|zone| zone.first_return);

        let overlap = forward.windows(2).any(|pair| pair[0].must_stand_around(&pair[1]));
        // Of disjoint forward zones only the last to start before a backward one can reach past it.
        let holds_one_inside = |zone: &Zone| {
            let started = forward.partition_point(|other| other.must_precede(zone));
            forward[..started].last().is_some_and(|other| other.must_stand_around(zone))
        };
        !overlap && !backward.iter().any(holds_one_inside)
    }
}

fn with<'a, V>(
    operations: &'a [Operation],
    part: impl Fn(&Operation) -> Option<V> + 'a,
) -> impl Iterator<Item = (&'a Operation, V)> {
    operations.iter().filter_map(move |operation| Some((operation, part(operation)?)))
}

/// The reads of one value, and its writer once that is found.
struct Cluster {
    first_read_return: u64,
    last_read_invocation: u64,
    writer: Option<Writer>,
}

enum Writer {
    TheBeginning,
    Write { invoked: u64, returned: Option<u64> },
}

impl Cluster {
    fn read_by(invoked: u64, returned: u64) -> Self {
        Self { first_read_return: returned, last_read_invocation: invoked, writer: None }
    }

    fn add_read(&mut self, invoked: u64, returned: u64) {
        self.first_read_return = self.first_read_return.min(returned);
        self.last_read_invocation = self.last_read_invocation.max(invoked);
    }

    fn can_see_its_writer(&self) -> bool {
        match self.writer {
            None => false,
            Some(Writer::TheBeginning) => true,
            Some(Writer::Write { invoked, .. }) => invoked <= self.first_read_return,
        }
    }

    fn zone(&self) -> Option<Zone> {
        let zone = match self.writer {
            None => return None,
            Some(Writer::TheBeginning) => {
                Zone { first_return: None, last_invocation: self.last_read_invocation }
            }
            Some(Writer::Write { invoked, returned }) => Zone {
                first_return: Some(
                    returned.map_or(self.first_read_return, |at| at.min(self.first_read_return)),
                ),
                last_invocation: invoked.max(self.last_read_invocation),
            },
        };
        Some(zone)
    }
}

/// The span between a cluster's first return (`None`: before the history) and last invocation.
#[derive(Clone, Copy)]
struct Zone {
    first_return: Option<u64>,
    last_invocation: u64,
}

impl Zone {
    fn of_write(invoked: u64, returned: u64) -> Self {
        Self { first_return: Some(returned), last_invocation: invoked }
    }

    fn is_forward(&self) -> bool {
        self.must_precede(self)
    }

    fn must_precede(&self, other: &Self) -> bool {
        self.first_return < Some(other.last_invocation)
    }

    /// Whether each of the two must stand before the other, which no order can grant.
    fn must_stand_around(&self, other: &Self) -> bool {
        self.must_precede(other) && other.must_precede(self)
    }
}
