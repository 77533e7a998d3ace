//! Namespaces: each with its own replicas, quorums and time to live.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::time::Duration;

use peer_ring_core::id::{BadName, check_name};
use serde::{Deserialize, Serialize};

/// The namespace that is always there, and that clients use who name none.
pub const DEFAULT: &str = "default";

/// The name of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Namespace(String);

impl Namespace {
    /// The namespace with this name.
    ///
    /// # Errors
    /// [`BadName`] when it cannot be one.
    pub fn new(name: &str) -> Result<Self, BadName> {
        check_name(name)?;
        Ok(Self(if name == DEFAULT { String::new() } else { name.to_owned() }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.0.is_empty() { DEFAULT } else { &self.0 }
    }

    /// Its name as it stands in record keys: empty for the default one.
    pub(crate) fn stored_name(&self) -> &str {
        &self.0
    }
}

/// How a namespace's records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// On how many nodes.
    pub n: NonZeroU8,
    /// How many must answer a read; a majority of `n` when not given.
    pub r: Option<NonZeroU8>,
    /// How many must acknowledge a write; a majority of `n` when not given.
    pub w: Option<NonZeroU8>,
    /// For how long, in milliseconds, when the writer does not say; for ever when not given.
    pub ttl_ms: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        let n = NonZeroU8::new(3).expect("three is not zero");
        Self { n, r: None, w: None, ttl_ms: None }
    }
}

impl Settings {
    /// For how long records live when their writer does not say.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl_ms.map(Duration::from_millis)
    }
}

/// The namespaces of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    fallback: Settings,
    named: BTreeMap<Namespace, Settings>,
}

impl Namespaces {
    /// These namespaces; the default one has the default settings unless it is among them.
    #[must_use]
    pub fn new(named: BTreeMap<Namespace, Settings>) -> Self {
        let fallback = named.get(&Namespace::default()).copied().unwrap_or_default();
        Self { fallback, named }
    }

    /// Whether there is such a namespace.
    #[must_use]
    pub fn contains(&self, namespace: &Namespace) -> bool {
        *namespace == Namespace::default() || self.named.contains_key(namespace)
    }

    /// The namespace with this name, if there is one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Namespace> {
        Namespace::new(name).ok().filter(|namespace| self.contains(namespace))
    }

    /// How a namespace's records are kept.
    #[must_use]
    pub fn settings(&self, namespace: &Namespace) -> &Settings {
        self.named.get(namespace).unwrap_or(&self.fallback)
    }

    /// On how many replicas the records of any of them lie.
    #[must_use]
    pub fn replica_counts(&self) -> Vec<u8> {
        let all = self.named.values().chain([&self.fallback]);
        all.map(|settings| settings.n.get()).collect()
    }

    /// The names there are, the default one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.named.keys().map(Namespace::name);
        std::iter::once(DEFAULT).chain(named.filter(|name| *name != DEFAULT))
    }
}
