//! No resurrection: what an acknowledged delete has removed is never shown again.
//!
//! When a delete returns, a quorum holds its tombstone or something newer. So a read that begins
//! after that may show nothing, or a value that was written since; never one whose version is lower
//! than the delete's. This holds for values whose own write nobody knows the outcome of, too, which
//! is where the checker of lost writes has to be silent.

use std::collections::BTreeMap;

use crate::check::Violation;
use crate::check::newest::{Newest, version};
use crate::history::{Call, History, Operation};

/// The name of this checker.
pub const NAME: &str = "resurrection";

/// Whether no read shows what had been deleted when it began.
///
/// # Errors
/// The first read that does.
pub fn check(history: &History) -> Result<(), Violation> {
    let mut keys: BTreeMap<u32, (Vec<&Operation>, Vec<&Operation>)> = BTreeMap::new();
    for operation in history.operations() {
        let (deletes, reads) = keys.entry(operation.key).or_default();
        match operation.call {
            Call::Get => reads.push(operation),
            Call::Delete => deletes.push(operation),
            Call::Put { .. } => {}
        }
    }
    keys.values().try_for_each(|(deletes, reads)| check_key(deletes, reads))
}

fn check_key(deletes: &[&Operation], reads: &[&Operation]) -> Result<(), Violation> {
    let deletes = Newest::of(deletes.iter().copied());
    reads.iter().try_for_each(|read| {
        let (Some(shown), Some((deleted, delete))) = (version(read), deletes.before(read)) else {
            return Ok(());
        };
        if shown > deleted {
            return Ok(());
        }
        let text = format!("a read showed what had been deleted\n  {delete}\n  {read}");
        Err(Violation::new(NAME, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{by, done, put, unknown, verdict};

    #[test]
    fn a_deleted_value_that_comes_back_is_reported() {
        let history = |shown| {
            let write = unknown(1, put(1));
            let delete = done((2, 3), Call::Delete, None, 20);
            verdict(check, vec![write, delete, by(1, done((4, 5), Call::Get, Some(1), shown))])
        };
        assert!(history(10).unwrap_err().contains("had been deleted"));
        assert_eq!(history(30), Ok(()));
    }

    #[test]
    fn a_read_that_overlaps_the_delete_may_show_either() {
        let delete = done((2, 6), Call::Delete, None, 20);
        let reads = [done((5, 7), Call::Get, Some(1), 10), done((8, 9), Call::Get, None, 0)];
        let write = done((0, 1), put(1), None, 10);
        assert_eq!(verdict(check, [write, delete].into_iter().chain(reads).collect()), Ok(()));
    }

    #[test]
    fn a_delete_of_which_nobody_knows_forbids_nothing() {
        let history = vec![unknown(1, Call::Delete), done((4, 5), Call::Get, Some(1), 10)];
        assert_eq!(verdict(check, history), Ok(()));
    }
}
