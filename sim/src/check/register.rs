//! The store's history as that of plain registers, for the checker of linearizability.

use crate::check::Violation;
use crate::check::linearizable::{self, Action, Limit, Verdict};
use crate::history::{Call, History, Operation, Outcome};

/// The name of this checker.
pub const NAME: &str = "linearizable";

/// Whether every key behaved like one register.
///
/// # Errors
/// The shortest beginning of a key's history that no order explains.
pub fn check(history: &History) -> Result<(), Violation> {
    let registers: linearizable::History<u32> =
        history.operations().iter().filter_map(on_register).collect();
    match linearizable::check(&registers, Limit::default()) {
        // What was not decided within the limit is not held against anybody.
        Verdict::Linearizable | Verdict::Unknown { .. } => Ok(()),
        Verdict::NotLinearizable { key, prefix } => {
            let mut text = format!("no order of these operations on key {key} explains the last");
            for operation in prefix {
                text.push_str(&format!("\n  {operation:?}"));
            }
            Err(Violation::new(NAME, text))
        }
    }
}

/// The operation as one on a register, if it says anything about one.
fn on_register(operation: &Operation) -> Option<(u32, linearizable::Operation)> {
    let returned = match &operation.outcome {
        Outcome::Done(done) => Some(done.returned.event),
        Outcome::Unknown => None,
        Outcome::Failed { .. } => return None,
    };
    let action = match operation.call {
        Call::Get => Action::Read { value: operation.done()?.found },
        Call::Put { value, .. } => Action::Write { value },
        Call::Delete => Action::Delete,
    };
    let (process, invoked) = (operation.client, operation.invoked.event);
    Some((operation.key, linearizable::Operation { process, invoked, returned, action }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sample::{done, put, verdict};

    #[test]
    fn a_read_of_what_was_overwritten_is_reported() {
        let history = |found| {
            let writes = [done((1, 2), put(1), None, 1), done((3, 4), put(2), None, 2)];
            writes.into_iter().chain([done((5, 6), Call::Get, Some(found), found)]).collect()
        };
        assert_eq!(verdict(check, history(2)), Ok(()));
        assert!(verdict(check, history(1)).unwrap_err().contains("on key 0"));
    }
}
