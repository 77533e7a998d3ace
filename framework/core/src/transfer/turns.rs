//! Turns: which partition's data moves next.

use std::collections::{BTreeSet, VecDeque};

use crate::id::PartitionId;

/// Partitions in the order of their turns; each has one at most.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    order: VecDeque<PartitionId>,
    waiting: BTreeSet<PartitionId>,
}

impl Turns {
    /// Gives `partition` the last turn, if it does not wait for one.
    pub fn push_back(&mut self, partition: PartitionId) {
        if self.waiting.insert(partition) {
            self.order.push_back(partition);
        }
    }

    /// Gives `partition` the next turn; one that it waits for already stays where it is.
    pub fn push_front(&mut self, partition: PartitionId) {
        if self.waiting.insert(partition) {
            self.order.push_front(partition);
        }
    }

    /// Whose turn it is.
    pub fn front(&self) -> Option<PartitionId> {
        self.order.front().copied()
    }

    /// Ends the turn of the one whose it is.
    pub fn pop(&mut self) -> Option<PartitionId> {
        let partition = self.order.pop_front()?;
        self.waiting.remove(&partition);
        Some(partition)
    }

    /// Whether `partition` waits for its turn, or has it.
    pub fn has(&self, partition: PartitionId) -> bool {
        self.waiting.contains(&partition)
    }

    /// Takes its turn from `partition`, if it waits for one.
    pub fn remove(&mut self, partition: PartitionId) {
        if self.waiting.remove(&partition) {
            self.order.retain(|waiting| *waiting != partition);
        }
    }

    /// Leaves a turn to those only that still want one.
    pub fn retain(&mut self, wants: impl Fn(PartitionId) -> bool) {
        self.order.retain(|partition| wants(*partition));
        self.waiting.retain(|partition| wants(*partition));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PartitionId = PartitionId(1);
    const B: PartitionId = PartitionId(2);

    #[test]
    fn nobody_waits_twice_nor_is_put_off_by_asking_again() {
        let mut turns = Turns::default();
        turns.push_back(A);
        turns.push_back(B);
        turns.push_back(A);
        turns.push_front(B);
        assert_eq!((turns.pop(), turns.pop(), turns.pop()), (Some(A), Some(B), None));
    }

    #[test]
    fn who_wants_nothing_any_more_may_come_back_last() {
        let mut turns = Turns::default();
        turns.push_back(A);
        turns.push_back(B);
        turns.remove(A);
        assert!(!turns.has(A));
        turns.push_back(A);
        assert_eq!((turns.pop(), turns.pop()), (Some(B), Some(A)));
    }
}
