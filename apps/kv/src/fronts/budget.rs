//! How much memory the connections of one front may hold together.
//!
//! Each connection is bounded by itself, but there are many of them. What is small does not count,
//! so that connections with small requests share nothing and wait for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A connection that holds less than this holds nothing.
const SMALL_BYTES: usize = 64 * 1024;

/// What all connections may hold together.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_max: usize,
    bytes: AtomicUsize,
}

/// What one connection holds of it.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

/// Others hold too much for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Budget {
    /// So many bytes for all together.
    pub(crate) fn new(bytes_max: u32) -> Arc<Self> {
        Arc::new(Self { bytes_max: bytes_max as usize, bytes: AtomicUsize::new(0) })
    }

    /// A share of nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0 }
    }
}

impl Share {
    /// Makes this share so large, if there is room; else it is left as it is.
    #[inline]
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let bytes = if bytes < SMALL_BYTES { 0 } else { bytes };
        if bytes <= self.bytes {
            if bytes < self.bytes {
                self.budget.bytes.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
                self.bytes = bytes;
            }
            return Ok(());
        }
        let more = bytes - self.bytes;
        let before = self.budget.bytes.fetch_add(more, Ordering::Relaxed);
        if before + more > self.budget.bytes_max {
            self.budget.bytes.fetch_sub(more, Ordering::Relaxed);
            return Err(NoRoom);
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_together_hold_no_more_than_the_budget() {
        let budget = Budget::new(1_000_000);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert_eq!(one.resize(700_000), Ok(()));
        assert_eq!(other.resize(700_000), Err(NoRoom));
        assert_eq!(other.resize(300_000), Ok(()));
        assert_eq!(one.resize(800_000), Err(NoRoom));
        drop(other);
        assert_eq!(one.resize(800_000), Ok(()));
        assert_eq!(one.resize(0), Ok(()));
        assert_eq!(budget.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_small_needs_no_room() {
        let budget = Budget::new(1);
        assert_eq!(budget.share().resize(SMALL_BYTES - 1), Ok(()));
        assert_eq!(budget.share().resize(SMALL_BYTES), Err(NoRoom));
    }
}
