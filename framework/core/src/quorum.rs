//! Quorum arithmetic as a value: who was asked, who said yes, and whether it is enough.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

/// Most replicas one command can address.
pub const REPLICAS_MAX: u8 = 16;

/// How many of a command's `n` replicas must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// More than half of them.
    Majority,
    /// Every one, and every one of every other command on the key, too: then the key is
    /// linearizable while no replica loses its memory. [`Need::Exactly`] promises nothing of
    /// other commands.
    All,
    /// This many, whether or not there are so many.
    Exactly(NonZeroU8),
}

impl Need {
    /// Exactly `count`.
    ///
    /// # Panics
    /// When `count` is zero.
    #[must_use]
    pub fn exactly(count: u8) -> Self {
        Self::Exactly(NonZeroU8::new(count).expect("a quorum needs at least one answer"))
    }

    /// The number of answers this means among `n` replicas.
    #[must_use]
    pub fn of(self, n: u8) -> u8 {
        match self {
            Self::Majority => n / 2 + 1,
            Self::All => n.max(1),
            Self::Exactly(count) => count.get(),
        }
    }
}

/// A set of replicas, by their index in the preference list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replicas(u32);

impl Replicas {
    /// Replica `index` alone.
    #[must_use]
    pub fn only(index: u8) -> Self {
        Self(1 << index)
    }

    /// Whether `index` is in it.
    #[must_use]
    pub fn contains(self, index: u8) -> bool {
        self.0 & 1 << index != 0
    }

    /// Adds `index`.
    pub fn insert(&mut self, index: u8) {
        self.0 |= 1 << index;
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u8 {
        u8::try_from(self.0.count_ones()).expect("at most 32 bits")
    }

    /// Their indices, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..32).filter(move |&index| self.contains(index))
    }

    /// Those in `self` and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The answers to one command so far. Each replica counts once, and its first answer stands.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    replicas: u8,
    wanted: u8,
    is_unanimous: bool,
    agreed: Replicas,
    superseded: Replicas,
    failed: Replicas,
    #[cfg(any(planted = "twice", planted = "any"))]
    extra: u8,
}

impl Tally {
    /// Nobody of `replicas` has answered yet, and `wanted` must.
    #[must_use]
    pub fn new(replicas: u8, wanted: u8) -> Self {
        assert!(replicas <= REPLICAS_MAX, "{replicas} replicas are more than {REPLICAS_MAX}");
        Self {
            replicas,
            wanted,
            is_unanimous: false,
            agreed: Replicas::default(),
            superseded: Replicas::default(),
            failed: Replicas::default(),
            #[cfg(any(planted = "twice", planted = "any"))]
            extra: 0,
        }
    }

    /// Nobody of `replicas` has answered yet, all of them must, and no other write of the key is
    /// acknowledged by fewer.
    #[must_use]
    pub fn unanimous(replicas: u8) -> Self {
        Self { is_unanimous: true, ..Self::new(replicas, replicas) }
    }

    /// Replica `index` did what it was asked. Whether this was its first answer.
    pub fn agree(&mut self, index: u8) -> bool {
        #[cfg(any(planted = "twice", planted = "any"))]
        if crate::planted!("twice") && self.agreed.contains(index) {
            self.extra += 1;
            return true;
        }
        let is_first = self.is_open(index);
        if is_first {
            self.agreed.insert(index);
        }
        is_first
    }

    /// Replica `index` holds something newer than what it was asked to write.
    pub fn supersede(&mut self, index: u8) -> bool {
        let is_first = self.is_open(index);
        if is_first {
            self.superseded.insert(index);
        }
        is_first
    }

    /// Replica `index` refused, or cannot be reached.
    pub fn fail(&mut self, index: u8) -> bool {
        let is_first = self.is_open(index);
        if is_first {
            self.failed.insert(index);
        }
        is_first
    }

    /// Whether replica `index` may still answer.
    #[must_use]
    pub fn is_open(&self, index: u8) -> bool {
        index < self.replicas
            && !self.agreed.contains(index)
            && !self.superseded.contains(index)
            && !self.failed.contains(index)
    }

    /// How many did what they were asked.
    #[must_use]
    pub fn acked(&self) -> u8 {
        #[cfg(any(planted = "twice", planted = "any"))]
        return self.agreed.count() + self.extra;
        #[cfg(not(any(planted = "twice", planted = "any")))]
        self.agreed.count()
    }

    /// Who did what they were asked.
    #[must_use]
    pub fn agreed(&self) -> Replicas {
        self.agreed
    }

    /// How many must.
    #[must_use]
    pub fn wanted(&self) -> u8 {
        self.wanted
    }

    /// How many can still be hoped to agree, those who have included.
    #[must_use]
    pub fn reachable(&self) -> u8 {
        self.replicas - self.superseded.count() - self.failed.count()
    }

