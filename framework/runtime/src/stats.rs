//! What a node tells about itself.

use std::time::Duration;

use peer_ring_core::coordinator::Counters;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{NodeId, NodeName};
use peer_ring_core::peer::Lane;
use peer_ring_core::replica::TableStats;
use peer_ring_core::standing::Progress;
use peer_ring_core::transfer;
use peer_ring_proto::WireVersion;

/// The counts of one shard, or the sums of all of a node's.
#[derive(Clone, Debug, Default)]
pub struct ShardStats {
    /// What the replicas hold.
    pub table: TableStats,
    /// What was moved.
    pub moved: transfer::Counters,
    /// Requests under way.
    pub inflight: usize,
    /// What the coordinator counts.
    pub counters: Counters,
    /// Requests that were answered, and how fast.
    pub latency: Latencies,
    /// Requests that failed, by the failure's code.
    pub failures: Vec<(&'static str, u64)>,
}

/// What a node tells about itself.
#[derive(Clone, Debug, Default)]
pub struct NodeStats {
    /// The sums over its shards.
    pub shards: ShardStats,
    /// The ring; all zero while there is none.
    pub ring: RingStats,
    /// Its links.
    pub links: Vec<LinkStats>,
    /// Frames from peers that were changed on their way; each has cost its link.
    pub frames_damaged: u64,
}

/// The ring as one node sees it, and how far the node is with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingStats {
    /// Its number.
    pub epoch: u64,
    /// Whether partitions move.
    pub is_moving: bool,
    /// How many members it has.
    pub members: usize,
    /// How far the node is; `None` while its shards have not all taken the ring in.
    pub progress: Option<Progress>,
    /// Attempts of this node to decide the next one.
    pub decrees_proposed: u64,
    /// Rings that this node has learnt of, each decided once.
    pub decrees_learnt: u64,
}

/// One link of a node.
#[derive(Clone, Debug)]
pub struct LinkStats {
    /// The peer.
    pub peer: NodeName,
    /// The identity of the peer's data.
    pub id: NodeId,
    /// Which of the two streams.
    pub lane: Lane,
    /// Which version of the wire the two speak on it.
    pub wire: WireVersion,
    /// Bytes that wait to be sent.
    pub queued_bytes: usize,
    /// Messages sent so far.
    pub sent: u64,
    /// Messages refused because too much waited.
    pub refused: u64,
}

/// The upper bounds of the buckets of [`Latencies`], in microseconds.
pub const LATENCY_BOUNDS_US: [u64; 20] = [
    5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000,
    500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000,
];

/// A histogram of latencies.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// How many fell into each bucket; the last one has no bound.
    pub buckets: [u64; LATENCY_BOUNDS_US.len() + 1],
    /// Their sum in nanoseconds.
    pub sum_ns: u64,
}

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS_US.partition_point(|bound| *bound < micros);
        self.buckets[bucket] += 1;
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns = self.sum_ns.saturating_add(nanos);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

impl ShardStats {
    /// Counts a failed request.
    pub fn fail(&mut self, failure: &Failure) {
        let code = failure.code();
        match self.failures.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.failures.push((code, 1)),
        }
    }

    /// Adds another shard's.
    pub fn add(&mut self, other: &Self) {
        self.table.add(other.table);
        self.moved.add(other.moved);
        self.inflight += other.inflight;
        self.counters.add(other.counters);
        for (sum, more) in self.latency.buckets.iter_mut().zip(&other.latency.buckets) {
            *sum += more;
        }
        self.latency.sum_ns = self.latency.sum_ns.saturating_add(other.latency.sum_ns);
        for (code, more) in &other.failures {
            match self.failures.iter_mut().find(|(known, _)| known == code) {
                Some((_, count)) => *count += more,
                None => self.failures.push((code, *more)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_first_bucket_that_holds_it() {
        let mut latencies = Latencies::default();
        latencies.add(Duration::from_micros(5));
        latencies.add(Duration::from_micros(6));
        latencies.add(Duration::from_secs(60));
        assert_eq!(latencies.buckets[0], 1);
        assert_eq!(latencies.buckets[1], 1);
        assert_eq!(latencies.buckets[LATENCY_BOUNDS_US.len()], 1);
        assert_eq!(latencies.count(), 3);
    }
}
