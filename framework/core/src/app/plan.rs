//! How a command runs.

use serde::{Deserialize, Serialize};

use crate::quorum::Need;

/// How a command runs: where, on how many replicas, and how many must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where it runs.
    pub kind: Kind,
    /// How many of the partition's replicas it is for; fewer when there are not so many nodes.
    pub n: u8,
    /// How many of them must answer before the caller is answered.
    pub need: Need,
    /// Who makes one reply of several.
    pub reconcile: Reconcile,
}

/// Where a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// At as many replicas as must answer, and at spare ones when those are slow. Writes nothing.
    Read,
    /// At all replicas in parallel.
    Write,
    /// At the partition's primary, one command at a time; the other replicas get its records.
    Owner,
}

/// Who makes one reply of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reconcile {
    /// The reply of the replica with the freshest records stands.
    Freshest,
    /// [`crate::app::App::reconcile`] does.
    App,
}

impl Plan {
    /// Writes at all of `n` replicas, answered after `q` of them.
    ///
    /// # Panics
    /// When `n` or `q` is zero, as do the other constructors.
    #[must_use]
    pub fn quorum(n: u8, q: u8) -> Self {
        Self::new(Kind::Write, n, Need::exactly(q))
    }

    /// Reads from `q` of `n` replicas, the fastest ones; what it finds stale is repaired first.
    #[must_use]
    pub fn read(n: u8, q: u8) -> Self {
        Self::new(Kind::Read, n, Need::exactly(q))
    }

    /// Runs at the primary, and is answered when `w` of `n` replicas, itself included, hold what
    /// it wrote. With `w` a majority it is never split.
    #[must_use]
    pub fn owner(n: u8, w: u8) -> Self {
        Self::new(Kind::Owner, n, Need::exactly(w))
    }

    /// Any kind with any need.
    #[must_use]
    pub fn new(kind: Kind, n: u8, need: Need) -> Self {
        assert!(n > 0, "a plan needs at least one replica");
        Self { kind, n, need, reconcile: Reconcile::Freshest }
    }

    /// Lets [`crate::app::App::reconcile`] make one reply of several.
    #[must_use]
    pub fn reconciled_by_app(self) -> Self {
        Self { reconcile: Reconcile::App, ..self }
    }

    /// Whether it may write.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self.kind {
            Kind::Read => false,
            Kind::Write | Kind::Owner => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_reads_may_write() {
        assert!(!Plan::read(3, 2).writes());
        assert!(Plan::quorum(3, 2).writes());
        assert!(Plan::owner(3, 2).writes());
    }

    #[test]
    #[should_panic(expected = "at least one replica")]
    fn a_plan_for_nobody_is_none() {
        let _ = Plan::quorum(0, 1);
    }

    #[test]
    #[should_panic(expected = "at least one answer")]
    fn a_plan_that_waits_for_nobody_is_none() {
        let _ = Plan::read(3, 0);
    }

    #[test]
    fn who_reconciles_is_a_matter_of_its_own() {
        let plan = Plan::read(3, 2);
        assert_eq!(plan.reconcile, Reconcile::Freshest);
        assert_eq!(plan.reconciled_by_app(), Plan { reconcile: Reconcile::App, ..plan });
    }
}
