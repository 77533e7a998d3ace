//! What a thread has reached so far, and what it is to switch on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::rare::Mark;

thread_local! {
    /// Whether anything is switched on: all that a node pays which is not simulated.
    static IS_CHOSEN: Cell<bool> = const { Cell::new(false) };
    /// How often each mark was reached: a number beside a number, since some marks stand where a
    /// busy node passes with every write.
    static REACHED: [Cell<u64>; Mark::ALL.len()] = const { [const { Cell::new(0) }; Mark::ALL.len()] };
    static RARE: RefCell<Rare> = RefCell::default();
}

/// How likely each branch is switched on whenever its site is passed.
///
/// Whether it is follows from the seed, the mark, and how often that site was passed before: two
/// runs with equal chances and equal deeds take the same branches, and a mark that is taken out
/// changes nothing about the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// What all decisions are keyed by.
    pub seed: u64,
    /// In so many of a thousand cases; never for a mark that is not in it.
    pub per_mille: BTreeMap<Mark, u16>,
}

#[derive(Default)]
struct Rare {
    chances: Chances,
    passed: BTreeMap<Mark, u64>,
}

/// Switches branches on by these chances from now on, on this thread; none by those that are empty.
pub fn choose(chances: Chances) {
    IS_CHOSEN.set(!chances.per_mille.is_empty());
    RARE.with_borrow_mut(|rare| {
        rare.chances = chances;
        rare.passed.clear();
    });
}

/// How often each branch was taken on this thread since this was last asked; those that were not
/// are left out.
#[must_use]
pub fn take() -> BTreeMap<Mark, u64> {
    let taken = |mark: &Mark| (*mark, REACHED.with(|reached| reached[*mark as usize].take()));
    Mark::ALL.iter().map(taken).filter(|(_, count)| *count > 0).collect()
}

pub(super) fn count(mark: Mark) {
    REACHED.with(|reached| reached[mark as usize].update(|count| count + 1));
}

#[inline]
pub(super) fn decide(mark: Mark) -> bool {
    IS_CHOSEN.get() && draw_for(mark)
}

fn draw_for(mark: Mark) -> bool {
    RARE.with_borrow_mut(|rare| {
        let Some(per_mille) = rare.chances.per_mille.get(&mark) else {
            return false;
        };
        let passed = rare.passed.entry(mark).or_default();
        *passed += 1;
        let drawn = draw(rare.chances.seed, mark, *passed);
        let is_on = drawn % 1_000 < u64::from(*per_mille);
        if is_on {
            count(mark);
        }
        is_on
    })
}

/// A number without a pattern; by the mark's name, so that other marks may come and go.
fn draw(seed: u64, mark: Mark, passed: u64) -> u64 {
    let keyed = xxh3_64_with_seed(mark.name().as_bytes(), seed);
    xxh3_64_with_seed(&passed.to_le_bytes(), keyed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rare::{reached, switched_on};

    fn chances(seed: u64, mark: Mark, per_mille: u16) -> Chances {
        Chances { seed, per_mille: [(mark, per_mille)].into() }
    }

    fn decisions(chances: Chances) -> Vec<bool> {
        choose(chances);
        (0..1_000).map(|_| switched_on(Mark::SpareReadAtOnce)).collect()
    }

    #[test]
    fn what_is_reached_is_counted_until_it_is_taken() {
        reached(Mark::Swept);
        reached(Mark::Swept);
        reached(Mark::AnswerLate);
        assert_eq!(take(), [(Mark::Swept, 2), (Mark::AnswerLate, 1)].into());
        assert!(take().is_empty());
    }

    #[test]
    fn nothing_is_switched_on_that_was_not_chosen() {
        assert!(!switched_on(Mark::RefuseAsIfFull));
        choose(chances(1, Mark::SpareReadAtOnce, 1_000));
        assert!(!switched_on(Mark::RefuseAsIfFull));
        assert!(switched_on(Mark::SpareReadAtOnce));
        assert_eq!(take(), [(Mark::SpareReadAtOnce, 1)].into());
        choose(Chances::default());
        assert!(!switched_on(Mark::SpareReadAtOnce));
    }

    #[test]
    fn equal_seeds_decide_alike_and_about_as_often_as_was_asked() {
        let once = decisions(chances(7, Mark::SpareReadAtOnce, 100));
        assert_eq!(once, decisions(chances(7, Mark::SpareReadAtOnce, 100)));
        assert_ne!(once, decisions(chances(8, Mark::SpareReadAtOnce, 100)));
        let count = once.iter().filter(|is_on| **is_on).count();
        assert!((60..140).contains(&count), "{count} of 1000");
    }

    #[test]
    fn a_mark_more_changes_nothing_about_the_others() {
        let alone = decisions(chances(7, Mark::SpareReadAtOnce, 100));
        let mut both = chances(7, Mark::SpareReadAtOnce, 100);
        both.per_mille.insert(Mark::PageCutShort, 500);
        choose(both);
        let with = (0..1_000).map(|_| {
            let _ = switched_on(Mark::PageCutShort);
            switched_on(Mark::SpareReadAtOnce)
        });
        assert_eq!(with.collect::<Vec<_>>(), alone);
    }

    #[test]
    fn threads_count_apart() {
        choose(chances(7, Mark::SpareReadAtOnce, 1_000));
        assert!(switched_on(Mark::SpareReadAtOnce));
        let other = std::thread::scope(|scope| {
            scope.spawn(|| (switched_on(Mark::SpareReadAtOnce), take())).join().unwrap()
        });
        assert_eq!(other, (false, BTreeMap::new()));
    }
}
