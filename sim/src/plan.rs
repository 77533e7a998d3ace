//! A plan: everything that a run is a function of.
//!
//! A swarm draws one from each seed. The draws are those of *swarm testing* (Groce and others,
//! 2012): in each run most kinds of faults are off, and how likely the others are is drawn too, so
//! that each kind meets the system in all sorts of company and also alone.
//!
//! What clients ask and what goes wrong are explicit lists. So a plan can be written down
//! ([`crate::schedule`]), edited, carried out again to the last event, and made smaller
//! ([`crate::shrink`]).

mod churn;
mod draw;
mod faults;

use std::collections::BTreeMap;
use std::time::Duration;

pub use faults::Swarm;
use peer_ring_core::rare::Mark;

use crate::cluster::Cluster;
use crate::faults::Scheduled;
use crate::subject::Subject;
use crate::time::Time;
use crate::world::NodeIndex;

/// Everything that a run is a function of, besides its subject.
pub struct Plan<S: Subject> {
    /// What all streams are keyed by.
    pub seed: u64,
    /// What is drawn of the app and its promises.
    pub settings: S::Settings,
    /// The nodes and the network.
    pub cluster: Cluster,
    /// How long clients and the system have.
    pub patience: Patience,
    /// What clients ask, each of them one call after another, by time and number.
    pub calls: Vec<Planned<S::Call>>,
    /// What goes wrong.
    pub faults: Vec<Scheduled>,
    /// When all faults are ended. Calls from then on meet a healthy cluster.
    pub heal: Time,
    /// How often, in so many of a thousand cases, a rare branch is taken for no reason until the
    /// heal.
    pub switches: BTreeMap<Mark, u16>,
    /// How many times as likely a message is struck while something rare is under way.
    pub rise: u32,
}

/// A call with its place in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned<C> {
    /// Tells it from the others, and stays its own when those are taken away.
    pub id: u32,
    /// Which client makes it.
    pub client: u32,
    /// When: not before this, and not before the client was answered what it asked before. From
    /// [`Plan::heal`] on, counted from when the cluster is whole again instead.
    pub at: Time,
    /// Which node is asked.
    pub node: NodeIndex,
    /// What is asked.
    pub call: C,
}

/// How long clients and the system have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long the system is given for a call.
    pub timeout: Duration,
    /// How long a client waits for an answer before it gives up.
    pub patience: Duration,
}

impl<S: Subject> Plan<S> {
    /// The plan that a seed draws.
    #[must_use]
    pub fn draw(subject: &S, seed: u64, swarm: &Swarm) -> Self {
        draw::plan(subject, seed, swarm)
    }

    /// How many steps it has: calls and faults.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.calls.len() + self.faults.len()
    }
}

impl<S: Subject> Clone for Plan<S> {
    fn clone(&self) -> Self {
        Self {
            seed: self.seed,
            settings: self.settings.clone(),
            cluster: self.cluster.clone(),
            patience: self.patience,
            calls: self.calls.clone(),
            faults: self.faults.clone(),
            heal: self.heal,
            switches: self.switches.clone(),
            rise: self.rise,
        }
    }
}
