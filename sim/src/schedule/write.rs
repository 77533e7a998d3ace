//! Writing schedules.

use peer_ring_core::coordinator;
use peer_ring_core::ring::Strategy;
use peer_ring_proto::hello::Protocols;

use crate::plan::{Patience, Plan, Planned};
use crate::random::Chance;
use crate::schedule::span::Span;
use crate::schedule::{Schedule, VERSION, cluster};
use crate::subject::Subject;
use crate::time::Time;
use crate::world::NodeIndex;

/// The schedule as text.
#[must_use]
pub fn write<S: Subject>(subject: &S, schedule: &Schedule<S>) -> String {
    let Schedule { plan, found } = schedule;
    let Plan { seed, settings, cluster, patience, calls, faults, heal, switches, rise } = plan;
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
    if cluster.ring.strategy != Strategy::default() {
        lines.push(format!("strategy {}", cluster.ring.strategy));
    }
    if cluster.coordinator.inflight_max != coordinator::Settings::default().inflight_max {
        lines.push(format!("room {}", cluster.coordinator.inflight_max));
    }
    lines.extend(cluster::write(cluster));
    let nodes = (0..cluster.nodes).map(NodeIndex);
    let older = nodes.zip(&cluster.wire).filter(|(_, wire)| **wire != Protocols::OURS);
    lines.extend(older.map(|(node, wire)| format!("wire {node} {} to {}", wire.min, wire.max)));
    lines.extend(switches.iter().map(|(mark, per_mille)| {
        format!("switch {mark} {}", Chance::ppm(u32::from(*per_mille) * 1_000))
    }));
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
