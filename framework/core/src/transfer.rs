//! Moving data: its bounds, the pieces in which it moves, and how far it is.

mod asking;
mod gate;
mod pages;
mod turns;

use std::time::Duration;

pub(crate) use asking::{Asking, rest_after};
pub(crate) use gate::{Gate, Trickle};
pub(crate) use pages::{Page, Pages, RETRY_PAUSE};
pub(crate) use turns::Turns;

use crate::id::{PartitionId, Seat};

/// The bounds within which a shard moves data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Most pages that are asked for, or offered, at once.
    pub pages_max: usize,
    /// Most bytes of records that are asked for, or sent, in a second; what foreground work leaves.
    pub bytes_per_second: u64,
    /// How long a peer may be silent before what was asked of it is given up.
    pub timeout: Duration,
    /// While more commands than this are under way here, data only trickles: a page every 100 ms.
    /// Commands that themselves wait, for another ring, do not count.
    pub foreground_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pages_max: 64,
            bytes_per_second: 64 * 1024 * 1024,
            timeout: Duration::from_secs(2),
            foreground_max: 1_024,
        }
    }
}

/// One partition's way to, or from, this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Which partition.
    pub partition: PartitionId,
    /// Why it moves.
    pub kind: Kind,
    /// From whom, or to whom; in order.
    pub peers: Vec<Seat>,
    /// Bytes of keys and values that came, or went, so far.
    pub bytes: u64,
    /// Records that came, or went, so far.
    pub records: u64,
    /// What it waits for, when it does not get on.
    pub waits: Option<Waits>,
}

/// Why a partition moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// This node's replica started without its data.
    Fill,
    /// This node is to own it.
    Join,
    /// This node is to run its owner commands, and asks what its predecessor had acknowledged.
    Lead,
    /// Others own it now, and what this node still holds must be theirs before it goes.
    Drain,
}

impl Kind {
    /// The kind as a lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Join => "join",
            Self::Lead => "lead",
            Self::Drain => "drain",
        }
    }
}

/// Why a transfer does not get on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// This peer does not answer.
    Silent(Seat),
    /// This peer started without its data, too.
    Blank(Seat),
    /// This peer does not know the ring yet.
    OtherRing(Seat),
    /// This peer has too much to do.
    Busy(Seat),
    /// Others are before it.
    Turn,
    /// So many bytes a second are not to be had.
    Limit,
    /// Clients' commands go first.
    Foreground,
}

/// What was moved so far, as numbers that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records that came, known already or not.
    pub records_in: u64,
    /// Bytes of their keys and values.
    pub bytes_in: u64,
    /// Records that went, as pages or because a drain gave them away.
    pub records_out: u64,
    /// Bytes of their keys and values.
    pub bytes_out: u64,
    /// Pages that were the same at both ends.
    pub pages_same: u64,
    /// Pages that were not.
    pub pages_differing: u64,
    /// Pages of a verifying pass that had news.
    pub verify_news: u64,
    /// Tables that were dropped because all their owners hold what was in them.
    pub drained: u64,
    /// Requests for data that were refused because clients' commands go first.
    pub refused_busy: u64,
}

impl Counters {
    /// Adds another one's.
    pub fn add(&mut self, other: Self) {
        self.records_in += other.records_in;
        self.bytes_in += other.bytes_in;
        self.records_out += other.records_out;
        self.bytes_out += other.bytes_out;
        self.pages_same += other.pages_same;
        self.pages_differing += other.pages_differing;
        self.verify_news += other.verify_news;
        self.drained += other.drained;
        self.refused_busy += other.refused_busy;
    }
}
