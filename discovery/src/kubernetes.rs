//! `kubernetes`: the pods behind a headless service, or those with certain labels.
//!
//! Nobody announces anything: Kubernetes knows its pods. This source lists the `EndpointSlice`s of a
//! service, or the pods that a label selector finds, and watches them from the listing's version
//! on; bookmarks keep that version fresh, so that a watch that ends or is cut goes on where it was,
//! and only `410 Gone` makes it list again. While the API server is away nobody is said to be lost.
//!
//! A node's name is its pod's: in a `StatefulSet` that is a seat which outlives the pod. Its address
//! is the pod's IP, or `<hostname>.<service>.<namespace>.svc`, and a port.
//!
//! | the pod is | the node is | why |
//! |---|---|---|
//! | ready | seen | |
//! | not ready | seen | nodes are ready only after they have found each other, so waiting for it would be waiting for ever; for the same reason the service needs `publishNotReadyAddresses: true` if nodes are reached by host name |
//! | terminating, and serving | seen | it hands over what it has, and answers meanwhile |
//! | terminating, and not serving | lost | |
//! | finished, or without an address | lost | |
//!
//! `ready` and `terminating` are in the sighting's metadata. That a node is lost to discovery does
//! not cut its links: a node that drains while its readiness probe fails is left in peace.
//!
//! The token of the service account is read again at least once a minute, and at once after the API
//! server has refused it; so is the certificate of its authority.
//!
//! [`View`](peer_ring_discovery_core::kubernetes::View) decides, `watch` performs; `slices` and `pods`
//! read what Kubernetes says.

mod pods;
mod settings;
mod slices;
mod watch;

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::membership::Sighting;

use crate::backend::keep_at;
use crate::{Facts, Source, SourceError};

pub use settings::{Address, Port, Settings};

/// Says which pods of a service, or with certain labels, there are.
///
/// ```no_run
/// # use peer_ring_core::{id::NodeName, membership::Sighting};
/// use peer_ring_discovery::{Facts, Source, kubernetes};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let settings = kubernetes::Settings { service: Some("peer-ring".into()), ..Default::default() };
/// settings.check()?;
/// let own = Sighting::new(NodeName::new("peer-ring-0")?, "10.0.0.1:7601");
/// let (facts, mut said) = Facts::channel();
/// tokio::spawn(Box::new(kubernetes::Kubernetes::new(settings, own)).run(facts));
/// while let Some(fact) = said.recv().await {
///     println!("{fact:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Kubernetes {
    settings: Settings,
    own: Sighting,
}

impl Kubernetes {
    /// A source for the node `own`, which warns when that is not among those it sees. Check the
    /// settings before.
    #[must_use]
    pub fn new(settings: Settings, own: Sighting) -> Self {
        Self { settings, own }
    }
}

impl Source for Kubernetes {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            let backoff = self.settings.backoff.clone();
            keep_at(watch::Watching::new(self.settings, self.own.name), &backoff, facts).await
        }
        .boxed()
    }
}
