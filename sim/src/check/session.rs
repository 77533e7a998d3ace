//! Session guarantees: what a client has read or written itself, it does not miss later.
//!
//! The four of Terry and others, *Session Guarantees for Weakly Consistent Replicated Data* (1994),
//! for each client on each key, at whatever nodes it asks:
//!
//! - *read your writes*: a read shows no less than what the client has written;
//! - *monotonic reads*: nor less than what it has read before;
//! - *monotonic writes*: a write comes after those that the client has made before it;
//! - *writes follow reads*: and after what it has read.
//!
//! "Less" and "after" are by version (see the file `newest.rs`). A read of nothing has no version:
//! it is excused by a delete, or by a value that may have expired by the latest clock, that is not
//! itself older than what the client knows. For monotonic reads the quorums of two reads must meet
//! (2 r > n), as all majorities do: a reader is answered when as many replicas as answered hold
//! what it is shown.

use std::collections::BTreeMap;

use peer_ring_core::record::Version;

use crate::check::Violation;
use crate::check::newest::{Newest, version};
use crate::history::{Call, Done, History, Operation};

/// The name of this checker.
pub const NAME: &str = "session";

/// Whether every client is given what its session guarantees.
///
/// # Errors
/// The first operation that breaks a guarantee, and what it should have come after.
pub fn check(history: &History) -> Result<(), Violation> {
    let mut sessions: BTreeMap<(u32, u32), Vec<&Operation>> = BTreeMap::new();
    let mut emptying: BTreeMap<u32, Vec<&Operation>> = BTreeMap::new();
    for operation in history.operations() {
        sessions.entry((operation.client, operation.key)).or_default().push(operation);
        if may_empty(operation) {
            emptying.entry(operation.key).or_default().push(operation);
        }
    }
    sessions.iter().try_for_each(|((_, key), operations)| {
        let emptying = emptying.get(key).map_or(&[][..], Vec::as_slice);
        check_session(operations, emptying)
    })
}

fn check_session(operations: &[&Operation], emptying: &[&Operation]) -> Result<(), Violation> {
    let newest = Newest::of(operations.iter().copied());
    operations.iter().try_for_each(|operation| {
        let (Some(done), Some((known, earlier))) = (operation.done(), newest.before(operation))
        else {
            return Ok(());
        };
        let is_kept = match (operation.call, done.found) {
            (Call::Get, Some(_)) => done.version >= known,
            (Call::Get, None) => emptying.iter().any(|other| excuses(other, done, known)),
            (Call::Put { .. } | Call::Delete, _) => done.version > known,
        };
        if is_kept {
            return Ok(());
        }
        let guarantee = match (is_read(earlier), is_read(operation)) {
            (false, true) => "read your writes",
            (true, true) => "monotonic reads",
            (false, false) => "monotonic writes",
            (true, false) => "writes follow reads",
        };
        Err(Violation::new(NAME, format!("{guarantee}\n  {earlier}\n  {operation}")))
    })
}

/// Whether there may be nothing after this operation.
fn may_empty(operation: &Operation) -> bool {
    let empties = match operation.call {
        Call::Get | Call::Put { expires: None, .. } => false,
        Call::Put { expires: Some(_), .. } | Call::Delete => true,
    };
    empties && operation.may_have_happened()
}

/// Whether `other` may be why a read found nothing, although `known` had been there.
fn excuses(other: &Operation, done: &Done, known: Version) -> bool {
    let has_expired = match other.call {
        Call::Put { expires, .. } => expires.is_some_and(|at| at <= done.latest_wall),
        Call::Get | Call::Delete => true,
    };
    let is_older = version(other).is_some_and(|version| version < known);
    has_expired && !is_older && other.invoked <= done.returned
}

fn is_read(operation: &Operation) -> bool {
    match operation.call {
        Call::Get => true,
        Call::Put { .. } | Call::Delete => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{by, done, put, put_until, unknown, verdict};

    const GET: Call = Call::Get;

    #[test]
    fn each_guarantee_that_is_broken_has_its_name() {
        let broken = |earlier, later| verdict(check, vec![earlier, later]).unwrap_err();
        let write = || done((1, 2), put(1), None, 20);
        let read = || done((1, 2), GET, Some(1), 20);
        assert_eq!(broken(write(), done((3, 4), GET, Some(7), 10)), "read your writes");
        assert_eq!(broken(write(), done((3, 4), GET, None, 0)), "read your writes");
        assert_eq!(broken(read(), done((3, 4), GET, Some(7), 10)), "monotonic reads");
        assert_eq!(broken(write(), done((3, 4), put(2), None, 10)), "monotonic writes");
        assert_eq!(broken(read(), done((3, 4), Call::Delete, None, 10)), "writes follow reads");
    }

    #[test]
    fn a_client_that_only_goes_forward_is_content() {
        let history = vec![
            done((1, 2), put(1), None, 10),
            done((3, 4), GET, Some(1), 10),
            done((5, 6), Call::Delete, None, 20),
            done((7, 8), GET, None, 0),
            done((9, 10), put(2), None, 30),
        ];
        assert_eq!(verdict(check, history), Ok(()));
    }

    #[test]
    fn nothing_is_excused_by_whatever_may_have_emptied_the_key_and_is_not_older() {
        let nothing = |emptied| {
            let write = done((1, 2), put(1), None, 20);
            verdict(check, vec![write, by(1, emptied), done((8, 9), GET, None, 0)])
        };
        assert_eq!(nothing(unknown(3, Call::Delete)), Ok(()));
        assert_eq!(nothing(done((3, 4), Call::Delete, None, 30)), Ok(()));
        assert_eq!(nothing(unknown(3, put_until(2, 9))), Ok(()));
        assert!(nothing(unknown(3, put_until(2, 10))).is_err());
        assert!(nothing(done((0, 1), Call::Delete, None, 10)).is_err());
        assert!(nothing(unknown(10, Call::Delete)).is_err());
    }

    #[test]
    fn what_others_know_binds_nobody_here() {
        let history = vec![done((1, 2), put(1), None, 20), by(1, done((3, 4), GET, Some(7), 10))];
        assert_eq!(verdict(check, history), Ok(()));
    }
}
