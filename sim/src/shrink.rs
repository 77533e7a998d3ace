//! Shrinking: a failing plan made as small as it can be while it fails in the same way.
//!
//! The seed is never touched. What is not needed is taken away: faults first, then calls, then
//! nodes, then whatever the app itself knows to be simpler (keys, long values); at last times are
//! made round. A smaller plan counts only if the same checker fails in the same class, so that one
//! bug is not traded for another on the way.
//!
//! Taking away is *delta debugging* (Zeller and Hildebrandt, "Simplifying and isolating
//! failure-inducing input", 2002): half of a list, then quarters, and so on down to single items,
//! for as long as anything can go. Before that, calls are pinned to the times at which they were
//! really made, so that each stays where it is when those before it go.

mod pieces;
mod rounds;
mod smaller;

use crate::check::Violation;
use crate::plan::Plan;
use crate::run::{self, Watched};
use crate::subject::Subject;
use crate::trace::Trace;

/// A plan that was made smaller.
pub struct Shrunk<S: Subject> {
    /// The smallest plan found.
    pub plan: Plan<S>,
    /// What it breaks.
    pub violation: Violation,
    /// How many plans were tried.
    pub tried: u64,
}

/// Makes a plan smaller that breaks a promise; `None` when it breaks none.
///
/// After each try `goes_on` is asked whether to go on; the smallest plan so far is the answer.
pub fn shrink<S: Subject>(
    subject: &S,
    plan: &Plan<S>,
    goes_on: impl FnMut(u64) -> bool,
) -> Option<Shrunk<S>> {
    let watched = run::watch(subject, plan, Trace::default());
    let violation = watched.outcomes.violation.clone()?;
    let mut shrink = Shrinker {
        subject,
        best: plan.clone(),
        violation,
        tried: 0,
        is_over: false,
        goes_on: Box::new(goes_on),
    };
    shrink.pin(&watched);
    loop {
        let before = shrink.best.steps();
        shrink.take_away();
        if shrink.is_over || shrink.best.steps() == before {
            break;
        }
    }
    shrink.simplify();
    let Shrinker { best, violation, tried, .. } = shrink;
    Some(Shrunk { plan: best, violation, tried })
}

struct Shrinker<'a, S: Subject> {
    subject: &'a S,
    best: Plan<S>,
    violation: Violation,
    tried: u64,
    is_over: bool,
    goes_on: Box<dyn FnMut(u64) -> bool + 'a>,
}

impl<S: Subject> Shrinker<'_, S> {
    /// Takes a plan for the best one if it fails in the same way. Whether it did.
    fn try_plan(&mut self, plan: Plan<S>) -> bool {
        if self.is_over {
            return false;
        }
        self.tried += 1;
        let violation = run::run(self.subject, &plan).violation;
        self.is_over = !(self.goes_on)(self.tried);
        match violation {
            Some(violation) if violation.is_like(&self.violation) => {
                self.violation = violation;
                self.best = plan;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Fixes the times of calls to those at which they were made, and leaves out what was not
    /// asked before the violation.
    fn pin(&mut self, watched: &Watched<S>) {
        let mut plan = self.best.clone();
        plan.calls.retain_mut(|planned| {
            let mut entries = watched.journal.entries().iter();
            let Some(entry) = entries.find(|entry| entry.id == planned.id) else {
                return false;
            };
            if planned.at < plan.heal {
                planned.at = entry.invoked.at;
            }
            true
        });
        plan.faults.retain(|fault| fault.at <= watched.end.at);
        self.try_plan(plan);
    }

    fn take_away(&mut self) {
        let faults = self.best.faults.len();
        pieces::remove(faults, |keep| {
            let mut plan = self.best.clone();
            pieces::keep(&mut plan.faults, keep);
            self.try_plan(plan)
        });
        let calls = self.best.calls.len();
        pieces::remove(calls, |keep| {
            let mut plan = self.best.clone();
            pieces::keep(&mut plan.calls, keep);
            self.try_plan(plan)
        });
    }

    /// Everything else; what can be taken away after it is.
    fn simplify(&mut self) {
        for plan in smaller::with_fewer_nodes(self.subject, &self.best) {
            if self.try_plan(plan) {
                break;
            }
        }
        while let Some(()) = self.simplify_calls() {}
        for plan in smaller::with_fewer_clients(&self.best) {
            self.try_plan(plan);
        }
        for plan in smaller::without_extras(&self.best) {
            self.try_plan(plan);
        }
        rounds::round(&self.best.clone(), |change| {
            let mut plan = self.best.clone();
            change(&mut plan);
            self.try_plan(plan)
        });
        self.take_away();
    }

    /// Takes the first script that the app finds simpler. `None` when there is none that fails.
    fn simplify_calls(&mut self) -> Option<()> {
        let scripts = self.subject.simpler(&self.best.calls);
        scripts.into_iter().find_map(|calls| {
            let plan = Plan { calls, ..self.best.clone() };
            self.try_plan(plan).then_some(())
        })
    }
}

#[cfg(test)]
mod tests;
