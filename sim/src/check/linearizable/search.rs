//! The search of Wing, Gong and Lowe: lift one candidate after the other, back up when stuck, never
//! explore a state twice.
//!
//! A *state* is the set of lifted operations and the value in the register; a *completion* is a
//! legal order of what is left. Four rules leave out choices without losing the answer, since a
//! completion that starts with a choice left out can be turned into one that starts with a choice
//! that is kept:
//!
//! 1. **A candidate read of the current value is lifted at once.** It changes nothing, and nothing
//!    has to go before it, so it can be moved to the front of any completion. Otherwise the next
//!    operation is a write.
//! 2. **An open write is chosen only if a candidate read waits for its value.** An open write that
//!    no read follows directly is overwritten unseen, and can be taken out; and a read that follows
//!    directly is a candidate by now, for an open write holds up no other operation.
//! 3. **Of the candidates that write one value, the one that returns first is chosen.** Any other
//!    can swap places with it: nothing has to go before either, and what may stand before the one
//!    that returns first may stand before the other. (An open write returns last of all; of two,
//!    the one can also take the place of the other, which then never happens.)
//! 4. **A write whose value has no reads left hides behind the next write.** All such candidates
//!    are lifted together with the write chosen, just before it, so that nobody sees them; where
//!    they stood before, nobody saw them either. By themselves they are lifted only if one of them
//!    holds up the first return of the list: otherwise the next visible write is a candidate too.
//!
//! Lowe's memo needs the set alone. Once rule 1 has done its work, the operation of the first
//! return is a write, or a read that waits for another value: either way the value in the register
//! gives way to another before anybody new can look at it, and so does not matter.
//!
//! When no choice is left anywhere, the answer is the furthest first return of any state explored:
//! up to there some order explains every return, and no order explains that one. For the rules hold
//! in each prefix as well, where some of the writes are open that return in the whole.

use ahash::{AHashSet, RandomState};
use smallvec::{SmallVec, smallvec};

use super::timeline::{Event, HEAD, Timeline};
use super::{Limit, Operation, returns_in_order};

/// What the search found out about the history of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Some order explains every return.
    Linearizable,
    /// No order explains the first `returns` returns; fewer can be explained.
    Stuck {
        /// How many returns the shortest prefix without an explanation has.
        returns: usize,
    },
    /// More states than allowed.
    LimitReached,
}

/// Looks for an order of `operations`, in which each read has returned.
pub(super) fn search(operations: &[Operation], limit: Limit) -> Answer {
    let mut state = State::before(operations);
    let mut explored = AHashSet::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
    let mut forks: Vec<Fork> = Vec::new();
    let mut returns_explained = 0;
    loop {
        let Some(first_return) = state.lift_matching_reads() else {
            return Answer::Linearizable;
        };
        returns_explained = returns_explained.max(first_return as usize);
        if explored.insert(state.fingerprint(first_return)) {
            if explored.len() > limit.states_per_key_max {
                return Answer::LimitReached;
            }
            forks.push(state.fork());
        }
        if !take_the_next_choice(&mut state, &mut forks) {
            return Answer::Stuck { returns: returns_explained + 1 };
        }
    }
}

/// Backs up to the last fork with a choice left, and takes it; false if there is none.
fn take_the_next_choice(state: &mut State, forks: &mut Vec<Fork>) -> bool {
    while let Some(fork) = forks.last_mut() {
        state.back_up_to(fork);
        if let Some(choice) = fork.choices.pop() {
            for &write in &fork.hidden {
                state.lift(write);
            }
            if let Choice::Overwrite { write } = choice {
                state.lift(write);
            }
            return true;
        }
        forks.pop();
    }
    false
}

/// A state in which some write has to go next.
struct Fork {
    lifted: usize,
    hidden: SmallVec<[u32; 6]>,
    /// Still to be tried, the best last.
    choices: SmallVec<[Choice; 6]>,
}

#[derive(Clone, Copy)]
enum Choice {
    /// Lift `write`, and before it the writes that hide behind it.
    Overwrite { write: u32 },
    /// Lift only the writes that nobody will see.
    HiddenOnly,
}

/// The set of lifted operations, exactly: see [`State::folded`].
#[derive(PartialEq, Eq, Hash)]
struct Fingerprint {
    first_return: u32,
    folded: SmallVec<[u64; 2]>,
}

/// An operation, made ready for the search.
#[derive(Clone, Copy)]
struct Step {
    kind: Kind,
    value: u32,
    slot: u32,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Has returned, like every read here.
    Read,
    Write {
        returned: u64,
    },
    OpenWrite,
}

/// How far the search has come: what is lifted, and what the register holds after it.
struct State {
    /// By operation. Values are numbered from 0.
    steps: Vec<Step>,
    timeline: Timeline,
    lifted: Vec<u32>,
    value: u32,
    /// By value: how many reads of it are still in the list.
    reads_left: Vec<u32>,
    /// The bitset of lifted operations, folded to the width of the greatest number of operations
    /// under way at once. Operations take turns in a slot, each being called after the one before
    /// returned and so lifted after it; the slot's bit flips with every lift. Beside the first
    /// return of the list this loses nothing: who returned before it is lifted, who was called
    /// after it is not, and of each slot at most one operation is neither.
    folded: SmallVec<[u64; 2]>,
}

