//! Rare branches: marked sites that a simulation should reach, and some that it may switch on.
//!
//! What happens once in a million commands is where bugs live longest. A [`Mark`] stands at each
//! such branch of an actor, and a simulation counts which of them it has reached: one that no run
//! ever reaches is a fault, a size or a workload that is missing. Some branches are legal at any
//! time, such as refusing a command for want of room; a simulation may let them be taken for no
//! reason, as FoundationDB's *buggify* does, so that their consequences are met early and often.
//!
//! Without the feature `simulation` all of this compiles to nothing. With it, what is counted and
//! chosen belongs to the thread, since a simulated cluster is one thread: a simulator calls
//! `choose` and `take` before each run, and `take` after it.

#[cfg(feature = "simulation")]
mod counted;
mod marks;

#[cfg(feature = "simulation")]
pub use counted::{Chances, choose, take};
pub use marks::Mark;

/// Counts that this branch is taken.
#[inline]
pub fn reached(mark: Mark) {
    #[cfg(feature = "simulation")]
    counted::count(mark);
    #[cfg(not(feature = "simulation"))]
    let _ = mark;
}

/// Whether this branch is to be taken although there is no reason to; it is counted then.
#[inline]
#[must_use]
pub fn switched_on(mark: Mark) -> bool {
    #[cfg(feature = "simulation")]
    return counted::decide(mark);
    #[cfg(not(feature = "simulation"))]
    {
        let _ = mark;
        false
    }
}
