//! The key-value store as an app: what an author writes, and nothing more.
//!
//! Commands about one key are routed by that key. Those about a whole partition (listing, counting
//! and clearing keys) are routed by a position inside it, and their replies are put together from
//! the replicas' by [`App::reconcile`].

use std::num::NonZeroU8;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use bytes::Bytes;
use peer_ring_core::actor::Wall;
use peer_ring_core::app::{Answers, App, Kind, Plan, Records};
use peer_ring_core::key::Key;
use peer_ring_core::quorum::Need;
use peer_ring_core::record::Version;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::namespace::{self, Namespace, Namespaces};
use crate::page;

/// Most keys that one [`Action::Clear`] deletes.
pub(crate) const CLEAR_KEYS_MAX: usize = 1_000;

/// A record key; most keys are short, and so need no allocation.
type RecordKey = SmallVec<[u8; 64]>;

/// The key-value store.
#[derive(Clone, Debug, Default)]
pub struct Kv {
    namespaces: Arc<Namespaces>,
}

/// Something asked of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// In which namespace.
    pub namespace: Namespace,
    /// On how many replicas, where that differs from the namespace's settings.
    pub quorum: Quorum,
    /// What.
    pub action: Action,
}

/// Replicas and quorum of one command, where they differ from the namespace's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// How many replicas.
    pub n: Option<NonZeroU8>,
    /// How many of them must answer.
    pub q: Option<NonZeroU8>,
}

/// What is asked of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Reads a value.
    Get {
        /// Its key.
        key: Bytes,
    },
    /// Writes a value.
    Put {
        /// Its key.
        key: Bytes,
        /// The value.
        value: Bytes,
        /// When it expires, if it does.
        expires: Option<Expiry>,
    },
    /// Deletes a value.
    Delete {
        /// Its key.
        key: Bytes,
    },
    /// Changes when a value expires, unless it has been written since it was read.
    Touch {
        /// Its key.
        key: Bytes,
        /// The version that was read.
        version: Version,
        /// The value that was read.
        value: Bytes,
        /// When it expires, if it does.
        expires: Option<Expiry>,
    },
    /// Lists keys of a partition, in the order of their [`page::slot`].
    Keys {
        /// The partition's first position.
        at: u64,
        /// The lowest slot to list.
        from: u64,
        /// About how many keys.
        limit: u32,
    },
    /// Counts the keys of a partition.
    Count {
        /// The partition's first position.
        at: u64,
    },
    /// Deletes keys of a partition, a bounded number at a time.
    Clear {
        /// The partition's first position.
        at: u64,
    },
}

