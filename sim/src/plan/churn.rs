//! Churn: which nodes come later, when others go, and how eagerly the ring follows.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::faults::{Evict, Fault, Join, Kind, Leave, Scheduled};
use crate::plan::draw::millis;
use crate::plan::faults::{SETTLED_AFTER, Swarm};
use crate::random::{Chance, Stream};
use crate::subject::Sizes;
use crate::time::Time;
use crate::world::{Errand, NodeIndex};

/// How much longer than their patience some are away that are to be evicted.
const EVICTED_MS: std::ops::RangeInclusive<u64> = 300..=2_500;

/// Draws what concerns those who come and go: who that is, and what the others do about it.
pub(super) fn settle(cluster: &mut Cluster, sizes: Sizes, stream: &mut Stream) {
    let mut nodes: Vec<_> = (0..sizes.nodes).map(NodeIndex).collect();
    stream.shuffle(&mut nodes);
    cluster.spares = nodes.split_off(sizes.founders.into()).into_iter().collect();
    let discovery = *stream.pick(&[0, 10, 100]);
    cluster.discovery.within = Duration::from_millis(discovery);
    let disk_ms = *stream.pick(&[1, 5, 50]);
    let has_disk = stream.below(3) == 0;
    cluster.disk = has_disk.then(|| Duration::from_micros(100)..=Duration::from_millis(disk_ms));
    let (settle_delay, patience) = (millis(100..=1_000, stream), millis(200..=1_000, stream));
    let evict_after = (stream.below(2) == 0).then(|| millis(1_000..=3_000, stream));
    let pages_max = *stream.pick(&[64, 64, 4, 1]);
    let bytes_per_second = *stream.pick(&[64 << 20, 64 << 20, 200_000, 20_000]);
    if !cluster.spares.is_empty() {
        cluster.steward.settle_delay = settle_delay;
        cluster.steward.patience = patience;
        cluster.steward.evict_after = evict_after;
        cluster.transfers.pages_max = pages_max;
        cluster.transfers.bytes_per_second = bytes_per_second;
    }
}

/// Nodes that join, leave, and are evicted, where there are any that come later.
pub(super) fn faults(
    cluster: &Cluster,
    turmoil: Duration,
    swarm: &Swarm,
    is_ruled_out: impl Fn(Kind) -> bool,
    stream: &mut Stream,
) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    if cluster.spares.is_empty() {
        return faults;
    }
    let together = (stream.below(3) == 0).then(|| stream.span(&(Duration::ZERO..=turmoil / 2)));
    for node in cluster.spares.iter().copied() {
        let alone = stream.span(&(Duration::ZERO..=turmoil * 2 / 3));
        let after = together.map_or(alone, |after| after + millis(0..=50, stream));
        let fault = Fault::Join(Join { node });
        let scheduled = scheduled(after, None, Duration::ZERO, fault);
        faults.extend(stream.happens(Chance::percent(85)).then_some(scheduled));
    }
    for _ in 0..*stream.pick(&[0, 1, 1, 2, 3]) {
        let fault = Fault::Leave(Leave::draw(cluster.nodes, stream));
        let lasts = millis(Kind::Leave.lasts_ms(), stream);
        faults.push(at_any_time(turmoil, lasts, fault, stream));
    }
    for _ in 0..*stream.pick(&[0, 1, 1, 2]) {
        let fault = Fault::Evict(Evict::draw(cluster.nodes, stream));
        let longer = millis(EVICTED_MS, stream);
        if let Some(evict_after) = cluster.steward.evict_after {
            faults.push(at_any_time(turmoil, evict_after + longer, fault, stream));
        }
    }
    faults.retain(|scheduled| {
        let kind = scheduled.fault.kind();
        swarm.has(kind) && !is_ruled_out(kind)
    });
    faults
}

/// Something at any time, or just when something is going on.
fn at_any_time(turmoil: Duration, lasts: Duration, fault: Fault, stream: &mut Stream) -> Scheduled {
    let after = stream.span(&(Duration::ZERO..=turmoil));
    let errand = *stream.pick(&Errand::ALL);
    let during = (stream.below(4) == 0).then_some(errand);
    scheduled(after, during, lasts, fault)
}

fn scheduled(after: Duration, during: Option<Errand>, lasts: Duration, fault: Fault) -> Scheduled {
    let at = Time::ZERO + SETTLED_AFTER + after;
    Scheduled { id: 0, at, during, lasts, fault }
}
