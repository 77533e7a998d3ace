//! What a replayed node believes: its ring, its peers, what is under way, and its records.

use std::ops::{Bound, ControlFlow};

use peer_ring_core::record::RecordRef;

use crate::flight::lexicon::shown;
use crate::flight::{Lexicon, Replay, Words};

/// What the node believes now, a line each.
#[must_use]
pub fn lines(replay: &Replay, words: &Words<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let view = replay.control().view();
    lines.push(match &view.ring {
        Some(ring) => format!(
            "ring: epoch {}, {} partitions, {} replicas, fingerprint {:016x}",
            ring.epoch(),
            ring.partitions().count(),
            ring.replicas(),
            ring.fingerprint()
        ),
        None => "ring: none".to_owned(),
    });
    for peer in view.health.peers() {
        let id = peer.id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        lines.push(format!("{}: {}, id {id}", words.name(peer.seat), peer.state.as_str()));
    }
    for (index, shard) in replay.shards().iter().enumerate() {
        let (stats, counters) = (shard.stats(), shard.coordinator().counters());
        lines.push(format!(
            "shard-{index}: {} under way; {} records, {} tombstones, {} bytes; {} replicas blank",
            shard.coordinator().inflight(),
            stats.records,
            stats.tombstones,
            stats.bytes,
            shard.blank()
        ));
        lines.push(format!(
            "shard-{index}: {} forwarded, {} hedged, {} repaired, {} stamped again, {} overloaded",
            counters.forwarded,
            counters.hedged_reads,
            counters.read_repairs,
            counters.restamped_writes,
            counters.overloaded
        ));
    }
    lines
}

/// The node's records under a client's key, a line each.
#[must_use]
pub fn records(replay: &Replay, key: &[u8], lexicon: &dyn Lexicon) -> Vec<String> {
    let mut lines = Vec::new();
    let replicas = replay.shards().iter().flat_map(|shard| shard.replicas());
    for (partition, replica) in replicas {
        replica.table().scan(Bound::Unbounded, &mut |at, record| {
            let said = lexicon.record(at);
            if let Some(said) = said.filter(|said| said.key.as_deref() == Some(key)) {
                lines.push(format!("{} in partition {partition}: {}", said.words, told(record)));
            }
            ControlFlow::Continue(())
        });
    }
    lines
}

fn told(record: RecordRef<'_>) -> String {
    let RecordRef { freshness, value } = record;
    let value = value.map_or_else(|| "deleted".to_owned(), shown);
    let expiry = freshness.expiry().map(|at| format!(", until {} ms", at.0)).unwrap_or_default();
    let version = freshness.version;
    format!("{value}, written by {} at {:016x}{expiry}", version.node, version.stamp.0)
}
