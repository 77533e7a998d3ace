//! Kinds of faults, without their particulars: for drawing, counting and naming them.

use crate::faults::Fault;

/// Which fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is explained at the fault of its name")]
pub enum Kind {
    Drop,
    Delay,
    Reorder,
    Duplicate,
    Corrupt,
    Cut,
    Partition,
    Sever,
    Crash,
    Pause,
    Jump,
    Drift,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Drop,
        Self::Delay,
        Self::Reorder,
        Self::Duplicate,
        Self::Corrupt,
        Self::Cut,
        Self::Partition,
        Self::Sever,
        Self::Crash,
        Self::Pause,
        Self::Jump,
        Self::Drift,
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::Duplicate => "duplicate",
            Self::Corrupt => "corrupt",
            Self::Cut => "cut",
            Self::Partition => "partition",
            Self::Sever => "sever",
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Jump => "jump",
            Self::Drift => "drift",
        }
    }

    /// Whether it must end before the cluster can be expected to do all that it promises.
    #[must_use]
    pub fn is_healed(self) -> bool {
        match self {
            Self::Drop
            | Self::Delay
            | Self::Reorder
            | Self::Duplicate
            | Self::Corrupt
            | Self::Cut
            | Self::Partition
            | Self::Sever
            | Self::Crash
            | Self::Pause => true,
            Self::Jump | Self::Drift => false,
        }
    }

    /// Whether a replica may miss a write because of it.
    #[must_use]
    pub fn loses_writes(self) -> bool {
        match self {
            Self::Drop
            | Self::Corrupt
            | Self::Cut
            | Self::Partition
            | Self::Sever
            | Self::Crash => true,
            Self::Delay
            | Self::Reorder
            | Self::Duplicate
            | Self::Pause
            | Self::Jump
            | Self::Drift => false,
        }
    }
}

impl Fault {
    /// Which kind of fault it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Drop(_) => Kind::Drop,
            Self::Delay(_) => Kind::Delay,
            Self::Reorder(_) => Kind::Reorder,
            Self::Duplicate(_) => Kind::Duplicate,
            Self::Corrupt(_) => Kind::Corrupt,
            Self::Cut(_) => Kind::Cut,
            Self::Partition(_) => Kind::Partition,
            Self::Sever(_) => Kind::Sever,
            Self::Crash(_) => Kind::Crash,
            Self::Pause(_) => Kind::Pause,
            Self::Jump(_) => Kind::Jump,
            Self::Drift(_) => Kind::Drift,
        }
    }
}
