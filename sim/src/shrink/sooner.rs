//! Sooner and shorter: less time between what happens, in round numbers, and faults that end when
//! they have done their work.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::plan::Plan;
use crate::subject::Subject;
use crate::time::Time;

/// What happens on a founded cluster is not moved to before this.
const FOUNDED: Time = Time(1_000_000_000);
const MILLISECOND: u64 = 1_000_000;
/// How long things may take, the shortest first.
const SPANS: [u64; 10] = [
    0,
    MILLISECOND,
    10 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    200 * MILLISECOND,
    500 * MILLISECOND,
    1_000 * MILLISECOND,
    2_000 * MILLISECOND,
    4_000 * MILLISECOND,
];
/// What spans are made multiples of.
const GRAINS: [u64; 4] = [1_000 * MILLISECOND, 100 * MILLISECOND, 10 * MILLISECOND, MILLISECOND];

/// The plan with one pause in it shorter, and all that comes after it as much earlier: the first
/// pauses first, and each as short as can be first.
pub(super) fn with_shorter_pauses<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let calls = plan.calls.iter().map(|planned| planned.at);
    let faults = plan.faults.iter().map(|fault| fault.at);
    let mut times: BTreeSet<_> = calls.chain(faults).chain([plan.heal]).collect();
    times.remove(&Time::ZERO);
    let is_founded = times.first().is_some_and(|at| *at >= FOUNDED);
    let mut before = if is_founded { FOUNDED } else { Time::ZERO };
    times.remove(&before);
    let mut sooner = Vec::new();
    for at in times {
        let pause = at.0 - before.0;
        sooner.extend(shorter(pause).into_iter().map(|shorter| moved(plan, at, pause, shorter)));
        before = at;
    }
    sooner
}

/// The plan in which one fault is over sooner. Those that were there before anything else are as
/// the world is, and stay.
pub(super) fn with_shorter_faults<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let mut sooner = Vec::new();
    for (place, fault) in plan.faults.iter().enumerate() {
        if fault.at == Time::ZERO {
            continue;
        }
        let lasts = u64::try_from(fault.lasts.as_nanos()).unwrap_or(u64::MAX);
        // A fault that lasts for no time is none.
        for shorter in shorter(lasts).into_iter().filter(|shorter| *shorter > 0) {
            let mut plan = plan.clone();
            plan.faults[place].lasts = Duration::from_nanos(shorter);
            sooner.push(plan);
        }
    }
    sooner
}

/// Spans that are shorter than this one, or rounder; the shortest first.
fn shorter(span: u64) -> Vec<u64> {
    let shorter = SPANS.into_iter().filter(|shorter| *shorter < span);
    let rounder = GRAINS.into_iter().map(|grain| span / grain * grain);
    let mut spans: Vec<_> = shorter.chain(rounder.filter(|span| *span > 0)).collect();
    spans.push(span.next_multiple_of(MILLISECOND));
    spans.retain(|other| *other != span);
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// The plan in which what happens from `from` on happens earlier, after a pause of `shorter`
/// and not `pause`.
fn moved<S: Subject>(plan: &Plan<S>, from: Time, pause: u64, shorter: u64) -> Plan<S> {
    let move_up = |at: &mut Time| {
        if *at >= from {
            *at = Time(at.0 - pause + shorter);
        }
    };
    let mut plan = plan.clone();
    plan.calls.iter_mut().for_each(|planned| move_up(&mut planned.at));
    plan.faults.iter_mut().for_each(|fault| move_up(&mut fault.at));
    move_up(&mut plan.heal);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Swarm;
    use crate::store::Store;

    #[test]
    fn all_that_comes_after_a_pause_comes_as_much_earlier() {
        let plan = Plan::draw(&Store::default(), 4, &Swarm::default());
        for sooner in with_shorter_pauses(&plan).into_iter().step_by(50) {
            // What is made round may come a little later.
            let pairs = sooner.calls.iter().zip(&plan.calls);
            let moved = pairs.map(|(now, before)| i128::from(now.at.0) - i128::from(before.at.0));
            let moves: BTreeSet<_> = moved.filter(|by| *by != 0).collect();
            assert!(moves.len() <= 1, "{moves:?}");
            assert!(sooner.calls.is_sorted_by_key(|planned| planned.at));
        }
    }

    #[test]
    fn a_span_becomes_shorter_or_rounder() {
        assert_eq!(shorter(MILLISECOND), [0]);
        assert!(shorter(0).is_empty());
        let (odd, ten) = (10 * MILLISECOND + 1, 10 * MILLISECOND);
        assert_eq!(shorter(odd), [0, MILLISECOND, ten, 11 * MILLISECOND]);
    }
}
