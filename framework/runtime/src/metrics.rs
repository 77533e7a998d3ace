//! What a node shows to a monitoring system.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use peer_ring_core::peer::Lane;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::stats::{LATENCY_BOUNDS_US, LinkStats, NodeStats};

/// The registry of one node: its own metrics and those of its apps.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    latest: Latest,
}

/// The counts that the node's own metrics are made from.
#[derive(Clone, Debug, Default)]
struct Latest(Arc<Mutex<NodeStats>>);

impl Metrics {
    pub(crate) fn new() -> Self {
        let latest = Latest::default();
        let mut registry = Registry::with_prefix("peer_ring");
        registry.register_collector(Box::new(latest.clone()));
        Self { registry: Mutex::new(registry), latest }
    }

    pub(crate) fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn render(&self, stats: NodeStats) -> String {
        *self.latest.0.lock().unwrap_or_else(PoisonError::into_inner) = stats;
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes everything");
        text
    }
}

impl Collector for Latest {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let shards = &stats.shards;
        let mut gauge = |name: &str, help: &str, value: u64| {
            let mut line = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            line.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX))
        };
        gauge("records", "Records with a value", shards.table.records)?;
        gauge("tombstones", "Records that say that there is no value", shards.table.tombstones)?;
        gauge("records_bytes", "Bytes of keys and values", shards.table.bytes)?;
        let ring = stats.ring;
        let progress = ring.progress.unwrap_or_default();
        gauge("replicas_pending", "Replicas that miss data still", progress.pending.into())?;
        let strays = "Replicas of others' partitions that are not handed over yet";
        gauge("replicas_stray", strays, progress.strays.into())?;
        gauge("ring_epoch", "The ring's number, 0 while there is none", ring.epoch)?;
        gauge("ring_moving", "Whether partitions move", ring.is_moving.into())?;
        gauge("ring_members", "Members of the ring", ring.members as u64)?;
        gauge("requests_inflight", "Requests under way", shards.inflight as u64)?;
        let mut counter = |name: &str, help: &str, value: u64| {
            let mut line = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            line.encode_counter::<NoLabelSet, _, u64>(&value, None)
        };
        let counts = shards.counters;
        counter("reads_hedged", "Reads that turned to a spare replica", counts.hedged_reads)?;
        counter("reads_repaired", "Reads that updated stale replicas", counts.read_repairs)?;
        counter("writes_restamped", "Writes stamped anew", counts.restamped_writes)?;
        counter("requests_parked", "Requests that waited for a ring", counts.parked)?;
        counter("requests_forwarded", "Requests handed on to an owner", counts.forwarded)?;
        counter("frames_damaged", "Frames that were changed on their way", stats.frames_damaged)?;
        let moved = shards.moved;
        counter("transfer_bytes_in", "Bytes of records that came", moved.bytes_in)?;
        counter("transfer_bytes_out", "Bytes of records that went", moved.bytes_out)?;
        counter("transfer_records_in", "Records that came", moved.records_in)?;
        counter("transfer_records_out", "Records that went", moved.records_out)?;
        counter("transfer_pages_same", "Pages that both ends had", moved.pages_same)?;
        counter("replicas_drained", "Replicas that were handed over", moved.drained)?;
        counter("decrees_proposed", "Attempts to decide a ring", ring.decrees_proposed)?;
        counter("decrees_learnt", "Rings that this node took in", ring.decrees_learnt)?;
        encode_failures(&mut encoder, &shards.failures)?;
        encode_links(&mut encoder, &stats.links)?;
        let mut line = encoder.encode_descriptor(
            "request_seconds",
            "Requests that were answered, and how long they took",
            None,
            MetricType::Histogram,
        )?;
        let bounds = LATENCY_BOUNDS_US.iter().map(|&us| us as f64 / 1e6);
        let bounds = bounds.chain([f64::MAX]);
        let buckets: Vec<_> = bounds.zip(shards.latency.buckets).collect();
        let (sum, count) = (shards.latency.sum_ns as f64 / 1e9, shards.latency.count());
        line.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

fn encode_failures(
    encoder: &mut DescriptorEncoder<'_>,
    failures: &[(&'static str, u64)],
) -> fmt::Result {
    let help = "Requests that failed, by the failure's code";
    let mut lines =
        encoder.encode_descriptor("requests_failed", help, None, MetricType::Counter)?;
    for (code, count) in failures {
        let labels = [("code", *code)];
        lines.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
    }
    Ok(())
}

fn encode_links(encoder: &mut DescriptorEncoder<'_>, links: &[LinkStats]) -> fmt::Result {
    type Of = fn(&LinkStats) -> u64;
    let lines: [(&str, &str, MetricType, Of); 5] = [
        ("link_up", "Links that stand", MetricType::Gauge, |_| 1),
        ("link_wire_version", "Spoken on the link", MetricType::Gauge, |link| {
            link.wire.number().into()
        }),
        ("link_queue_bytes", "Bytes that wait to be sent", MetricType::Gauge, |link| {
            link.queued_bytes as u64
        }),
        ("link_messages_sent", "Messages sent", MetricType::Counter, |link| link.sent),
        ("link_messages_refused", "Messages refused", MetricType::Counter, |link| link.refused),
    ];
    for (name, help, kind, of) in lines {
        let is_gauge = matches!(kind, MetricType::Gauge);
        let mut family = encoder.encode_descriptor(name, help, None, kind)?;
        for link in links {
            let lane = match link.lane {
                Lane::Foreground => "foreground",
                Lane::Background => "background",
            };
            let labels = [("peer", link.peer.as_str()), ("lane", lane)];
            let mut line = family.encode_family(&labels)?;
            if is_gauge {
                line.encode_gauge(&i64::try_from(of(link)).unwrap_or(i64::MAX))?;
            } else {
                line.encode_counter::<NoLabelSet, _, u64>(&of(link), None)?;
            }
        }
    }
    Ok(())
}
