//! No acknowledged write is lost: no read shows what an acknowledged write has replaced.
//!
//! With last-write-wins two writes that overlap in time may end either way. But a write that was
//! asked for after another one had returned replaces it, however far clocks are apart; and a read
//! that was asked for after a write had returned shows that write or something that replaced it or
//! overlapped it. So, with quorums that meet (r + w > n), a read of a key may show a value only if
//!
//! - somebody wrote that value to that key, before the read returned, and was not told that the
//!   write did not happen; and
//! - there is no acknowledged write or delete of the key that began after the value's own write
//!   had returned, and that had itself returned before the read began.
//!
//! Nothing may be shown if nothing may ever have been there, or by the same rule for deletes, and
//! for values that may have expired by the latest clock. A write with an unknown outcome has not
//! returned: it may take effect at any time, and its value is excused for ever.
//!
//! Moments are event numbers, which order all that happens in a run. Two operations with a moment
//! in common overlap.

use std::collections::BTreeMap;

use crate::check::Violation;
use crate::history::{Call, Done, History, Operation};

/// The name of this checker.
pub const NAME: &str = "lost write";

/// Whether every read shows what it may show.
///
/// # Errors
/// The first read that does not.
pub fn check(history: &History) -> Result<(), Violation> {
    let mut keys: BTreeMap<u32, Key<'_>> = BTreeMap::new();
    for operation in history.operations() {
        let key = keys.entry(operation.key).or_default();
        match operation.call {
            Call::Get => key.reads.extend(operation.done().map(|done| (operation, done))),
            Call::Put { .. } | Call::Delete => key.writes.push(operation),
        }
    }
    keys.values().try_for_each(Key::check)
}

/// What happened to one key.
#[derive(Default)]
struct Key<'a> {
    writes: Vec<&'a Operation>,
    reads: Vec<(&'a Operation, &'a Done)>,
}

impl<'a> Key<'a> {
    fn check(&self) -> Result<(), Violation> {
        let latest = Latest::new(&self.writes);
        for (read, done) in &self.reads {
            match done.found {
                Some(value) => self.check_value(read, done, value, &latest)?,
                None => self.check_absence(read, done, &latest)?,
            }
        }
        Ok(())
    }

    fn check_value(
        &self,
        read: &Operation,
        done: &Done,
        value: u64,
        latest: &Latest<'_>,
    ) -> Result<(), Violation> {
        let writes_it = |write: &&&Operation| matches!(write.call, Call::Put { value: written, .. } if written == value);
        let Some(write) = self.writes.iter().find(writes_it) else {
            return Err(violation("a value that nobody wrote", &[read]));
        };
        if write.invoked > done.returned {
            return Err(violation("a value before it was written", &[write, read]));
        }
        if !write.may_have_happened() {
            return Err(violation(
                "a value whose write was said not to have happened",
                &[write, read],
            ));
        }
        match latest.that_replaced(write, read) {
            None => Ok(()),
            Some(lost) => Err(violation("a value that had been replaced", &[write, lost, read])),
        }
    }

    fn check_absence(
        &self,
        read: &Operation,
        done: &Done,
        latest: &Latest<'_>,
    ) -> Result<(), Violation> {
        let Some(lost) = latest.before(read) else {
            return Ok(());
        };
        let may_leave_nothing = |write: &&Operation| {
            let empties = match write.call {
                Call::Get => false,
                Call::Delete => true,
                Call::Put { expires, .. } => expires.is_some_and(|at| at <= done.latest_wall),
            };
            empties
                && write.may_have_happened()
                && write.invoked <= done.returned
                && latest.that_replaced(write, read).is_none()
        };
        if self.writes.iter().any(may_leave_nothing) {
            return Ok(());
        }
        Err(violation("nothing, where something had been written", &[lost, read]))
    }
}

/// Acknowledged writes in the order in which they returned, each with the one among it and those
/// before it that was asked for last.
struct Latest<'a>(Vec<(u64, &'a Operation)>);

impl<'a> Latest<'a> {
    fn new(writes: &[&'a Operation]) -> Self {
        let returned = |write: &&'a Operation| Some((write.done()?.returned.event, *write));
        let mut acked: Vec<_> = writes.iter().filter_map(returned).collect();
        acked.sort_by_key(|(returned, _)| *returned);
        let mut latest: Option<&Operation> = None;
        for (_, write) in &mut acked {
            let is_later = latest.is_none_or(|latest| latest.invoked < write.invoked);
            latest = if is_later { Some(*write) } else { latest };
            *write = latest.expect("there is at least this one");
        }
        Self(acked)
    }

    /// Of the writes that had returned before `read` began, the one asked for last.
    fn before(&self, read: &Operation) -> Option<&'a Operation> {
        let count = self.0.partition_point(|(returned, _)| *returned < read.invoked.event);
        self.0[..count].last().map(|(_, latest)| *latest)
    }

    /// A write that began after `write` had returned, and had returned before `read` began.
    fn that_replaced(&self, write: &Operation, read: &Operation) -> Option<&'a Operation> {
        let latest = self.before(read)?;
        (write.done()?.returned.event < latest.invoked.event).then_some(latest)
    }
}

fn violation(what: &str, operations: &[&Operation]) -> Violation {
    let mut text = format!("a read showed {what}");
    for operation in operations {
        text.push_str(&format!("\n  {operation}"));
    }
    Violation::new(NAME, text)
}

#[cfg(test)]
#[path = "lost_write/tests.rs"]
mod tests;
