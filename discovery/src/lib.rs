//! Where nodes find each other: sources of membership facts.
//!
//! A [`Source`] says which nodes exist and where ([`Fact`]s), for as long as the node runs. Whether
//! a node that exists is also alive is none of its business: links and probes tell. Which source a
//! node uses is one block of its configuration. [`Static`] is always there; each other source has a
//! feature of this crate.
//!
//! A source with a server behind it keeps trying for as long as the node listens. While the server
//! is away everything it said stays true, and afterwards it says the difference. Here sources perform;
//! what they decide stands in `peer-ring-discovery-core`, which a simulator runs as well.
//! One that knows addresses and no names lets the nodes there say who they are:
//! [`Facts::who_is_at`].
//!
//! | source | feature | says |
//! |---|---|---|
//! | [`Static`] | | the members that stand in the configuration |
//! | `dns` | `dns` | whom the records of a name list, or who is at the addresses that they list |
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

#[cfg(feature = "_backend")]
mod backend;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "etcd")]
pub mod etcd;
#[cfg(feature = "_backend")]
mod files;
mod fixed;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "_registry")]
mod login;
#[cfg(feature = "_registry")]
mod rest;
#[cfg(feature = "swim")]
pub mod swim;
mod who;
#[cfg(feature = "zookeeper")]
pub mod zookeeper;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::Fact;
use thiserror::Error;
use tokio::sync::mpsc;

pub use fixed::Static;
pub use peer_ring_discovery_core::{Backoff, BadSetting};
use who::Nobody;
pub use who::{NoName, WhoIs};

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

/// Where a source says its facts, and asks for the names that it lacks.
#[derive(Clone)]
pub struct Facts {
    said: mpsc::Sender<Fact>,
    who_is: Arc<dyn WhoIs>,
}

impl Facts {
    /// A sender of facts and its other end. Nobody can be asked for names; see [`Facts::asking`].
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Fact>) {
        let (said, receiver) = mpsc::channel(FACTS_MAX);
        (Self { said, who_is: Arc::new(Nobody) }, receiver)
    }

    /// The same, with somebody who asks for names: a running node, or in a test
    ///
    /// ```
    /// use futures::future::{BoxFuture, ready};
    /// use peer_ring_core::id::NodeName;
    /// use peer_ring_discovery::{Facts, NoName, WhoIs};
    ///
    /// /// One node, whatever the address.
    /// struct Always(NodeName);
    ///
    /// impl WhoIs for Always {
    ///     fn who_is_at<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<NodeName, NoName>> {
    ///         Box::pin(ready(Ok(self.0.clone())))
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let n1 = NodeName::new("n1").expect("that is a name");
    /// let (facts, _said) = Facts::channel();
    /// assert!(facts.who_is_at("127.0.0.1:7601").await.is_err());
    /// let facts = facts.asking(Always(n1.clone()));
    /// assert_eq!(facts.who_is_at("127.0.0.1:7601").await, Ok(n1));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn asking(self, who_is: impl WhoIs) -> Self {
        Self { who_is: Arc::new(who_is), ..self }
    }

    /// Says a fact, waiting for room. Whether anybody listens still.
    pub async fn say(&self, fact: Fact) -> bool {
        self.said.send(fact).await.is_ok()
    }

    /// Asks who is at this address, `host:port`, where nodes listen for their peers. This node
    /// answers as any other does.
    ///
    /// It takes as long as a link may take to be made, at most, and its turn: a node asks some
    /// addresses at once and not more, however many its source wants to know. Nothing is
    /// remembered, since another node may come to have the address.
    ///
    /// # Errors
    /// [`NoName`] says whether a node of the cluster may be there all the same.
    pub async fn who_is_at(&self, address: &str) -> Result<NodeName, NoName> {
        self.who_is.who_is_at(address).await
    }

    /// Waits until nobody listens any more.
    pub async fn closed(&self) {
        self.said.closed().await;
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("said", &self.said).finish_non_exhaustive()
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
