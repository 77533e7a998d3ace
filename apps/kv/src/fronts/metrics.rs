//! What a front counts: connections, bytes, commands by name and outcome, and how long they took.
//!
//! Connections count for themselves, in a [`Tally`], and hand over what they counted once a turn:
//! the counters here are shared by all threads, and a touch of theirs costs as much as a lookup.

mod shown;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peer_ring::LATENCY_BOUNDS_US;

pub(crate) use shown::Shown;

const BUCKETS: usize = LATENCY_BOUNDS_US.len() + 1;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// The client had asked for something that cannot be.
    Refused,
    /// The cluster could not do it.
    Failed,
}

/// What a command is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It reads one or more keys.
    Read,
    /// It writes one or more keys.
    Write,
    /// It is about every key there is.
    Sweep,
    /// It never leaves the front.
    Local,
}

/// The name of a front's command, and its class.
pub(crate) type Named = (&'static str, Class);

/// The counters of one front.
pub(crate) struct Metrics {
    front: &'static str,
    commands: Vec<Named>,
    outcomes: Vec<[AtomicU64; 3]>,
    latencies: [Latency; 4],
    open: AtomicU64,
    opened: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

#[derive(Default)]
struct Latency {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Metrics {
    /// Counters for these commands, which are known by their place in the list.
    pub(crate) fn new(front: &'static str, commands: Vec<Named>) -> Self {
        let outcomes = commands.iter().map(|_| Default::default()).collect();
        Self {
            front,
            commands,
            outcomes,
            latencies: Default::default(),
            open: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
        }
    }

    /// Counts a connection for as long as the answer lives.
    pub(crate) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.opened.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// Counts a connection that there was no room for.
    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that was closed for what its client did, or did not do.
    pub(crate) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes from and to clients.
    pub(crate) fn bytes(&self, bytes_in: usize, bytes_out: usize) {
        self.bytes_in.fetch_add(bytes_in as u64, Ordering::Relaxed);
        self.bytes_out.fetch_add(bytes_out as u64, Ordering::Relaxed);
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many connections there have been.
    pub(crate) fn connections_so_far(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// How many connections there was no room for.
    pub(crate) fn refused_so_far(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many commands there have been.
    pub(crate) fn commands_so_far(&self) -> u64 {
        self.outcomes.iter().flatten().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Bytes from and to clients so far.
    pub(crate) fn bytes_so_far(&self) -> (u64, u64) {
        (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed))
    }

    /// Counts one command.
    pub(crate) fn command(&self, command: usize, outcome: Outcome, time: Duration) {
        let mut tally = Tally::default();
        tally.add(self, command, outcome, time);
        tally.hand_over(self);
    }

    fn add(&self, run: &Run) {
        let class = self.commands[run.command].1;
        let latency = &self.latencies[class as usize];
        latency.buckets[run.bucket].fetch_add(run.count, Ordering::Relaxed);
        latency.sum_us.fetch_add(run.sum_us, Ordering::Relaxed);
        let outcomes = &self.outcomes[run.command];
        outcomes[run.outcome as usize].fetch_add(run.count, Ordering::Relaxed);
    }
}

/// A connection, while it is open.
pub(crate) struct Open(Arc<Metrics>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What one connection has counted in this turn: the last run of like commands.
#[derive(Debug, Default)]
pub(crate) struct Tally(Option<Run>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    command: usize,
    outcome: Outcome,
    bucket: usize,
    count: u64,
    sum_us: u64,
}

impl Tally {
    /// Counts one command.
    pub(crate) fn add(
        &mut self,
        metrics: &Metrics,
        command: usize,
        outcome: Outcome,
        time: Duration,
    ) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS_US.partition_point(|bound| *bound < micros);
        let like = |run: &&mut Run| {
            run.command == command && run.outcome == outcome && run.bucket == bucket
        };
        if let Some(run) = self.0.as_mut().filter(like) {
            run.count += 1;
            run.sum_us = run.sum_us.saturating_add(micros);
            return;
        }
        self.hand_over(metrics);
        self.0 = Some(Run { command, outcome, bucket, count: 1, sum_us: micros });
    }

    /// Adds what was counted to what all others have.
    pub(crate) fn hand_over(&mut self, metrics: &Metrics) {
        if let Some(run) = self.0.take() {
            metrics.add(&run);
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    fn shown(metrics: &Arc<Metrics>) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Shown(vec![Arc::clone(metrics)])));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn commands_are_shown_by_name_outcome_and_class() {
        let commands = vec![("get", Class::Read), ("set", Class::Write)];
        let metrics = Arc::new(Metrics::new("redis", commands));
        let mut tally = Tally::default();
        tally.add(&metrics, 0, Outcome::Done, Duration::from_micros(7));
        tally.add(&metrics, 0, Outcome::Done, Duration::from_micros(8));
        assert!(!shown(&metrics).contains("command=\"get\""));
        tally.add(&metrics, 1, Outcome::Failed, Duration::from_secs(90));
        tally.hand_over(&metrics);
        let text = shown(&metrics);
        for line in [
            r#"kv_commands_total{front="redis",command="get",outcome="done"} 2"#,
            r#"kv_commands_total{front="redis",command="set",outcome="failed"} 1"#,
            r#"kv_command_seconds_bucket{le="0.00001",front="redis",class="read"} 2"#,
            r#"kv_command_seconds_bucket{le="+Inf",front="redis",class="write"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }

    #[test]
    fn a_connection_counts_while_it_is_open() {
        let metrics = Arc::new(Metrics::new("http", Vec::new()));
        let open = metrics.open();
        assert!(shown(&metrics).contains(r#"kv_connections{front="http"} 1"#));
        drop(open);
        assert!(shown(&metrics).contains(r#"kv_connections{front="http"} 0"#));
        assert_eq!(metrics.connections_so_far(), 1);
    }
}
