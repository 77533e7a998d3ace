//! `zookeeper`: each node keeps an ephemeral znode below a path, for as long as its session lives.
//!
//! A node opens a session, creates `<path>/<name>` with its [`Sighting`], watches the path, and
//! lists it: in this order, so that nothing falls between. The watch tells which child to read
//! again. A session that is lost is replaced by a new one, in which the node registers again; one
//! that only changed its server is kept, and the watch is set and the path listed again, since
//! ZooKeeper forgets what happened in between (ZOOKEEPER-4698) and the client forgets the watch.
//!
//! While ZooKeeper is away nobody is said to be lost. A node that stops deletes its znode; one that
//! is killed is gone when its session runs out, which is no hurry, since links and probes tell who
//! is alive. A node that starts while the session of its predecessor lives replaces its znode.
//!
//! Needs ZooKeeper 3.6 or later. [`Roster`](peer_ring_discovery_core::zookeeper::Roster)
//! decides, `session` performs.

mod session;
mod settings;

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::membership::Sighting;

use crate::backend::keep_at;
use crate::{Facts, Source, SourceError};

pub use settings::{Access, Settings};

/// Announces a node in ZooKeeper, and says who else is there.
///
/// ```no_run
/// # use peer_ring_core::{id::NodeName, membership::Sighting};
/// use peer_ring_discovery::{Facts, Source, zookeeper};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let settings = zookeeper::Settings { servers: vec!["10.0.0.5:2181".into()], ..Default::default() };
/// settings.check()?;
/// let own = Sighting::new(NodeName::new("n1")?, "10.0.0.1:7601");
/// let (facts, mut said) = Facts::channel();
/// tokio::spawn(Box::new(zookeeper::ZooKeeper::new(settings, own)).run(facts));
/// while let Some(fact) = said.recv().await {
///     println!("{fact:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ZooKeeper {
    settings: Settings,
    own: Sighting,
}

impl ZooKeeper {
    /// A source that announces `own`. Check the settings before.
    #[must_use]
    pub fn new(settings: Settings, own: Sighting) -> Self {
        Self { settings, own }
    }
}

impl Source for ZooKeeper {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            let backoff = self.settings.backoff.clone();
            keep_at(session::Sessions::new(self.settings, self.own), &backoff, facts).await
        }
        .boxed()
    }
}
