//! The planted bugs: what each of them does wrong, and who may notice.
//!
//! They stand in the actors themselves, behind [`peer_ring_core::planted!`]; this is their list.
//! The simulator is tested by them: whoever runs the default swarm on a build that makes one of
//! these mistakes must be told of it, with no hint of what to look for. Some belong to features
//! that do not exist yet; they have their place here, and come alive with their feature.

mod list;

pub use list::BUGS;

use crate::check::Violation;

/// A mistake that a build can be told to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bug {
    /// Its name, as in `--cfg planted="NAME"`.
    pub name: &'static str,
    /// What goes wrong.
    pub what: &'static str,
    /// The checkers that may report it; whichever of them sees it first.
    pub checkers: &'static [&'static str],
    /// The feature that it is a mistake in, if that does not exist yet.
    pub waits_for: Option<&'static str>,
}

/// Why a bug cannot be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlanted<'a> {
    /// There is none of that name.
    #[error("there is no planted bug called {name}")]
    Unknown {
        /// That name.
        name: &'a str,
    },
    /// What it is a mistake in does not exist yet.
    #[error("{name} ({what}) waits for {feature}")]
    Waiting {
        /// Its name.
        name: &'static str,
        /// What will go wrong.
        what: &'static str,
        /// What it waits for.
        feature: &'static str,
    },
}

/// The bug called `name`, if it can be made.
///
/// # Errors
/// [`NotPlanted`], when there is none of that name or its feature does not exist yet.
pub fn find(name: &str) -> Result<&'static Bug, NotPlanted<'_>> {
    let bug = BUGS.iter().find(|bug| bug.name == name).ok_or(NotPlanted::Unknown { name })?;
    let Bug { name, what, waits_for, .. } = *bug;
    match waits_for {
        None => Ok(bug),
        Some(feature) => Err(NotPlanted::Waiting { name, what, feature }),
    }
}

/// The bugs that can be made today.
pub fn alive() -> impl Iterator<Item = &'static Bug> {
    BUGS.iter().filter(|bug| bug.waits_for.is_none())
}

impl Bug {
    /// Whether `violation` is what this bug may lead to.
    #[must_use]
    pub fn may_lead_to(&self, violation: &Violation) -> bool {
        self.checkers.contains(&violation.checker)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_bugs_have_one_name() {
        let names: BTreeSet<_> = BUGS.iter().map(|bug| bug.name).collect();
        assert_eq!(names.len(), BUGS.len());
    }

    #[test]
    fn every_bug_says_what_it_is_and_who_may_see_it() {
        assert!(BUGS.iter().all(|bug| !bug.what.is_empty() && !bug.checkers.is_empty()));
        assert!(alive().count() >= 10);
    }

    #[test]
    fn a_bug_whose_feature_does_not_exist_is_refused_with_its_reason() {
        let refused = find("m11").unwrap_err().to_string();
        assert!(refused.contains("waits for linearizable registers"), "{refused}");
        assert_eq!(find("m99"), Err(NotPlanted::Unknown { name: "m99" }));
        assert_eq!(find("m02").unwrap().name, "m02");
    }
}
