//! Determinism: a plan does the same each time, to the last byte of the last message.
//!
//! Nothing else here is worth anything without it: no seed could be replayed, and no schedule kept
//! or shrunk. Two runs that should have been the same are compared by their hashes, and by their
//! traces only when those differ.

use std::fmt;

use crate::plan::Plan;
use crate::run;
use crate::subject::Subject;
use crate::trace::{self, Line, Trace};

/// Where two runs part that should have been the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Difference {
    /// The seed of both.
    pub seed: u64,
    /// What happened in the one; `None` when it was over, or when they did not differ once more.
    pub one: Option<Line>,
    /// What happened in the other.
    pub other: Option<Line>,
}

/// Carries out two plans that should be the same. The hash of both.
///
/// # Errors
/// The first event that differs.
pub fn compare<S: Subject>(
    subject: &S,
    one: &Plan<S>,
    other: &Plan<S>,
) -> Result<u64, Box<Difference>> {
    let hash = run::run(subject, one).hash;
    if hash == run::run(subject, other).hash {
        return Ok(hash);
    }
    let [first, second] =
        [one, other].map(|plan| run::watch(subject, plan, Trace::with_lines()).lines);
    let (one_line, other_line) = trace::first_difference(&first, &second).unwrap_or((None, None));
    let (one_line, other_line) = (one_line.cloned(), other_line.cloned());
    Err(Box::new(Difference { seed: one.seed, one: one_line, other: other_line }))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, one, other } = self;
        let said = |line: &Option<Line>| {
            line.as_ref().map_or_else(|| "nothing more".to_owned(), Line::to_string)
        };
        writeln!(f, "seed {seed} is not deterministic; the first event that differs:")?;
        write!(f, "  {}\n  {}", said(one), said(other))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use peer_ring_core::app::{self, App, Records};
    use peer_ring_core::key::Key;

    use super::*;
    use crate::plan::Swarm;
    use crate::simulation::Simulation;
    use crate::store::Store;

    /// An app that writes something down that no seed knows.
    #[derive(Clone)]
    struct Leaky;

    static WRITTEN: AtomicU64 = AtomicU64::new(0);

    impl App for Leaky {
        const NAME: &'static str = "leaky";
        type Command = u64;
        type Reply = ();

        fn key(page: &u64) -> Key {
            Key::new(&page.to_le_bytes())
        }

        fn plan(&self, _: &u64) -> app::Plan {
            app::Plan::owner(3, 2)
        }

        fn handle(&mut self, records: &mut Records<'_>, page: u64) {
            let written = WRITTEN.fetch_add(1, Ordering::Relaxed);
            records.put_as(page.to_string(), &written);
        }
    }

    #[test]
    fn an_app_that_draws_from_elsewhere_is_noticed_and_the_event_is_named() {
        let campaign = Simulation::new(1).nodes(3).app(Leaky).workload(|draw| draw.below(3));
        let plan = campaign.plan(1);
        let difference = compare(&campaign.subject, &plan, &plan).unwrap_err();
        let (Some(one), Some(other)) = (&difference.one, &difference.other) else {
            panic!("{difference}");
        };
        assert_eq!(one.moment, other.moment);
        assert_ne!(one.hash, other.hash);
    }

    #[test]
    fn a_plan_with_another_step_in_it_is_another_one() {
        let store = Store::default();
        let plan = Plan::draw(&store, 3, &Swarm::default());
        assert_eq!(compare(&store, &plan, &plan), Ok(run::run(&store, &plan).hash));
        let mut other = plan.clone();
        let _ = other.calls.remove(5);
        let difference = compare(&store, &plan, &other).unwrap_err();
        assert!(difference.to_string().starts_with("seed 3 is not deterministic"));
        assert_ne!(difference.one, difference.other);
    }
}
