//! Quorum arithmetic as a value: who was asked, who said yes, and whether it is enough.
//!
//! A command has one quorum among the owners of its partition, and, while that is moving, another
//! among those who are to own it. Its replicas are those of both, each under one index; what a
//! replica that is in both answers counts in both.

mod layouts;
#[cfg(test)]
mod tests;

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

pub use layouts::{Quorums, Wanting};

/// Most replicas one command can address in one layout.
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

/// A set of replicas, by their index among those of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replicas(u32);

impl Replicas {
    /// Replica `index` alone.
    #[must_use]
    pub fn only(index: u8) -> Self {
        Self(1 << index)
    }

    /// The first `count` replicas.
    #[must_use]
    pub fn first(count: u8) -> Self {
        Self(u32::try_from((1_u64 << count) - 1).expect("at most 32 replicas"))
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

    /// Those in either.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in both.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in `self` and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<u8> for Replicas {
    fn from_iter<I: IntoIterator<Item = u8>>(indices: I) -> Self {
        let mut replicas = Self::default();
        indices.into_iter().for_each(|index| replicas.insert(index));
        replicas
    }
}

/// The answers to one command so far. Each replica counts once, and its first answer stands.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    quorums: Quorums,
    /// Where all must agree: those whose agreement proves that what is newer is concurrent.
    witnesses: Option<Replicas>,
    agreed: Replicas,
    superseded: Replicas,
    failed: Replicas,
    #[cfg(any(planted = "twice", planted = "any"))]
    extra: u8,
}

impl Tally {
    /// Nobody has answered yet, and so many as `quorums` say must.
    #[must_use]
    pub fn new(quorums: Quorums) -> Self {
        Self {
            quorums,
            witnesses: None,
            agreed: Replicas::default(),
            superseded: Replicas::default(),
            failed: Replicas::default(),
            #[cfg(any(planted = "twice", planted = "any"))]
            extra: 0,
        }
    }

    /// Nobody has answered yet, all must, and no other write of the key is acknowledged by fewer.
    /// [`Tally::write_state`] says what `witnesses` are.
    #[must_use]
    pub fn unanimous(quorums: Quorums, witnesses: Replicas) -> Self {
        Self { witnesses: Some(witnesses), ..Self::new(quorums) }
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

    /// The same, but that `others` have not failed yet.
    #[must_use]
    pub fn excusing(self, others: Replicas) -> Self {
        Self { failed: self.failed.without(others), ..self }
    }

    /// Whether replica `index` may still answer.
    #[must_use]
    pub fn is_open(&self, index: u8) -> bool {
        self.open().contains(index)
    }

    /// Whether any replica may still answer.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.open() != Replicas::default()
    }

    fn open(&self) -> Replicas {
        self.quorums.all().without(self.agreed.and(self.superseded).and(self.failed))
    }

    /// How many did what they were asked, in the layout that lacks most.
    #[must_use]
    pub fn acked(&self) -> u8 {
        self.quorums.lacking_most(self.agreed).0 + self.extra()
    }

    /// How many must, in the layout that lacks most.
    #[must_use]
    pub fn wanted(&self) -> u8 {
        self.quorums.lacking_most(self.agreed).1
    }

    #[cfg(any(planted = "twice", planted = "any"))]
    fn extra(&self) -> u8 {
        self.extra
    }

    #[cfg(not(any(planted = "twice", planted = "any")))]
    #[expect(clippy::unused_self, reason = "a mistake that is planted needs it")]
    fn extra(&self) -> u8 {
        0
    }

    /// Who did what they were asked.
    #[must_use]
    pub fn agreed(&self) -> Replicas {
        self.agreed
    }

    /// Whether enough agreed, in each layout.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.quorums.are_met(self.agreed, self.extra())
    }

    /// Whether enough can no longer agree, in some layout.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        !self.quorums.are_met(self.agreed.and(self.open()), 0)
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
    /// While a partition moves all of this holds in each of its two layouts, and must in both. A
    /// write that was acknowledged before may have been so among the owners alone, before the
    /// partition began to move; among both; or, when this coordinator does not know yet that it
    /// has settled, among the targets alone, who then refuse what comes from before. So it is
    /// enough that *some* layout cannot be met any more, for nothing is acknowledged without both;
    /// but a quorum of *each* must have answered, since it is not known in which of them the
    /// newest acknowledged write is held.
    ///
    /// A write that is stamped again takes effect twice: who has seen it under its first stamp
    /// may see another write after it, and then this one once more. Where all writes of a key are
    /// [`Tally::unanimous`] that is avoided, and the key is linearizable. There a newer version
    /// that one replica did not hold yet was not acknowledged, nor seen by a read of all, when
    /// that replica took this write; so the two overlap, and this one is the earlier. All means
    /// all of both layouts. The replica that took it must be a *witness*, that is, it must hold
    /// whatever newer was acknowledged before. Any replica is one while the write is stamped in the
    /// layout in which it is asked: what is newer was then stamped in that layout, too, and
    /// acknowledged by all of both. A write that keeps its stamp from an earlier layout may meet
    /// something newer that was acknowledged in that one, of which a target has not heard yet: then
    /// only owners are witnesses.
    #[must_use]
    pub fn write_state(&self) -> WriteState {
        if self.is_met() {
            return WriteState::Done;
        }
        if let Some(witnesses) = self.witnesses
            && !crate::planted!("unanimity-ignored")
        {
            return self.unanimous_state(witnesses);
        }
        if !self.quorums.are_met(self.quorums.all().without(self.failed), 0) {
            return WriteState::OutOfReach;
        }
        let has_answered = self.agreed.and(self.superseded);
        if !self.is_out_of_reach() || !self.quorums.are_met(has_answered, 0) {
            return WriteState::Open;
        }
        WriteState::Superseded
    }

    fn unanimous_state(&self, witnesses: Replicas) -> WriteState {
        if self.failed != Replicas::default() {
            return WriteState::OutOfReach;
        }
        if self.has_open() {
            return WriteState::Open;
        }
        let is_witnessed = self.agreed.within(witnesses) != Replicas::default();
        if is_witnessed { WriteState::Done } else { WriteState::Superseded }
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
