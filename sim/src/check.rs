//! Checkers: one claim a file, each with a control that shows that it can fail.
//!
//! A checker knows nothing of faults and nothing of how the system works. It is given what clients
//! saw, or what lies on the nodes, and says whether that is what was promised.

pub mod convergence;
pub mod durable;
pub mod linearizable;
pub mod liveness;
pub mod lost_write;
pub mod resources;
pub mod ring;

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
