//! How far a shard's replicas are, and what is being moved.

use std::time::Duration;

use crate::actor::{Instant, Now, Outbox};
use crate::standing::{Progress, Report};
use crate::transfer::{Counters, Transfer};
use crate::wiring::ShardOut;
use crate::wiring::shard::Shard;

/// How often it is said how much the replicas hold, while that changes.
const BYTES_PAUSE: Duration = Duration::from_millis(500);

/// What was said last, and when there may be more to say.
#[derive(Default)]
pub(super) struct Said {
    progress: Progress,
    bytes_at: Option<Instant>,
}

impl Said {
    /// How many replicas were to have what they did not have yet.
    pub fn pending(&self) -> usize {
        self.progress.pending as usize
    }

    /// When the bytes are to be looked at again.
    pub fn deadline(&self) -> Option<Instant> {
        self.bytes_at
    }
}

impl Shard {
    /// How far its replicas are under the ring that it knows.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = Progress { epoch: self.epoch(), ..Progress::default() };
        for replica in self.replicas.iter().flatten() {
            progress.pending += u32::from(replica.is_pending());
            progress.strays += u32::from(replica.is_stray());
            progress.bytes += replica.stats().bytes;
        }
        progress
    }

    /// What is being moved, by partition.
    #[must_use]
    pub fn transfers(&self) -> Vec<Transfer> {
        let mut transfers: Vec<_> =
            self.copying.transfers().chain(self.drain.transfers()).collect();
        transfers.sort_by_key(|transfer| (transfer.partition, transfer.kind));
        transfers
    }

    /// What was moved so far.
    #[must_use]
    pub fn transferred(&self) -> Counters {
        let mut sum = self.counters;
        sum.add(self.copying.counters());
        sum.add(self.drain.counters());
        sum
    }

    /// Says how far the replicas are when that has changed. Their bytes ride along, or are said
    /// now and then while anything happens.
    pub(super) fn report(&mut self, now: Now, out: &mut Outbox<ShardOut>) {
        if self.ring.is_none() {
            self.said.bytes_at = None;
            return;
        }
        let is_due = self.said.bytes_at.is_some_and(|at| at <= now.tick);
        if is_due || self.has_moved {
            self.has_moved = false;
            self.said.bytes_at = None;
            let progress = self.progress();
            if progress != self.said.progress {
                self.said.progress = progress;
                out.push(ShardOut::Report(Report::Progress(progress)));
            }
        }
    }

    /// Takes note that something happened that may have changed how much the replicas hold.
    pub(super) fn look_at_bytes_later(&mut self, now: Now) {
        if self.said.bytes_at.is_none() {
            self.said.bytes_at = Some(now.tick + BYTES_PAUSE);
        }
    }
}
