//! Shrinking: a failing plan made as small as it can be while it fails in the same way.
//!
//! The seed is never touched. What is not needed is taken away: faults first, then calls, then
//! nodes, clients and whatever the app itself knows to be simpler (keys, long values); what is left
//! of the faults is made plainer; at last all is moved together, to round times. A smaller plan
//! counts only if the same checker fails in the same class, so that one bug is not traded for
//! another on the way.
//!
//! Taking away is *delta debugging* (Zeller and Hildebrandt, "Simplifying and isolating
//! failure-inducing input", 2002): half of a list, then quarters, and so on down to single items,
//! for as long as anything can go. Before that, calls are pinned to the times at which they were
//! really made, so that each stays where it is when those before it go.

mod pieces;
mod reworded;
mod smaller;
mod sooner;
mod wander;

use crate::check::Violation;
use crate::plan::Plan;
use crate::random::Stream;
use crate::run::{self, Watched};
use crate::subject::Subject;
use crate::trace::Trace;

/// How many plans beside the smallest one are tried for each of its steps until it is taken for
/// that, and how many at most.
const WANDERINGS: usize = 200;
const WANDERINGS_MAX: usize = 1_000;

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
        shrink.settle();
        if shrink.wander() {
            continue;
        }
        // What is close together is not easily moved apart: that comes when all else is done.
        let steps = shrink.best.steps();
        shrink.hurry();
        if shrink.is_over || shrink.best.steps() == steps {
            break;
        }
    }
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
    /// What a plan breaks, if it fails in the same way.
    fn violation_of(&mut self, plan: &Plan<S>) -> Option<Violation> {
        if self.is_over {
            return None;
        }
        self.tried += 1;
        let violation = run::run(self.subject, plan).violation;
        self.is_over = !(self.goes_on)(self.tried);
        violation.filter(|violation| violation.is_like(&self.violation))
    }

    /// Takes a plan for the best one if it fails in the same way. Whether it did.
    fn try_plan(&mut self, mut plan: Plan<S>) -> bool {
        // As a schedule that is read has them.
        plan.calls.sort_by_key(|planned| (planned.at, planned.id));
        let Some(violation) = self.violation_of(&plan) else {
            return false;
        };
        self.violation = violation;
        self.best = plan;
        true
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

    /// Makes the plan smaller in every way there is, until none helps any more.
    fn settle(&mut self) {
        let subject = self.subject;
        loop {
            let steps = self.best.steps();
            self.take_away();
            self.improve(smaller::without_extras);
            self.improve(|plan| smaller::with_fewer_nodes(subject, plan));
            self.improve(smaller::with_fewer_clients);
            self.improve(smaller::with_fewer_asked);
            self.improve(|plan| {
                let simpler = subject.simpler(&plan.calls).into_iter();
                simpler.map(|calls| Plan { calls, ..plan.clone() }).collect()
            });
            self.improve(smaller::with_plainer_faults);
            self.take_away();
            if self.is_over || self.best.steps() == steps {
                return;
            }
        }
    }

    /// Takes the first of the plans that fails in the same way, and what is better than that, as
    /// long as there is one. Each of the plans is to be simpler than that they were made from.
    fn improve(&mut self, simpler: impl Fn(&Plan<S>) -> Vec<Plan<S>>) {
        let mut is_better = true;
        while is_better && !self.is_over {
            is_better = false;
            let mut failed = 0;
            let mut plans = simpler(&self.best).into_iter();
            while let Some(plan) = plans.next() {
                if self.try_plan(plan) {
                    is_better = true;
                    plans = simpler(&self.best).into_iter();
                    // Those before it were tried, and are not likely to do now.
                    plans.by_ref().take(failed).for_each(drop);
                } else if self.is_over {
                    return;
                } else {
                    failed += 1;
                }
            }
        }
    }

    /// Lets everything happen as soon as it can.
    fn hurry(&mut self) {
        self.improve(sooner::with_shorter_faults);
        self.improve(sooner::with_shorter_pauses);
        self.take_away();
    }

    /// Looks for a plan with fewer steps beside this one, and beside those that have as many.
    /// Whether there is one.
    fn wander(&mut self) -> bool {
        let steps = self.best.steps();
        let mut stream = Stream::new(self.best.seed, "shrink", &[steps as u64]);
        let mut here = self.best.clone();
        for _ in 0..(WANDERINGS * steps).min(WANDERINGS_MAX) {
            let plan = wander::beside(&here, &mut stream);
            let Some(violation) = self.violation_of(&plan) else {
                continue;
            };
            if plan.steps() < steps {
                (self.best, self.violation) = (plan, violation);
                return true;
            }
            here = plan;
        }
        false
    }
}

#[cfg(test)]
mod tests;
