//! Wandering: a plan from which nothing can go is left for one beside it from which something can.
//!
//! When a step goes, all that comes after it falls a little differently, and what failed by a
//! narrow chance fails no more. So some of the rest is changed too: it happens at other times, is
//! asked of other nodes, by other clients. The draws are keyed by the plan's seed, so shrinking gives the same plan each time.

use crate::plan::Plan;
use crate::random::Stream;
use crate::shrink::reworded;
use crate::subject::Subject;
use crate::time::Time;
use crate::world::NodeIndex;

/// The plan with some of its steps changed, and as often as not without one or two of them.
pub(super) fn beside<S: Subject>(plan: &Plan<S>, stream: &mut Stream) -> Plan<S> {
    let mut plan = plan.clone();
    for _ in 0..*stream.pick(&[0, 0, 1, 2]) {
        remove(&mut plan, stream);
    }
    for _ in 0..stream.within(1..=3) {
        change(&mut plan, stream);
    }
    plan.calls.sort_by_key(|planned| (planned.at, planned.id));
    plan
}

fn remove<S: Subject>(plan: &mut Plan<S>, stream: &mut Stream) {
    if plan.steps() == 0 {
        return;
    }
    match stream.index(plan.steps()) {
        at if at < plan.calls.len() => drop(plan.calls.remove(at)),
        at => drop(plan.faults.remove(at - plan.calls.len())),
    }
}

fn change<S: Subject>(plan: &mut Plan<S>, stream: &mut Stream) {
    if plan.steps() == 0 {
        return;
    }
    let heal = plan.heal;
    match stream.index(plan.steps()) {
        at if at < plan.calls.len() => {
            let client = stream.pick(&plan.calls).client;
            let planned = &mut plan.calls[at];
            match stream.below(3) {
                0 => {
                    let node = stream.below(plan.cluster.nodes.into());
                    planned.node = NodeIndex(u8::try_from(node).expect("below a u8"));
                }
                1 => planned.client = client,
                _ if planned.at < heal => planned.at = near(planned.at, stream),
                _ => {}
            }
        }
        at => {
            let at = at - plan.calls.len();
            let nodes = plan.cluster.nodes;
            let fault = &mut plan.faults[at];
            let plainer = reworded::plainer(&fault.fault, nodes);
            if stream.below(2) == 0 && !plainer.is_empty() {
                fault.fault = stream.pick(&plainer).clone();
            } else if fault.at > Time::ZERO {
                // What is wrong from the beginning stays so.
                fault.at = near(fault.at, stream);
            }
        }
    }
}

/// A time within some milliseconds of this one, or some hundreds of them.
fn near(at: Time, stream: &mut Stream) -> Time {
    let most = *stream.pick(&[2_000_000, 20_000_000, 500_000_000]);
    let by = stream.within(0..=2 * most);
    Time((at.0 + by).saturating_sub(most).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Swarm;
    use crate::store::Store;

    #[test]
    fn a_plan_beside_another_one_has_no_more_steps_and_keeps_its_seed_and_order() {
        let mut plan = Plan::draw(&Store::default(), 4, &Swarm::default());
        let mut stream = Stream::new(4, "test", &[]);
        for _ in 0..200 {
            let beside = beside(&plan, &mut stream);
            assert!(beside.steps() <= plan.steps());
            assert_eq!(beside.seed, 4);
            assert!(beside.calls.is_sorted_by_key(|planned| planned.at));
            plan = beside;
        }
    }
}
