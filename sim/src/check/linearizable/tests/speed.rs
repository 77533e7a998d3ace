//! Large histories: the verdict is asserted, the time is printed (run with `--release` and
//! `--nocapture` to see it) and left to the reader.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the wall clock is only printed here and decides nothing"
)]

use std::time::Instant;

use super::super::*;
use super::read;
use super::worlds::{Fate, Turn, Values, Wish, atomic_register};

/// Numbers without a pattern, the same in every run (SplitMix; Steele, Lea & Flood 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// One of ten clients writes (40 %), deletes (10 %, if allowed) or reads; 1 in 50 gets no
    /// answer.
    fn turn(&mut self, first_wish: Wish) -> Turn {
        Turn {
            client: self.below(10) as u32,
            pause: self.below(6),
            until_effect: self.below(8),
            until_answer: self.below(8),
            wish: match self.below(10) {
                0 => first_wish,
                1..5 => Wish::Write,
                _ => Wish::Read,
            },
            fate: match self.below(100) {
                0 => Fate::RequestLost,
                1 => Fate::AnswerLost,
                _ => Fate::Answered,
            },
        }
    }
}

/// All ten clients are at work on each key at once, which is harder than sharing out their time.
fn large(keys: u64, operations_per_key: usize, first_wish: Wish, values: Values) -> History<u64> {
    let mut numbers = Numbers(7);
    let mut history = History::new();
    for key in 0..keys {
        let turns: Vec<Turn> = (0..operations_per_key).map(|_| numbers.turn(first_wish)).collect();
        for operation in atomic_register(&turns, values) {
            history.record(key, operation);
        }
    }
    history
}

fn timed(what: &str, history: &History<u64>) -> Verdict<u64> {
    let start = Instant::now();
    let verdict = check(history, Limit::default());
    println!("{what}: {:?}", start.elapsed());
    verdict
}

/// Adds a read of the first value, overwritten long ago: the search has to go through everything.
fn with_a_stale_read_at_the_end(mut history: History<u64>) -> History<u64> {
    let operations = &history.by_key[&0];
    let known_value = |operation: &Operation| operation.returned.and(operation.writes()?);
    let stale = operations.iter().find_map(known_value).expect("something was written");
    let end = operations.iter().filter_map(|operation| operation.returned).max();
    let after = |stamps: u64| end.map(|end| end + stamps);
    let invoked = after(1).expect("something returned");
    history.record(0, Operation { process: 10, invoked, returned: after(2), action: read(stale) });
    history
}

#[test]
fn ten_thousand_operations_on_a_hundred_keys_are_checked_at_once() {
    let unique = large(100, 100, Wish::Write, Values::Unique);
    assert_eq!(timed("100 keys, unique values", &unique), Verdict::Linearizable);
    let deletes = large(100, 100, Wish::Delete, Values::Unique);
    assert_eq!(timed("100 keys, deletes", &deletes), Verdict::Linearizable);
    let few = large(100, 100, Wish::Delete, Values::Few(10));
    assert_eq!(timed("100 keys, ten values", &few), Verdict::Linearizable);
}

#[test]
fn ten_thousand_operations_on_one_hot_key_are_checked_at_once() {
    let unique = large(1, 10_000, Wish::Write, Values::Unique);
    assert_eq!(timed("hot key, unique values", &unique), Verdict::Linearizable);
    let deletes = large(1, 10_000, Wish::Delete, Values::Unique);
    assert_eq!(timed("hot key, deletes", &deletes), Verdict::Linearizable);
    let few = large(1, 10_000, Wish::Delete, Values::Few(10));
    assert_eq!(timed("hot key, ten values", &few), Verdict::Linearizable);
}

#[test]
fn a_stale_read_after_four_thousand_operations_on_one_key_is_found_out() {
    for (what, first_wish) in [("unique values", Wish::Write), ("deletes", Wish::Delete)] {
        let fine = large(1, 4_000, first_wish, Values::Unique);
        let returns = returns_in_order(&fine.by_key[&0]).len();
        let stale = with_a_stale_read_at_the_end(fine);
        let verdict = timed(&format!("hot key, {what}, stale read at the end"), &stale);
        let Verdict::NotLinearizable { key: 0, prefix } = verdict else {
            panic!("the stale read is seen: {verdict:?}");
        };
        assert_eq!(returns_in_order(&prefix).len(), returns + 1);
    }
}
