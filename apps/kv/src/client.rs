//! A typed client over a running node, for programs that embed one and for the HTTP front.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use peer_ring_kv::client::KvClient;
//! # use peer_ring_kv::Ttl;
//! # async fn example(handle: peer_ring::Handle<peer_ring_kv::Kv>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = KvClient::new(handle).namespace("sessions")?;
//! sessions.put("alice", "logged in", Ttl::For(Duration::from_secs(60))).await?;
//! let found = sessions.get("alice").await?;
//! # Ok(())
//! # }
//! ```

use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use peer_ring::Handle;
use peer_ring_core::failure::Failure;
use peer_ring_core::key::Partitions;
use peer_ring_core::record::Version;
use thiserror::Error;

use crate::app::{Action, Command, Expiry, Found, Kv, Quorum, Reply};
use crate::cursor::Cursor;
use crate::listing::{Listed, Listing};
use crate::namespace::{Namespace, Settings};
use crate::ttl::{PAST, Ttl};

/// The longest time-out; longer ones mean this.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Commands under way at once on behalf of one call about many keys or partitions.
const PARALLEL_MAX: usize = 64;

/// A client of one namespace; cheap to clone and to change.
#[derive(Clone)]
pub struct KvClient {
    handle: Handle<Kv>,
    namespace: Namespace,
    quorum: Quorum,
    timeout: Duration,
}

/// A value was written, or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The version that was written.
    pub version: Version,
    /// Whether there was a value before; known of deletes only, false for others.
    pub existed: bool,
    /// When the value expires, if it does.
    pub expires: Option<Expiry>,
}

/// There is no such namespace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no namespace {name:?}")]
pub struct UnknownNamespace {
    /// The name that was asked for.
    pub name: String,
}

impl KvClient {
    /// A client of the default namespace.
    #[must_use]
    pub fn new(handle: Handle<Kv>) -> Self {
        let timeout = handle.timeout();
        Self { handle, namespace: Namespace::default(), quorum: Quorum::default(), timeout }
    }

    /// The same for another namespace.
    ///
    /// # Errors
    /// [`UnknownNamespace`] when there is none of this name.
    pub fn namespace(self, name: &str) -> Result<Self, UnknownNamespace> {
        match self.handle.app().namespaces().find(name) {
            Some(namespace) => Ok(Self { namespace, ..self }),
            None => Err(UnknownNamespace { name: name.to_owned() }),
        }
    }

    /// The same with records on `n` nodes, where that differs from the namespace's settings.
    #[must_use]
    pub fn replicas(self, n: Option<NonZeroU8>) -> Self {
        Self { quorum: Quorum { n, ..self.quorum }, ..self }
    }

    /// The same with `q` nodes that must answer, where that differs from the namespace's settings.
    #[must_use]
    pub fn quorum(self, q: Option<NonZeroU8>) -> Self {
        Self { quorum: Quorum { q, ..self.quorum }, ..self }
    }

    /// The same with another time-out, for each call as a whole.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The settings of its namespace.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.handle.app().namespaces().settings(&self.namespace)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// [`Failure`] when too few replicas answered, as do all methods below.
    pub async fn get(&self, key: impl Into<Bytes>) -> Result<Option<Found>, Failure> {
        self.get_by(key.into(), self.deadline()).await
    }

    /// Writes a value.
    pub async fn put(
        &self,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
        ttl: Ttl,
    ) -> Result<Written, Failure> {
        let expires = self.expiry(ttl);
        self.put_by((key.into(), value.into()), expires, self.deadline()).await
    }

    /// Deletes a value.
    pub async fn delete(&self, key: impl Into<Bytes>) -> Result<Written, Failure> {
        let action = Action::Delete { key: key.into() };
        written(self.ask(action, self.deadline()).await?, None)
    }

    /// Changes when a value expires; false when there is none.
    ///
    /// It is read first, and left as it is when it was written again in between.
    pub async fn expire(&self, key: impl Into<Bytes>, ttl: Ttl) -> Result<bool, Failure> {
        let expires = self.expiry(ttl);
        Ok(self.touch(key.into(), |_| Some(expires)).await?.is_some())
    }

    /// Lets a value live for ever; false when there is none or it did so already.
    pub async fn persist(&self, key: impl Into<Bytes>) -> Result<bool, Failure> {
        let forever = |found: &Found| found.expires.map(|_| None);
        Ok(self.touch(key.into(), forever).await?.is_some())
    }

    /// Reads a value and makes it expire at once, unless it was written again in between.
    pub async fn take(&self, key: impl Into<Bytes>) -> Result<Option<Found>, Failure> {
        self.touch(key.into(), |_| Some(Some(PAST))).await
    }

    /// Reads many values, in the order of their keys.
    pub async fn get_many(&self, keys: Vec<Bytes>) -> Result<Vec<Option<Found>>, Failure> {
        let deadline = self.deadline();
        let gets = keys.into_iter().map(|key| self.get_by(key, deadline));
        stream::iter(gets).buffered(PARALLEL_MAX).try_collect().await
    }

