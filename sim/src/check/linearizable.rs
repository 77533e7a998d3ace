//! Linearizability: every operation on a key seems to happen at one instant between its call and
//! its return, and the instants explain every value that was read.
//!
//! The object checked is a register per key, absent at first. Linearizability is local (Herlihy &
//! Wing 1990): a history is linearizable exactly when each key's part of it is, so keys are checked
//! one by one, in key order, and a verdict names the first guilty one.
//!
//! # The search
//!
//! Wing & Gong ("Testing and verifying concurrent objects", 1993) decide it by depth-first search.
//! Write the history as a list of calls and returns. An operation is a *candidate* if no other one
//! left in the list returned before its call, that is: if its call stands before the first return
//! of the list. Take a candidate whose effect fits the register, lift its call and return out of
//! the list, go on; when nothing fits, put the last one back and try another. The history is
//! linearizable if no return is left. Lowe ("Testing for linearizability", 2017) remembers each
//! pair of (set of lifted operations, state of the register) and never explores one twice, which
//! turns hopeless searches into short ones. `linearizable/search.rs` is that algorithm, with four
//! rules that leave out orders which some other order stands in for.
//!
//! # The fast path
//!
//! Gibbons & Korach ("Testing shared memories", 1997) show that no search is needed when each value
//! read has only one possible writer: put every write and its readers into a cluster and look
//! whether the clusters' *zones* collide. `linearizable/zones.rs` does it in the time of a sort. It
//! is tried first; where written values are unique, only keys with deletes need the search.
//!
//! # Operations with an unknown outcome
//!
//! A write whose answer never came stays open for ever: it may happen at any instant after its call
//! or never. A read whose answer never came claims nothing and is dropped. An open write whose
//! value no read ever saw is dropped too, and this changes no verdict. Proof: with a linearization
//! of the rest at hand, let the open write never happen; conversely, in a linearization that
//! contains it, no read stands between it and the next write, since such a read would have seen its
//! value, so taking it out changes what no read sees.
//!
//! # The counter-example
//!
//! A history cut after any event, the operations in flight being open from there on, is a *prefix*;
//! the prefixes of a linearizable history are linearizable. The shortest prefix that is not ends
//! with the return that nothing explains, which is usually the line to stare at. A call only ever
//! adds freedom, so only cuts after returns are looked at.
//!
//! # Stamps
//!
//! `invoked` and `returned` are places in one total order of events, best the simulator's event
//! numbers. Operation `a` precedes `b` if `a.returned < b.invoked`; with equal stamps the two are
//! concurrent, so a clock too coarse to tell them apart can hide a violation and never invents one.

use std::collections::{BTreeMap, BTreeSet};

mod search;
mod timeline;
mod zones;

#[cfg(test)]
mod tests;

use search::Answer;
use zones::Clusters;

/// What the clients did and saw, by key.
///
/// An operation that surely did not happen (a refusal before anything was sent) is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History<K> {
    by_key: BTreeMap<K, Vec<Operation>>,
}

impl<K: Ord> History<K> {
    /// A history in which nothing happened.
    pub fn new() -> Self {
        Self { by_key: BTreeMap::new() }
    }

    /// Adds one operation on `key`; the order of calls does not matter, the stamps do.
    ///
    /// # Panics
    ///
    /// If the operation returned before it was invoked.
    pub fn record(&mut self, key: K, operation: Operation) {
        assert!(
            operation.returned.is_none_or(|returned| operation.invoked <= returned),
            "an operation returns after its call: {operation:?}"
        );
        self.by_key.entry(key).or_default().push(operation);
    }
}

impl<K: Ord> Default for History<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord> FromIterator<(K, Operation)> for History<K> {
    fn from_iter<I: IntoIterator<Item = (K, Operation)>>(operations: I) -> Self {
        let mut history = Self::new();
        for (key, operation) in operations {
            history.record(key, operation);
        }
        history
    }
}

/// One operation of one client on one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Who asked. Only shown: the order within a process comes from the stamps, like all order.
    pub process: u32,
    /// The stamp of the call.
    pub invoked: u64,
    /// The stamp of the return, or `None` if the outcome is unknown (a time-out, a lost
    /// connection): a write may then take effect at any time after its call, or never.
    pub returned: Option<u64>,
    /// What was asked, and for a read, what came back.
    pub action: Action,
}

impl Operation {
    /// What this operation leaves in the register, `Some(None)` being "absent"; `None` for a read.
    fn writes(&self) -> Option<Option<u64>> {
        match self.action {
            Action::Write { value } => Some(Some(value)),
            Action::Delete => Some(None),
            Action::Read { .. } => None,
        }
    }

    /// What this operation found in the register, `Some(None)` being "absent"; `None` for a write.
    fn reads(&self) -> Option<Option<u64>> {
        match self.action {
            Action::Write { .. } | Action::Delete => None,
            Action::Read { value } => Some(value),
        }
    }
}

