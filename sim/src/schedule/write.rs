//! Writing schedules.

use crate::plan::{Patience, Plan, Planned};
use crate::schedule::span::Span;
use crate::schedule::{Schedule, VERSION};
use crate::subject::Subject;
use crate::time::Time;

/// The schedule as text.
#[must_use]
pub fn write<S: Subject>(subject: &S, schedule: &Schedule<S>) -> String {
    let Schedule { plan, found } = schedule;
    let Plan { seed, settings, cluster, patience, calls, faults, heal, rise } = plan;
    let settings = settings.to_string();
    let Patience { timeout, patience } = *patience;
    let latency = &cluster.latency;
    let app = format!("app {} {settings}", subject.name());
    let mut lines = vec![
        format!("peer-ring schedule {VERSION}"),
        app.trim_end().to_owned(),
        format!("seed {seed}"),
        format!(
            "cluster {} nodes {} replicas {} shards",
            cluster.nodes, cluster.ring.replicas, cluster.shards
        ),
        format!(
            "latency {} to {} and {} {} to {}",
            Span(*latency.usual.start()),
            Span(*latency.usual.end()),
            latency.slow,
            Span(*latency.slow_span.start()),
            Span(*latency.slow_span.end())
        ),
        format!("patience {} then {}", Span(timeout), Span(patience)),
        format!("rise {rise}"),
        format!("heal at {}", Span(heal.since(Time::ZERO))),
    ];
    lines.extend(faults.iter().map(|fault| format!("fault {fault}")));
    lines.extend(calls.iter().map(|planned| {
        let Planned { id, client, at, node, call } = planned;
        let (at, call) = (Span(at.since(Time::ZERO)), subject.write_call(call));
        format!("call #{id} client {client} at {at} at {node} {call}")
    }));
    if let Some(found) = found {
        lines.push(format!("found {} {}", found.class.as_str(), found.checker));
    }
    lines.push(String::new());
    lines.join("\n")
}