    /// Writes many values, not as one: on an error some of them may have been written.
    pub async fn put_many(
        &self,
        pairs: Vec<(Bytes, Bytes)>,
        ttl: Ttl,
    ) -> Result<Vec<Written>, Failure> {
        let deadline = self.deadline();
        let expires = self.expiry(ttl);
        let puts = pairs.into_iter().map(|pair| self.put_by(pair, expires, deadline));
        stream::iter(puts).buffered(PARALLEL_MAX).try_collect().await
    }

    /// Lists about `limit` keys from `from` on; keys that come or go meanwhile may be among them.
    ///
    /// A page may be short or empty although there is a next one.
    pub async fn keys(&self, from: Cursor, limit: u32) -> Result<Listed, Failure> {
        let deadline = self.deadline();
        let mut listing = Listing::new(self.partitions()?, from, limit);
        while let Some(action) = listing.next() {
            match self.ask(action, deadline).await {
                Ok(Reply::Keys(page)) => listing.take(page),
                Err(_) if listing.has_moved() => break,
                Ok(reply) => return Err(unexpected(&reply)),
                Err(failure) => return Err(failure),
            }
        }
        Ok(listing.finish())
    }

    /// Counts the keys of the namespace, by looking at every one.
    pub async fn count(&self) -> Result<u64, Failure> {
        let deadline = self.deadline();
        let count = |at| async move { count(self.ask(Action::Count { at }, deadline).await?) };
        self.in_each_partition(count).await
    }

    /// Deletes the keys of the namespace; says how many there were.
    pub async fn clear(&self) -> Result<u64, Failure> {
        let deadline = self.deadline();
        let clear = |at| async move {
            let mut sum = 0;
            loop {
                match count(self.ask(Action::Clear { at }, deadline).await?)? {
                    0 => return Ok(sum),
                    deleted => sum += deleted,
                }
            }
        };
        self.in_each_partition(clear).await
    }

    async fn in_each_partition<F>(&self, run: impl Fn(u64) -> F) -> Result<u64, Failure>
    where
        F: Future<Output = Result<u64, Failure>>,
    {
        let partitions = self.partitions()?;
        let positions = partitions.iter().map(|p| partitions.start(p).position());
        let runs = stream::iter(positions.map(run)).buffer_unordered(PARALLEL_MAX);
        runs.try_fold(0, |sum, more| async move { Ok(sum + more) }).await
    }

    /// Reads a value and changes its expiry to what `choose` says of it, if it says anything.
    async fn touch(
        &self,
        key: Bytes,
        choose: impl FnOnce(&Found) -> Option<Option<Expiry>>,
    ) -> Result<Option<Found>, Failure> {
        let deadline = self.deadline();
        let Some(found) = self.get_by(key.clone(), deadline).await? else {
            return Ok(None);
        };
        let Some(expires) = choose(&found) else {
            return Ok(None);
        };
        let Found { value, version, .. } = found.clone();
        let action = Action::Touch { key, version, value, expires };
        written(self.ask(action, deadline).await?, expires)?;
        Ok(Some(found))
    }

    async fn get_by(&self, key: Bytes, deadline: Instant) -> Result<Option<Found>, Failure> {
        match self.ask(Action::Get { key }, deadline).await? {
            Reply::Value(found) => Ok(found),
            reply => Err(unexpected(&reply)),
        }
    }

    async fn put_by(
        &self,
        (key, value): (Bytes, Bytes),
        expires: Option<Expiry>,
        deadline: Instant,
    ) -> Result<Written, Failure> {
        let action = Action::Put { key, value, expires };
        written(self.ask(action, deadline).await?, expires)
    }

    async fn ask(&self, action: Action, deadline: Instant) -> Result<Reply, Failure> {
        let Self { namespace, quorum, .. } = self;
        let command = Command { namespace: namespace.clone(), quorum: *quorum, action };
        let timeout = deadline.saturating_duration_since(Instant::now());
        self.handle.ask_within(command, timeout).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeout.min(TIMEOUT_MAX)
    }

    fn expiry(&self, ttl: Ttl) -> Option<Expiry> {
        ttl.expiry(self.settings(), self.handle.wall())
    }

    fn partitions(&self) -> Result<Partitions, Failure> {
        let view = self.handle.view();
        view.ring.as_ref().map(|ring| ring.partitions()).ok_or(Failure::NotReady)
    }
}

fn written(reply: Reply, expires: Option<Expiry>) -> Result<Written, Failure> {
    match reply {
        Reply::Done { version, existed } => Ok(Written { version, existed, expires }),
        reply => Err(unexpected(&reply)),
    }
}

fn count(reply: Reply) -> Result<u64, Failure> {
    match reply {
        Reply::Count(count) => Ok(count),
        reply => Err(unexpected(&reply)),
    }
}

/// A reply of another kind than the command's: another version of the app has given it.
fn unexpected(_: &Reply) -> Failure {
    Failure::BadCommand
}