/// What an operation does to the register. Values are ids that stand for the real values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Puts `value` into the register.
    Write {
        /// What is written; need not be unique, but the check is faster where it is.
        value: u64,
    },
    /// Empties the register: a write of "absent".
    Delete,
    /// Looks at the register. The value is ignored while the outcome is unknown.
    Read {
        /// What was found; `None` is "absent".
        value: Option<u64>,
    },
}

/// How hard to try before giving up. It counts states and not time, so a verdict can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many states the search may explore for one key; each takes some forty bytes, and more
    /// with hundreds of open writes.
    pub states_per_key_max: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self { states_per_key_max: 1_000_000 }
    }
}

/// What is known after a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<K> {
    /// Every key has an order of its operations that explains every read.
    Linearizable,
    /// No order explains what was read of `key`, the first such key.
    NotLinearizable {
        /// The guilty key.
        key: K,
        /// The shortest prefix of the key's history that nothing explains, in order of invocation:
        /// the operation that returns last is the one that does not fit, and the writes in flight
        /// at that instant have become open.
        prefix: Vec<Operation>,
    },
    /// The limit was reached at `key`, the first such key, and no other key is guilty.
    Unknown {
        /// The key that was given up.
        key: K,
    },
}

/// Says whether every key of the history behaved like an atomic register.
pub fn check<K: Ord + Clone>(history: &History<K>, limit: Limit) -> Verdict<K> {
    let mut given_up = None;
    for (key, operations) in &history.by_key {
        match check_register(&in_order_of_invocation(operations), limit) {
            RegisterVerdict::Linearizable => {}
            RegisterVerdict::NotLinearizable { prefix } => {
                return Verdict::NotLinearizable { key: key.clone(), prefix };
            }
            RegisterVerdict::Unknown => given_up = given_up.or(Some(key)),
        }
    }
    match given_up {
        Some(key) => Verdict::Unknown { key: key.clone() },
        None => Verdict::Linearizable,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum RegisterVerdict {
    Linearizable,
    NotLinearizable { prefix: Vec<Operation> },
    Unknown,
}

fn in_order_of_invocation(operations: &[Operation]) -> Vec<Operation> {
    let mut operations = operations.to_vec();
    operations.sort_by_key(|operation| operation.invoked);
    operations
}

/// Checks one key, whose operations come in order of invocation here and below.
fn check_register(operations: &[Operation], limit: Limit) -> RegisterVerdict {
    check_by_zones(operations).unwrap_or_else(|| check_by_search(operations, limit))
}

/// `None` if the fast path does not apply.
fn check_by_zones(operations: &[Operation]) -> Option<RegisterVerdict> {
    if Clusters::of(&without_the_unseen(operations))?.have_an_order() {
        return Some(RegisterVerdict::Linearizable);
    }
    let has_an_order = |returns| {
        Clusters::of(&without_the_unseen(&prefix(operations, returns)))
            .expect("a prefix has no more writers of a value than the whole")
            .have_an_order()
    };
    let lengths: Vec<usize> = (1..=returns_in_order(operations).len()).collect();
    let shortest = 1 + lengths.partition_point(|&returns| has_an_order(returns));
    Some(RegisterVerdict::NotLinearizable { prefix: prefix(operations, shortest) })
}

fn check_by_search(operations: &[Operation], limit: Limit) -> RegisterVerdict {
    match search::search(&without_the_unseen(operations), limit) {
        Answer::Linearizable => RegisterVerdict::Linearizable,
        Answer::Stuck { returns } => {
            RegisterVerdict::NotLinearizable { prefix: prefix(operations, returns) }
        }
        Answer::LimitReached => RegisterVerdict::Unknown,
    }
}

/// The operations that bear on the verdict: without reads that never returned, and without open
/// writes of values that no read saw (the module's page proves that these change nothing).
fn without_the_unseen(operations: &[Operation]) -> Vec<Operation> {
    let has_returned = |operation: &&Operation| operation.returned.is_some();
    let seen: BTreeSet<Option<u64>> =
        operations.iter().filter(has_returned).filter_map(Operation::reads).collect();
    let matters = |operation: &&Operation| {
        has_returned(operation) || operation.writes().is_some_and(|value| seen.contains(&value))
    };
    operations.iter().filter(matters).copied().collect()
}

/// The history cut after its `returns`-th return. Reads in flight at the cut are left out: what
/// they will return is not known yet.
fn prefix(operations: &[Operation], returns: usize) -> Vec<Operation> {
    let in_order = returns_in_order(operations);
    let last = in_order[returns - 1];
    let mut kept = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let returned = operation.returned.filter(|&returned| (returned, index) <= last);
        let has_started = operation.invoked <= last.0;
        if returned.is_some() || (has_started && operation.writes().is_some()) {
            kept.push(Operation { returned, ..*operation });
        }
    }
    kept
}

/// The stamp and index of each operation that returned, in the order of the returns. Equal stamps
/// are told apart by the index, so leaving open operations out keeps the order of the others.
fn returns_in_order(operations: &[Operation]) -> Vec<(u64, usize)> {
    let stamp = |(index, operation): (usize, &Operation)| Some((operation.returned?, index));
    let mut returns: Vec<_> = operations.iter().enumerate().filter_map(stamp).collect();
    returns.sort_unstable();
    returns
}
