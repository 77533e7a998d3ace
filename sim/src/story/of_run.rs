//! What only a run knows of its story: who its clients are, and which operations broke a promise.

use std::collections::BTreeSet;

use peer_ring_core::key::Key;

use crate::check::Violation;
use crate::history::{History, Operation};
use crate::story::Story;
use crate::workload::key_name;

impl Story {
    /// Names the clients, and says what was broken. To blame are the operations that the checker
    /// speaks of; that a caller's number is that of its operation in the history is taken as given.
    pub fn explain(&mut self, history: &History, violation: Option<&Violation>) {
        let mut guilty = Vec::new();
        for (id, asked) in (0..).zip(history.operations()) {
            if let Some(operation) = self.operation_mut(id) {
                operation.client = Some(name(asked.client));
            }
            if violation.is_some_and(|violation| speaks_of(&violation.text, asked)) {
                guilty.push(id);
            }
        }
        if let Some(Violation { class, checker, text }) = violation {
            self.accuse(class.as_str(), checker, text, guilty);
            let keys = history.operations().iter().map(|operation| operation.key);
            let named: BTreeSet<u32> = keys.filter(|key| names(text, *key)).collect();
            if let Some(violation) = &mut self.violation {
                let positions = named.iter().map(|key| Key::new(&key_name(*key)).position());
                violation.keys.extend(positions);
            }
        }
    }
}

fn name(client: u32) -> String {
    match client {
        u32::MAX => "last reader".to_owned(),
        _ => format!("client {client}"),
    }
}

/// Whether a checker speaks of a key by its name.
fn names(text: &str, key: u32) -> bool {
    let name = format!("key-{key}");
    let mut ends = text.match_indices(&name).map(|(at, name)| at + name.len());
    ends.any(|end| !text[end..].starts_with(|next: char| next.is_ascii_digit()))
}

/// Checkers show operations in one of these two ways.
fn speaks_of(text: &str, operation: &Operation) -> bool {
    let (process, invoked) = (operation.client, operation.invoked.event);
    text.contains(&operation.to_string())
        || text.contains(&format!("process: {process}, invoked: {invoked}, "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::linearizable::{self, Action};
    use crate::history::{Call, Outcome};
    use crate::time::{Moment, Time};
    use crate::world::NodeIndex;

    fn operation(invoked: u64) -> Operation {
        Operation {
            client: 3,
            node: NodeIndex(0),
            key: 1,
            call: Call::Get,
            invoked: Moment { event: invoked, at: Time(invoked) },
            outcome: Outcome::Unknown,
        }
    }

    #[test]
    fn operations_are_known_by_how_checkers_show_them() {
        let shown = linearizable::Operation {
            process: 3,
            invoked: 7,
            returned: None,
            action: Action::Delete,
        };
        for text in [format!("a\n {shown:?}"), format!("a\n {}", operation(7))] {
            assert!(speaks_of(&text, &operation(7)), "{text}");
            assert!(!speaks_of(&text, &operation(77)), "{text}");
        }
    }

    #[test]
    fn a_key_is_not_taken_for_another_that_begins_like_it() {
        assert!(names("record key-12: n1 holds", 12));
        assert!(!names("record key-12: n1 holds", 1));
        assert!(names("key-12 and key-1", 1));
    }
}
