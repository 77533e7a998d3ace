//! Checkers: one claim a file, each with a control that shows that it can fail.
//!
//! A checker knows nothing of faults and nothing of how the system works. It is given what clients
//! saw, or what lies on the nodes, and says whether that is what was promised.
//!
//! | the claim | of the clients' history |
//! |---|---|
//! | [`lost_write`] | no read shows what an acknowledged write has replaced |
//! | [`resurrection`] | no read shows what an acknowledged delete has removed |
//! | [`session`] | a client misses nothing that it has read or written itself |
//! | [`expired`] | nothing is served after it has expired |
//! | [`linearizable`], by [`register`] | every key behaves like one register, where that is promised |
//!
//! | the claim | of the nodes |
//! |---|---|
//! | [`durable`] | what is acknowledged or shown is held by as many replicas as had to answer |
//! | [`kept`] | what was acknowledged stays where every quorum meets it |
//! | [`convergence`] | replicas hold the same in the end |
//! | [`strays`] | in the end records lie on their owners and nowhere else |
//! | [`ring`] | one ring per epoch, no node goes back, and every partition owned by distinct nodes |
//! | [`liveness`] | what was healed works again |
//! | [`resources`] | nothing is kept for ever, and nothing grows without bound |
//!
//! These wait for the feature that they are a claim about, and have their names already:
//!
//! | the claim | waits for |
//! |---|---|
//! | `causal`: a write is seen after all that its writer had seen | version vectors |
//! | `ledger`: every hint and every debt is paid in the end | hinted handoff |
//! | `rate limit`: no more is let through than was stated | the rate limiter |
//! | `queue`: at least once, and in order where that is promised | the queue |

pub mod convergence;
pub mod durable;
pub mod expired;
pub mod kept;
pub mod linearizable;
pub mod liveness;
pub mod lost_write;
mod newest;
pub mod register;
pub mod resources;
pub mod resurrection;
pub mod ring;
#[cfg(test)]
mod sample;
pub mod session;
#[cfg(test)]
mod speed;
pub mod strays;

use crate::history::History;
use crate::store::Promise;

/// Whether what clients saw is what they were promised, by every checker of histories in turn.
///
/// # Errors
/// What the first of them has to say that is not content.
pub fn history(history: &History, promise: Promise) -> Result<(), Violation> {
    lost_write::check(history)?;
    resurrection::check(history)?;
    session::check(history)?;
    expired::check(history)?;
    match promise {
        Promise::LastWriteWins => Ok(()),
        Promise::Linearizable => register::check(history),
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of what sort.
    pub class: Class,
    /// Which checker says so.
    pub checker: &'static str,
    /// What it saw.
    pub text: String,
}

/// Sorts of broken promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A node panicked.
    Crash,
    /// Something wrong was said or kept.
    Correctness,
    /// Something did not happen in time.
    Liveness,
}

impl Violation {
    /// Something wrong was said or kept.
    #[must_use]
    pub fn new(checker: &'static str, text: String) -> Self {
        Self { class: Class::Correctness, checker, text }
    }

    /// Something did not happen in time.
    #[must_use]
    pub fn of_liveness(checker: &'static str, text: String) -> Self {
        Self { class: Class::Liveness, checker, text }
    }

    /// Whether the same checker says that a promise of the same sort was broken.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.class == other.class && self.checker == other.checker
    }
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Crash, Self::Correctness, Self::Liveness];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Correctness => "correctness",
            Self::Liveness => "liveness",
        }
    }
}