    /// Whether any replica may still answer.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.agreed.count() + self.superseded.count() + self.failed.count() < self.replicas
    }

    /// Whether enough agreed.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.acked() >= self.wanted
    }

    /// Whether enough can no longer agree.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        self.reachable() < self.wanted
    }

    /// Where a write stands.
    ///
    /// A replica that holds something newer does not count. A write that was acknowledged, or
    /// seen by a quorum read, before this one began is held by a quorum; if it is the newer of
    /// the two, a quorum that overlaps with that one cannot have taken this write. So whoever
    /// waits for replicas that did take it never acknowledges what nobody will see, however the
    /// quorums of different commands are sized, as long as they overlap. When too few are left
    /// that could, the write must be stamped again, past what it met; but not before a quorum has
    /// answered, for one of these holds the newest write that was acknowledged before.
    ///
    /// A write that is stamped again takes effect twice: who has seen it under its first stamp
    /// may see another write after it, and then this one once more. Where all writes of a key are
    /// [`Tally::unanimous`] that is avoided, and the key is linearizable. There a newer version
    /// that one replica did not hold yet was not acknowledged, nor seen by a read of all, when
    /// that replica took this write; so the two overlap, and this one is the earlier.
    #[must_use]
    pub fn write_state(&self) -> WriteState {
        if self.is_met() {
            return WriteState::Done;
        }
        if self.is_unanimous && !crate::planted!("unanimity-ignored") {
            return self.unanimous_state();
        }
        if self.replicas - self.failed.count() < self.wanted {
            return WriteState::OutOfReach;
        }
        let answered = self.agreed.count() + self.superseded.count();
        if !self.is_out_of_reach() || answered < self.wanted {
            return WriteState::Open;
        }
        WriteState::Superseded
    }

    fn unanimous_state(&self) -> WriteState {
        if self.failed.count() > 0 {
            return WriteState::OutOfReach;
        }
        if self.has_open() {
            return WriteState::Open;
        }
        if self.agreed.count() > 0 { WriteState::Done } else { WriteState::Superseded }
    }
}

/// Where a write stands; see [`Tally::write_state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteState {
    /// It waits for answers.
    Open,
    /// It may be acknowledged.
    Done,
    /// It must be stamped past what was met, and written again.
    Superseded,
    /// It cannot be acknowledged any more.
    OutOfReach,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_counts_once() {
        let mut tally = Tally::new(3, 2);
        assert!(tally.agree(0));
        assert!(!tally.agree(0));
        assert!(!tally.is_met());
        assert!(tally.agree(2));
        assert!(tally.is_met());
    }

    #[test]
    fn a_quorum_is_out_of_reach_when_too_many_failed() {
        let mut tally = Tally::new(3, 2);
        tally.fail(0);
        assert!(!tally.is_out_of_reach());
        tally.fail(1);
        assert!(tally.is_out_of_reach());
        assert_eq!(tally.write_state(), WriteState::OutOfReach);
    }

    #[test]
    fn two_of_three_replicas_with_something_newer_ask_for_a_new_stamp() {
        let mut tally = Tally::new(3, 2);
        tally.agree(0);
        tally.supersede(1);
        assert_eq!(tally.write_state(), WriteState::Open);
        tally.supersede(2);
        assert_eq!(tally.write_state(), WriteState::Superseded);
    }

    #[test]
    fn a_write_to_all_does_not_count_a_replica_with_something_newer() {
        // The newer write may have been acknowledged by a majority before this one began.
        let mut tally = Tally::new(3, 3);
        tally.agree(0);
        tally.agree(1);
        assert_eq!(tally.write_state(), WriteState::Open);
        tally.supersede(2);
        assert_eq!(tally.write_state(), WriteState::Superseded);
    }

    #[test]
    fn one_that_agreed_of_all_proves_that_the_newer_write_is_concurrent_where_all_always_must() {
        let mut tally = Tally::unanimous(3);
        tally.supersede(1);
        tally.supersede(2);
        assert_eq!(tally.write_state(), WriteState::Open);
        tally.agree(0);
        assert_eq!(tally.write_state(), WriteState::Done);
    }

    #[test]
    fn a_unanimous_write_that_nobody_took_is_stamped_again_and_one_that_was_refused_fails() {
        let mut tally = Tally::unanimous(2);
        tally.supersede(0);
        assert_eq!(tally.write_state(), WriteState::Open);
        tally.supersede(1);
        assert_eq!(tally.write_state(), WriteState::Superseded);
        let mut tally = Tally::unanimous(2);
        tally.fail(0);
        assert_eq!(tally.write_state(), WriteState::OutOfReach);
    }

    #[test]
    fn a_new_stamp_is_of_no_use_where_too_few_answer() {
        let mut tally = Tally::new(3, 2);
        tally.supersede(0);
        tally.fail(1);
        assert_eq!(tally.write_state(), WriteState::Open);
        tally.fail(2);
        assert_eq!(tally.write_state(), WriteState::OutOfReach);
    }

    #[test]
    fn a_write_is_not_stamped_again_before_a_quorum_has_said_what_it_holds() {
        let mut tally = Tally::new(3, 2);
        tally.supersede(0);
        tally.fail(1);
        assert_eq!(tally.write_state(), WriteState::Open);
        tally.agree(2);
        assert_eq!(tally.write_state(), WriteState::Superseded);
    }

    #[test]
    fn more_answers_than_replicas_are_never_to_be_had() {
        let tally = Tally::new(1, 2);
        assert_eq!(tally.write_state(), WriteState::OutOfReach);
        assert_eq!(Need::exactly(2).of(1), 2);
        assert_eq!(Need::Majority.of(3), 2);
        assert_eq!(Need::Majority.of(4), 3);
        assert_eq!(Need::All.of(3), 3);
    }
}
