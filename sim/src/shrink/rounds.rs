//! Round times: what happened at 1.304512345s happens at 1.3s, or at 1s.

use std::time::Duration;

use crate::plan::Plan;
use crate::subject::Subject;
use crate::time::Time;

/// What times are made multiples of, the roughest first, in nanoseconds.
const GRAINS: [u64; 4] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000];

/// Lets `test` try to make each time of the plan round, as roughly as it can be.
pub(super) fn round<S: Subject>(
    plan: &Plan<S>,
    mut test: impl FnMut(&dyn Fn(&mut Plan<S>)) -> bool,
) {
    for grain in GRAINS {
        let all = |plan: &mut Plan<S>| {
            plan.calls.iter_mut().for_each(|planned| planned.at = time(planned.at, grain));
            for fault in &mut plan.faults {
                fault.at = time(fault.at, grain);
                fault.lasts = span(fault.lasts, grain);
            }
        };
        if test(&all) {
            break;
        }
    }
    for grain in GRAINS {
        if test(&|plan: &mut Plan<S>| plan.heal = Time(plan.heal.0.next_multiple_of(grain))) {
            break;
        }
    }
    for at in 0..plan.calls.len() {
        let _ = GRAINS.into_iter().any(|grain| {
            test(&|plan: &mut Plan<S>| plan.calls[at].at = time(plan.calls[at].at, grain))
        });
    }
    for at in 0..plan.faults.len() {
        let _ = GRAINS.into_iter().any(|grain| {
            test(&|plan: &mut Plan<S>| plan.faults[at].at = time(plan.faults[at].at, grain))
        });
        let _ = GRAINS.into_iter().any(|grain| {
            test(&|plan: &mut Plan<S>| plan.faults[at].lasts = span(plan.faults[at].lasts, grain))
        });
    }
}

fn time(time: Time, grain: u64) -> Time {
    Time(time.0 / grain * grain)
}

/// Rounded up: a fault that lasts for no time is none.
fn span(span: Duration, grain: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX / 2);
    Duration::from_nanos(nanos.next_multiple_of(grain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_rounded_down_and_spans_up() {
        assert_eq!(time(Time(1_304_512_345), 100_000_000), Time(1_300_000_000));
        assert_eq!(span(Duration::from_millis(304), 100_000_000), Duration::from_millis(400));
        assert_eq!(span(Duration::ZERO, 100_000_000), Duration::ZERO);
    }
}
