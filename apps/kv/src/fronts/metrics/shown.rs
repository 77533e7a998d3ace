//! How the fronts' counters look to a monitoring system.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use peer_ring::LATENCY_BOUNDS_US;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::Metrics;

/// Shows the counters of the fronts to a monitoring system.
#[derive(Clone)]
pub(crate) struct Shown(pub Vec<Arc<Metrics>>);

/// A number of a front's own: its name, what it says, what kind it is, and where it stands.
type Line = (&'static str, &'static str, MetricType, fn(&Metrics) -> &AtomicU64);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|metrics| metrics.front)).finish()
    }
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let lines: [Line; 4] = [
            ("kv_connections", "Clients' connections", MetricType::Gauge, |m| &m.open),
            ("kv_connections_opened", "Connections so far", MetricType::Counter, |m| &m.opened),
            ("kv_connections_refused", "Connections beyond the bound", MetricType::Counter, |m| {
                &m.refused
            }),
            (
                "kv_connections_dropped",
                "Connections closed for their clients' conduct",
                MetricType::Counter,
                |m| &m.dropped,
            ),
        ];
        for (name, help, kind, of) in lines {
            let is_gauge = matches!(kind, MetricType::Gauge);
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for metrics in &self.0 {
                let value = of(metrics).load(Ordering::Relaxed);
                let labels = [("front", metrics.front)];
                let mut line = family.encode_family(&labels)?;
                if is_gauge {
                    line.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX))?;
                } else {
                    counter(&mut line, value)?;
                }
            }
        }
        self.encode_bytes(&mut encoder)?;
        self.encode_commands(&mut encoder)?;
        self.encode_latencies(&mut encoder)
    }
}

impl Shown {
    fn encode_bytes(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Bytes from and to clients";
        let mut family = encoder.encode_descriptor("kv_bytes", help, None, MetricType::Counter)?;
        for metrics in &self.0 {
            let (bytes_in, bytes_out) = metrics.bytes_so_far();
            for (direction, bytes) in [("in", bytes_in), ("out", bytes_out)] {
                let labels = [("front", metrics.front), ("direction", direction)];
                counter(&mut family.encode_family(&labels)?, bytes)?;
            }
        }
        Ok(())
    }

    fn encode_commands(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Commands, and what became of them";
        let mut family =
            encoder.encode_descriptor("kv_commands", help, None, MetricType::Counter)?;
        for metrics in &self.0 {
            for ((command, _), outcomes) in metrics.commands.iter().zip(&metrics.outcomes) {
                for (outcome, count) in ["done", "refused", "failed"].into_iter().zip(outcomes) {
                    let count = count.load(Ordering::Relaxed);
                    if count > 0 {
                        let labels =
                            [("front", metrics.front), ("command", command), ("outcome", outcome)];
                        counter(&mut family.encode_family(&labels)?, count)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn encode_latencies(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "How long commands took, from their last byte read to their reply written";
        let mut family =
            encoder.encode_descriptor("kv_command_seconds", help, None, MetricType::Histogram)?;
        for metrics in &self.0 {
            let classes = ["read", "write", "sweep", "local"];
            for (class, latency) in classes.into_iter().zip(&metrics.latencies) {
                let bounds = LATENCY_BOUNDS_US.iter().map(|&us| us as f64 / 1e6);
                let counts = latency.buckets.iter().map(|count| count.load(Ordering::Relaxed));
                let buckets: Vec<_> = bounds.chain([f64::INFINITY]).zip(counts).collect();
                let count = buckets.iter().map(|(_, count)| count).sum();
                let sum = latency.sum_us.load(Ordering::Relaxed) as f64 / 1e6;
                let labels = [("front", metrics.front), ("class", class)];
                let mut line = family.encode_family(&labels)?;
                line.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
        Ok(())
    }
}

fn counter(line: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    line.encode_counter::<NoLabelSet, _, u64>(&value, None)
}
