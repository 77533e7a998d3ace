//! Where shards show how far their replicas are, for whoever asks the node whether it is ready.

use std::sync::{Mutex, PoisonError};

use peer_ring_core::id::Epoch;
use peer_ring_core::standing::Progress;

/// How far the replicas of each shard are, as it said last.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Vec<Progress>>);

impl Board {
    /// A board for so many shards, none of which has said anything.
    pub fn new(shards: u8) -> Self {
        Self(Mutex::new(vec![Progress::default(); shards.into()]))
    }

    /// Shows how far a shard is.
    pub fn show(&self, shard: u8, progress: Progress) {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board[usize::from(shard)] = progress;
    }

    /// How far the node is with this ring; `None` while a shard has not spoken of it yet.
    pub fn at(&self, epoch: Epoch) -> Option<Progress> {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Progress { epoch, ..Progress::default() };
        for progress in &*board {
            if progress.epoch != epoch {
                return None;
            }
            sum.pending += progress.pending;
            sum.strays += progress.strays;
            sum.bytes += progress.bytes;
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_as_far_as_all_its_shards_under_one_ring() {
        let board = Board::new(2);
        let progress =
            |epoch, pending| Progress { epoch: Epoch(epoch), pending, ..Progress::default() };
        board.show(0, progress(1, 2));
        assert_eq!(board.at(Epoch(1)), None, "the other has said nothing");
        board.show(1, progress(1, 3));
        assert_eq!(board.at(Epoch(1)), Some(progress(1, 5)));
        board.show(0, progress(2, 0));
        assert_eq!(board.at(Epoch(2)), None, "the other is behind");
    }
}
