//! A plan: everything that a run is a function of.
//!
//! A swarm draws one from each seed. The draws are those of *swarm testing* (Groce and others,
//! 2012): in each run most kinds of faults are off, and how likely the others are is drawn too, so
//! that each kind meets the system in all sorts of company and also alone.

mod draw;
pub mod topology;

use std::fmt;
use std::num::NonZeroU8;
use std::time::Duration;

use peer_ring_kv::{Kv, Namespace, Namespaces};

pub use topology::{Profile, Promise, Topology};

use crate::cluster::Cluster;
use crate::faults::Scheduled;
use crate::workload::Workload;

/// Everything that a run is a function of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What all streams are keyed by.
    pub seed: u64,
    /// How many nodes, replicas and answers there are, and what they promise.
    pub topology: Topology,
    /// The nodes and the network.
    pub cluster: Cluster,
    /// What clients do.
    pub workload: Workload,
    /// What goes wrong.
    pub faults: Vec<Scheduled>,
    /// For how long clients work while things go wrong; then all is healed.
    pub turmoil: Duration,
}

impl Plan {
    /// The plan that a seed draws.
    #[must_use]
    pub fn draw(seed: u64, profile: Profile) -> Self {
        draw::plan(seed, profile)
    }

    /// The store under test.
    #[must_use]
    pub fn kv(&self) -> Kv {
        let Topology { n, r, w, .. } = self.topology;
        let count = |count| NonZeroU8::new(count).expect("a topology has no zeros");
        let settings = peer_ring_kv::namespace::Settings {
            n: count(n),
            r: Some(count(r)),
            w: Some(count(w)),
            ttl_ms: None,
        };
        Kv::new(Namespaces::new([(Namespace::default(), settings)].into()))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, topology, workload, faults, turmoil, .. } = self;
        writeln!(f, "seed {seed}: {topology}")?;
        let Workload { clients, keys, timeout, patience, .. } = workload;
        writeln!(
            f,
            "{clients} clients, {keys} keys, timeout {timeout:?}, patience {patience:?}, \
             {turmoil:?} of turmoil"
        )?;
        faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))
    }
}
