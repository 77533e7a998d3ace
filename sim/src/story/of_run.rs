//! What only a run knows of its story: who its clients are, and which operations broke a promise.

use std::collections::BTreeSet;

use crate::check::Violation;
use crate::clients::AUDITOR;
use crate::journal::{Entry, Journal};
use crate::story::Story;

/// Shorter words are not looked for in what a checker says.
const WORD_LETTERS_MIN: usize = 4;

impl Story {
    /// Names the clients, and says what was broken. To blame are the calls that the checker speaks
    /// of. A call waits for its answer under its place in the journal.
    pub fn explain<C, R>(&mut self, journal: &Journal<C, R>, violation: Option<&Violation>) {
        let mut guilty = Vec::new();
        for (place, entry) in (0..).zip(journal.entries()) {
            if let Some(operation) = self.operation_mut(place) {
                operation.client = Some(name(entry.client));
            }
            if violation.is_some_and(|violation| speaks_of(&violation.text, entry)) {
                guilty.push(place);
            }
        }
        if let Some(Violation { class, checker, text }) = violation {
            self.accuse(class.as_str(), checker, text, guilty);
            let operations = self.operations.iter();
            let named = operations.filter(|operation| names(text, &operation.text));
            let keys: BTreeSet<u64> = named.map(|operation| operation.key).collect();
            if let Some(violation) = &mut self.violation {
                violation.keys.extend(keys);
            }
        }
    }
}

fn name(client: u32) -> String {
    match client {
        AUDITOR => "auditor".to_owned(),
        _ => format!("client {client}"),
    }
}

/// Checkers show a call in one of these ways. One that shows all calls on a register has found
/// fault with the last.
fn speaks_of<C, R>(text: &str, entry: &Entry<C, R>) -> bool {
    let Entry { id, client, invoked, .. } = entry;
    let last = text.lines().last().unwrap_or_default();
    text.contains(&format!("asked at {} (#{})", invoked.at, invoked.event))
        || says_call(text, *id)
        || last.contains(&format!("process: {client}, invoked: {}, ", invoked.event))
}

/// Whether a text says `call #N` with this number.
fn says_call(text: &str, id: u32) -> bool {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    text.split("call #").skip(1).any(|rest| digits(rest) == id.to_string())
}

/// Whether a checker speaks of something by a name with a number that an operation has as well, as
/// keys have in simulations.
fn names(text: &str, operation: &str) -> bool {
    let ends_word = |letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_';
    let is_name = |word: &&str| {
        word.len() >= WORD_LETTERS_MIN
            && word.contains(|letter: char| letter.is_ascii_digit())
            && word.contains(char::is_alphabetic)
    };
    let mut wanted = operation.split(ends_word).filter(is_name);
    wanted.any(|word| text.split(ends_word).any(|said| said.ends_with(word)))
}

#[cfg(test)]
mod tests {
    use peer_ring_core::actor::Wall;

    use super::*;
    use crate::check::linearizable::{self, Action};
    use crate::history::{self, Call};
    use crate::journal::Outcome;
    use crate::time::{Moment, Time};
    use crate::world::NodeIndex;

    fn entry(event: u64) -> Entry<(), ()> {
        Entry {
            id: 5,
            client: 3,
            node: NodeIndex(0),
            call: (),
            wall: Wall::default(),
            invoked: Moment { event, at: Time(event) },
            outcome: Outcome::Unknown,
        }
    }

    #[test]
    fn calls_are_known_by_how_checkers_show_them() {
        let Entry { client, node, invoked, .. } = entry(7);
        let (call, outcome) = (Call::Get, history::Outcome::Unknown);
        let seen = history::Operation { client, node, key: 1, call, invoked, outcome };
        let action = Action::Delete;
        let shown = linearizable::Operation { process: 3, invoked: 7, returned: None, action };
        for text in [format!("a\n  {shown:?}"), format!("a\n  {seen}\n  b")] {
            assert!(speaks_of(&text, &entry(7)), "{text}");
            assert!(!speaks_of(&text, &entry(77)), "{text}");
        }
        assert!(speaks_of("call #5 of client 3 at n1, get key-1, was not answered", &entry(7)));
        assert!(speaks_of("sold to call #4 and to call #5", &entry(7)));
        assert!(!speaks_of("sold to call #55 and to #5", &entry(7)));
    }

    #[test]
    fn a_key_is_not_taken_for_another_that_begins_like_it() {
        assert!(names("record \\x00key-12: n1 holds", "get key-12"));
        assert!(!names("record \\x00key-12: n1 holds", "get key-1"));
        assert!(names("key-12 and key-1", "put key-1 = 77"));
        assert!(!names("n1 holds 77", "put a = 77"));
    }
}
