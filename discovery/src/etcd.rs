//! `etcd`: each node keeps a key under a prefix, for as long as its lease lives.
//!
//! A node takes a lease, writes its [`Sighting`] under `<prefix><name>` with it, and keeps the lease
//! alive. To learn of the others it lists the prefix and then watches from the listing's revision
//! on, so that nothing falls between the two. A watch that was compacted away, a session that broke
//! and a member of the etcd cluster without a leader all come to the same: connect to the next
//! endpoint, list again, and say the difference. A lease that ran out, or was revoked, is replaced
//! by a new one under which the key is written again.
//!
//! While etcd is away nobody is said to be lost: what was said stays true. A node that stops revokes
//! its lease, so that its key goes at once; one that is killed is gone when its lease runs out,
//! which is no hurry, since links and probes tell who is alive.
//!
//! Two nodes of one name: the one that came last has the key, and the other says so in its log.
//!
//! [`Registry`](peer_ring_discovery_core::etcd::Registry) decides, `session` performs; `trouble`
//! says what an error means.

mod session;
mod settings;
mod trouble;

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::membership::Sighting;

use crate::backend::keep_at;
use crate::{Facts, Source, SourceError};

pub use settings::Settings;

/// Announces a node in etcd, and says who else is there.
///
/// ```no_run
/// # use peer_ring_core::{id::NodeName, membership::Sighting};
/// use peer_ring_discovery::{Facts, Source, etcd};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let settings = etcd::Settings { endpoints: vec!["http://10.0.0.5:2379".into()], ..Default::default() };
/// settings.check()?;
/// let own = Sighting::new(NodeName::new("n1")?, "10.0.0.1:7601");
/// let (facts, mut said) = Facts::channel();
/// tokio::spawn(Box::new(etcd::Etcd::new(settings, own)).run(facts));
/// while let Some(fact) = said.recv().await {
///     println!("{fact:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Etcd {
    settings: Settings,
    own: Sighting,
}

impl Etcd {
    /// A source that announces `own`. Check the settings before.
    #[must_use]
    pub fn new(settings: Settings, own: Sighting) -> Self {
        Self { settings, own }
    }
}

impl Source for Etcd {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            let backoff = self.settings.backoff.clone();
            keep_at(session::Session::new(self.settings, self.own), &backoff, facts).await
        }
        .boxed()
    }
}