impl State {
    fn before(operations: &[Operation]) -> Self {
        let timeline = Timeline::of(operations, &returns_in_order(operations));
        let (slots, width) = slots(&timeline, operations.len());
        let value_of = |operation: &Operation| {
            operation.reads().or(operation.writes()).expect("an operation reads or writes")
        };
        let mut values: Vec<Option<u64>> = operations.iter().map(value_of).collect();
        values.push(None);
        values.sort_unstable();
        values.dedup();
        let number = |value: Option<u64>| values.binary_search(&value).expect("all are numbered");

        let mut reads_left = vec![0; values.len()];
        let mut steps = Vec::with_capacity(operations.len());
        for (operation, slot) in operations.iter().zip(slots) {
            let value = number(value_of(operation));
            let kind = match (operation.reads(), operation.returned) {
                (Some(_), returned) => {
                    assert!(returned.is_some(), "reads without an answer were dropped");
                    reads_left[value] += 1;
                    Kind::Read
                }
                (None, Some(returned)) => Kind::Write { returned },
                (None, None) => Kind::OpenWrite,
            };
            steps.push(Step { kind, value: value as u32, slot });
        }
        Self {
            steps,
            timeline,
            lifted: Vec::new(),
            value: number(None) as u32,
            reads_left,
            folded: smallvec![0; width.div_ceil(64)],
        }
    }

    /// Lifts what rule 1 allows, and says how many returns of the history stand before the first
    /// one still in the list; `None` if all are lifted, and the work is done.
    fn lift_matching_reads(&mut self) -> Option<u32> {
        let mut at = HEAD;
        loop {
            let position = self.timeline.after(at);
            match self.timeline.event(position) {
                Event::End => return None,
                Event::Return { rank, .. } => return Some(rank),
                Event::Call { operation } if self.matches(operation) => self.lift(operation),
                Event::Call { .. } => at = position,
            }
        }
    }

    fn matches(&self, operation: u32) -> bool {
        let step = self.steps[operation as usize];
        match step.kind {
            Kind::Read => step.value == self.value,
            Kind::Write { .. } | Kind::OpenWrite => false,
        }
    }

    /// The choices that rules 2 to 4 leave among the candidates.
    fn fork(&self) -> Fork {
        let mut hidden: SmallVec<[u32; 6]> = SmallVec::new();
        let mut awaited: SmallVec<[u32; 6]> = SmallVec::new();
        let mut writes: SmallVec<[u32; 6]> = SmallVec::new();
        let mut position = self.timeline.after(HEAD);
        while let Event::Call { operation } = self.timeline.event(position) {
            let step = self.steps[operation as usize];
            match step.kind {
                Kind::Read => awaited.push(step.value),
                Kind::Write { .. } if self.has_no_reads_left(step.value) => hidden.push(operation),
                Kind::Write { .. } | Kind::OpenWrite => writes.push(operation),
            }
            position = self.timeline.after(position);
        }
        let Event::Return { operation: holds_up, .. } = self.timeline.event(position) else {
            unreachable!("a fork has a return left to explain");
        };

        writes.retain(|&mut write| match self.step(write).kind {
            Kind::OpenWrite => awaited.contains(&self.step(write).value),
            Kind::Read | Kind::Write { .. } => true,
        });
        writes.sort_by_key(|&write| self.step(write).returns_at());
        let mut choices: SmallVec<[Choice; 6]> = SmallVec::new();
        let mut values: SmallVec<[u32; 6]> = SmallVec::new();
        for write in writes {
            let value = self.step(write).value;
            if !values.contains(&value) {
                values.push(value);
                choices.push(Choice::Overwrite { write });
            }
        }
        if hidden.contains(&holds_up) {
            choices.push(Choice::HiddenOnly);
        }
        choices.reverse();
        Fork { lifted: self.lifted.len(), hidden, choices }
    }

    fn step(&self, operation: u32) -> Step {
        self.steps[operation as usize]
    }

    fn has_no_reads_left(&self, value: u32) -> bool {
        self.reads_left[value as usize] == 0
    }

    fn fingerprint(&self, first_return: u32) -> Fingerprint {
        Fingerprint { first_return, folded: self.folded.clone() }
    }

    fn lift(&mut self, operation: u32) {
        let step = self.step(operation);
        match step.kind {
            Kind::Read => self.reads_left[step.value as usize] -= 1,
            Kind::Write { .. } | Kind::OpenWrite => self.value = step.value,
        }
        self.timeline.lift(operation);
        self.flip(step.slot);
        self.lifted.push(operation);
    }

    /// Puts back what was lifted since the fork. The value in the register is not restored: a write
    /// goes next.
    fn back_up_to(&mut self, fork: &Fork) {
        while self.lifted.len() > fork.lifted {
            let operation = self.lifted.pop().expect("more is lifted than at the fork");
            let step = self.step(operation);
            match step.kind {
                Kind::Read => self.reads_left[step.value as usize] += 1,
                Kind::Write { .. } | Kind::OpenWrite => {}
            }
            self.timeline.restore(operation);
            self.flip(step.slot);
        }
    }

    fn flip(&mut self, slot: u32) {
        self.folded[slot as usize / 64] ^= 1 << (slot % 64);
    }
}

impl Step {
    fn returns_at(&self) -> u64 {
        match self.kind {
            Kind::Write { returned } => returned,
            Kind::Read | Kind::OpenWrite => u64::MAX,
        }
    }
}

/// A slot for each operation, shared only with operations called after its return; and how many
/// slots there are.
fn slots(timeline: &Timeline, operations: usize) -> (Vec<u32>, usize) {
    let mut slots = vec![0; operations];
    let mut free = Vec::new();
    let mut width = 0;
    let mut position = timeline.after(HEAD);
    loop {
        match timeline.event(position) {
            Event::End => return (slots, width as usize),
            Event::Call { operation } => {
                slots[operation as usize] = free.pop().unwrap_or_else(|| {
                    width += 1;
                    width - 1
                });
            }
            Event::Return { operation, .. } => free.push(slots[operation as usize]),
        }
        position = timeline.after(position);
    }
}
