//! Where nodes find each other: sources of membership facts.
//!
//! A [`Source`] says which nodes exist and where ([`Fact`]s), for as long as the node runs. Whether
//! a node that exists is also alive is none of its business: links and probes tell. Which source a
//! node uses is one block of its configuration. [`Static`] is always there; each other source has a
//! feature of this crate.
//!
//! A source with a server behind it keeps trying for as long as the node listens. While the server
//! is away everything it said stays true, and afterwards it says the difference. It has two halves,
//! a pure one that makes facts and orders of what the server says, and one that performs the orders.
//!
//! | source | feature | says |
//! |---|---|---|
//! | [`Static`] | | the members that stand in the configuration |
//! | `dns` | `dns` | whom the records of a name list |
//! | `swim` | `swim` | whom nodes hear of by gossip among themselves; needs two addresses |
//! | `etcd` | `etcd` | who holds a key under a prefix |
//! | `zookeeper` | `zookeeper` | who has an ephemeral znode below a path |
//! | `kubernetes` | `kubernetes` | which pods a service or a label selector has |
//!
//! ```
//! use peer_ring_core::id::NodeName;
//! use peer_ring_core::membership::{Fact, Sighting};
//! use peer_ring_discovery::{Facts, Source, Static};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let n1 = Sighting::new(NodeName::new("n1")?, "127.0.0.1:7601");
//! let (facts, mut said) = Facts::channel();
//! tokio::spawn(Box::new(Static::new(vec![n1.clone()])).run(facts));
//! assert_eq!(said.recv().await, Some(Fact::Seen(n1)));
//! assert_eq!(said.recv().await, Some(Fact::Settled));
//! # Ok::<(), peer_ring_core::id::BadName>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

#[cfg(feature = "_registry")]
mod announcement;
#[cfg(feature = "_backend")]
mod backend;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "etcd")]
pub mod etcd;
mod fixed;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "_registry")]
mod login;
#[cfg(feature = "_registry")]
mod rest;
#[cfg(feature = "_backend")]
mod retry;
#[cfg(feature = "_backend")]
mod said;
#[cfg(feature = "_settings")]
mod settings;
#[cfg(feature = "swim")]
pub mod swim;
#[cfg(feature = "zookeeper")]
pub mod zookeeper;

use futures::future::BoxFuture;
use peer_ring_core::membership::Fact;
use thiserror::Error;
use tokio::sync::mpsc;

pub use fixed::Static;
#[cfg(feature = "_settings")]
pub use settings::{Backoff, BadSetting};

/// Facts that may wait for the node to take them in.
const FACTS_MAX: usize = 256;

/// A source of facts about which nodes exist.
pub trait Source: Send + 'static {
    /// Says what it knows, then what changes, until the node drops the other end of `facts`.
    ///
    /// A source whose backend fails keeps trying by itself, with backoff: what it said stays true
    /// meanwhile. It says [`Fact::Settled`] when it has told everything that it knew at its start.
    ///
    /// # Errors
    /// Ends with [`SourceError`] only for what no retry can mend, such as a wrong configuration.
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>>;
}

impl Source for Box<dyn Source> {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        (*self).run(facts)
    }
}

/// Where a source says its facts.
#[derive(Clone, Debug)]
pub struct Facts(mpsc::Sender<Fact>);

impl Facts {
    /// A sender of facts and its other end.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Fact>) {
        let (sender, receiver) = mpsc::channel(FACTS_MAX);
        (Self(sender), receiver)
    }

    /// Says a fact, waiting for room. Whether anybody listens still.
    pub async fn say(&self, fact: Fact) -> bool {
        self.0.send(fact).await.is_ok()
    }

    /// Waits until nobody listens any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// What no retry of a source can mend.
#[derive(Debug, Error)]
#[error("discovery by {source_name} cannot work: {reason}")]
pub struct SourceError {
    /// The source, as the configuration calls it.
    pub source_name: &'static str,
    /// What is wrong, and what to do about it.
    pub reason: String,
}
