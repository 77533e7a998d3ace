//! Plans that are smaller in other ways: fewer nodes, fewer clients, a plainer network.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cluster::Latency;
use crate::faults::Fault;
use crate::plan::{Plan, Planned};
use crate::random::Chance;
use crate::subject::Subject;
use crate::world::NodeIndex;

/// The same on fewer nodes, the fewest first. Whatever befalls a node that is not there any more
/// does not happen, and who asked it asks another one.
pub(super) fn with_fewer_nodes<S: Subject>(subject: &S, plan: &Plan<S>) -> Vec<Plan<S>> {
    (1..plan.cluster.nodes)
        .filter_map(|nodes| {
            let settings = subject.fit(&plan.settings, nodes)?;
            let mut smaller = Plan { settings, ..plan.clone() };
            smaller.cluster.nodes = nodes;
            smaller.faults.retain(|fault| fits(&fault.fault, nodes));
            for planned in &mut smaller.calls {
                planned.node = NodeIndex(planned.node.0 % nodes);
            }
            Some(smaller)
        })
        .collect()
}

/// Whether a fault is about these nodes alone.
fn fits(fault: &Fault, nodes: u8) -> bool {
    use crate::schedule::words::Words;
    Fault::read(&mut Words::about(nodes, &fault.to_string())).is_ok()
}

/// One client for each call that is under way at once; and all calls made by one.
pub(super) fn with_fewer_clients<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let renumbered = |number: &mut dyn FnMut(u32) -> u32| {
        let calls = plan.calls.iter().map(|planned| {
            let client = number(planned.client);
            Planned { client, ..planned.clone() }
        });
        Plan { calls: calls.collect(), ..plan.clone() }
    };
    let mut numbers = BTreeMap::new();
    let compact = renumbered(&mut |client| {
        let next = u32::try_from(numbers.len()).expect("a few clients");
        *numbers.entry(client).or_insert(next)
    });
    vec![compact, renumbered(&mut |_| 0)]
}

/// The same with one shard, with messages that all take as long, with plain patience; and healed
/// as soon as all has happened.
pub(super) fn without_extras<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let mut smaller = Vec::new();
    let mut push = |change: &dyn Fn(&mut Plan<S>)| {
        let mut plan = plan.clone();
        change(&mut plan);
        smaller.push(plan);
    };
    let millisecond = Duration::from_millis(1);
    let even = Latency {
        usual: millisecond..=millisecond,
        slow: Chance::NEVER,
        slow_span: millisecond..=millisecond,
    };
    push(&|plan| plan.rise = 1);
    push(&|plan| plan.cluster.shards = 1);
    push(&|plan| plan.cluster.latency = even.clone());
    push(&|plan| {
        plan.rise = 1;
        plan.cluster.shards = 1;
        plan.cluster.latency = even.clone();
    });
    smaller
}
