//! How long the checkers of histories take: asserted with room to spare, and printed.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the wall clock is the subject here"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::check::sample::{by, done};
use crate::history::{Call, History, Operation};
use crate::store::Promise;

const OPERATIONS: u64 = 10_000;
const CLIENTS: u64 = 10;

/// Ten clients at work on `keys` registers, each of whose operations takes effect when it is asked.
fn large(keys: u64) -> History {
    let mut held: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    let mut history = History::default();
    for number in 1..=OPERATIONS {
        // A number without a pattern, the same in every run.
        let noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
        let key = noise % keys;
        let call = match noise / keys % 10 {
            0 => Call::Delete,
            1..5 => Call::Put { value: number, expires: None },
            _ => Call::Get,
        };
        let (found, stamp) = match call {
            Call::Put { value, .. } => {
                held.insert(key, (value, number));
                (None, number)
            }
            Call::Delete => {
                held.remove(&key);
                (None, number)
            }
            Call::Get => held.get(&key).map_or((None, 0), |(value, at)| (Some(*value), *at)),
        };
        // Most of the others begin before it returns, and its own client after.
        let span = (number * CLIENTS, number * CLIENTS + CLIENTS * (CLIENTS - 1));
        let client = u32::try_from(number % CLIENTS).expect("a small number");
        let key = u32::try_from(key).expect("a small number");
        history.begin(Operation { key, ..by(client, done(span, call, found, stamp)) });
    }
    history
}

fn timed(what: &str, history: &History) -> Duration {
    let started = Instant::now();
    assert_eq!(super::history(history, Promise::Linearizable), Ok(()));
    let elapsed = started.elapsed();
    println!("{what}: {elapsed:?}");
    elapsed
}

#[test]
fn ten_thousand_operations_of_ten_clients_on_a_hundred_keys_are_checked_in_a_second() {
    // Five times as long in a build that is not optimized, on a machine that is busy.
    assert!(timed("a hundred keys", &large(100)) < Duration::from_secs(5));
    assert!(timed("three keys", &large(3)) < Duration::from_secs(20));
}