/// An instant on the wall clock, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expiry(pub u64);

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Action::Get`].
    Value(Option<Found>),
    /// To [`Action::Put`], [`Action::Delete`] and [`Action::Touch`].
    Done {
        /// The version that was written.
        version: Version,
        /// Whether there was a value before; for deletes only, false for others.
        existed: bool,
    },
    /// To [`Action::Keys`].
    Keys(page::Page),
    /// To [`Action::Count`]: how many there are; to [`Action::Clear`]: how many were deleted, and
    /// more may be left when it is not zero.
    Count(u64),
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The value.
    pub value: Bytes,
    /// Its version.
    pub version: Version,
    /// When it expires, if it does.
    pub expires: Option<Expiry>,
}

impl Kv {
    /// A store with these namespaces.
    #[must_use]
    pub fn new(namespaces: Namespaces) -> Self {
        Self { namespaces: Arc::new(namespaces) }
    }

    /// The namespaces there are.
    #[must_use]
    pub fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }
}

impl Action {
    /// Whether it writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Get { .. } | Self::Keys { .. } | Self::Count { .. } => false,
            Self::Put { .. } | Self::Delete { .. } | Self::Touch { .. } | Self::Clear { .. } => {
                true
            }
        }
    }
}

impl App for Kv {
    const NAME: &'static str = "kv";
    type Command = Command;
    type Reply = Reply;

    fn key(command: &Command) -> Key {
        match &command.action {
            Action::Get { key }
            | Action::Put { key, .. }
            | Action::Delete { key }
            | Action::Touch { key, .. } => Key::new(key),
            Action::Keys { at, .. } | Action::Count { at } | Action::Clear { at } => Key::at(*at),
        }
    }

    fn plan(&self, command: &Command) -> Plan {
        let settings = self.namespaces.settings(&command.namespace);
        let n = command.quorum.n.unwrap_or(settings.n).get();
        let writes = command.action.writes();
        let (kind, q) = if writes { (Kind::Write, settings.w) } else { (Kind::Read, settings.r) };
        let need = command.quorum.q.or(q).map_or(Need::Majority, Need::Exactly);
        let plan = Plan::new(kind, n, need);
        match command.action {
            Action::Keys { .. } | Action::Count { .. } | Action::Clear { .. } => {
                plan.reconciled_by_app()
            }
            Action::Get { .. }
            | Action::Put { .. }
            | Action::Delete { .. }
            | Action::Touch { .. } => plan,
        }
    }

    fn replica_counts(&self) -> Vec<u8> {
        self.namespaces.replica_counts()
    }

    fn handle(&mut self, records: &mut Records<'_>, command: Command) -> Reply {
        let namespace = &command.namespace;
        match command.action {
            Action::Get { key } => get(records, &record_key(namespace, &key)),
            Action::Put { key, value, expires } => {
                let expires = expires.map(|at| Wall(at.0));
                records.put_until(record_key(namespace, &key), value, expires);
                done(records, false)
            }
            Action::Delete { key } => {
                let existed = records.delete(record_key(namespace, &key));
                done(records, existed)
            }
            Action::Touch { key, version, value, expires } => {
                let expires = expires.map(|at| Wall(at.0));
                records.touch(record_key(namespace, &key), version, value, expires);
                done(records, false)
            }
            Action::Keys { from, limit, .. } => Reply::Keys(keys(records, namespace, from, limit)),
            Action::Count { .. } => {
                let mut count = 0;
                each(records, namespace, |_| {
                    count += 1;
                    ControlFlow::Continue(())
                });
                Reply::Count(count)
            }
            Action::Clear { .. } => Reply::Count(clear(records, namespace)),
        }
    }

    fn reconcile(&self, command: &Command, answers: Answers<Reply>) -> Reply {
        let limit = match command.action {
            Action::Keys { limit, .. } => limit,
            _ => 0,
        };
        answers.others.into_iter().fold(answers.freshest, |sum, other| match (sum, other) {
            (Reply::Count(one), Reply::Count(other)) => Reply::Count(one.max(other)),
            (Reply::Keys(one), Reply::Keys(other)) => Reply::Keys(one.union(other, limit)),
            (sum, _) => sum,
        })
    }
}

fn get(records: &mut Records<'_>, key: &[u8]) -> Reply {
    let wall = records.wall();
    let found = records.record(key).and_then(|record| {
        let value = Bytes::copy_from_slice(record.live(wall)?);
        let expires = record.freshness.expiry().map(|at| Expiry(at.0));
        Some(Found { value, version: record.freshness.version, expires })
    });
    Reply::Value(found)
}

fn done(records: &Records<'_>, existed: bool) -> Reply {
    Reply::Done { version: records.version().unwrap_or_default(), existed }
}

fn keys(records: &Records<'_>, namespace: &Namespace, from: u64, limit: u32) -> page::Page {
    let mut lowest = page::Lowest::new(from, limit);
    each(records, namespace, |key| {
        lowest.offer(key);
        ControlFlow::Continue(())
    });
    lowest.into_page()
}

fn clear(records: &mut Records<'_>, namespace: &Namespace) -> u64 {
    let mut found = Vec::new();
    each(records, namespace, |key| {
        found.push(record_key(namespace, key));
        if found.len() == CLEAR_KEYS_MAX {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    for key in &found {
        records.delete(key);
    }
    found.len() as u64
}

/// Visits the live keys of a namespace in this partition.
fn each(
    records: &Records<'_>,
    namespace: &Namespace,
    mut visit: impl FnMut(&[u8]) -> ControlFlow<()>,
) {
    let prefix = record_key(namespace, b"");
    records.scan(Bound::Included(&prefix), |key, _| match key.strip_prefix(&prefix[..]) {
        Some(key) => visit(key),
        None => ControlFlow::Break(()),
    });
}

/// The record key of a client's key: the namespace's name with its length in front, then the key.
/// The default namespace has no name, so that it costs one byte.
fn record_key(namespace: &Namespace, key: &[u8]) -> RecordKey {
    let name = namespace.stored_name();
    let mut whole = RecordKey::with_capacity(1 + name.len() + key.len());
    whole.push(u8::try_from(name.len()).expect("names are at most 253 bytes"));
    whole.extend_from_slice(name.as_bytes());
    whole.extend_from_slice(key);
    whole
}

/// The namespace's name and the client's key in a record key of this app; `None` when it is none.
#[must_use]
pub fn split_record_key(record_key: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = record_key.split_first()?;
    let (name, key) = rest.split_at_checked(usize::from(*length))?;
    let name = std::str::from_utf8(name).ok()?;
    Some((if name.is_empty() { namespace::DEFAULT } else { name }, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_key_is_split_into_what_it_was_made_of() {
        for (name, key) in [("default", "a"), ("sessions", ""), ("x", "default")] {
            let whole = record_key(&Namespace::new(name).unwrap(), key.as_bytes());
            assert_eq!(split_record_key(&whole), Some((name, key.as_bytes())));
        }
        assert_eq!(split_record_key(b""), None);
        assert_eq!(split_record_key(b"\x05name"), None);
    }
}
