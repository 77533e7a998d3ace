//! Kinds of faults, without their particulars: for drawing, counting and naming them.

use crate::faults::Fault;
use crate::schedule::words::{Words, Wrong};

/// Faults that have their name already, and what they wait for.
pub const WAITING: [(&str, &str); 14] = [
    ("unsynced", "disks: a crash that loses what was not synced"),
    ("torn-write", "disks: the last write is cut short by a crash"),
    ("disk-full", "disks: nothing more can be written"),
    ("bit-rot", "disks: what was written reads otherwise"),
    ("slow-disk", "disks: syncs take long"),
    ("lost-disk", "disks: a node comes back empty, under a new identity"),
    ("join", "rings that change: a node joins"),
    ("leave", "rings that change: a node hands over what it has, and goes"),
    ("replace", "rings that change: a node takes another one's seat"),
    ("evict", "rings that change: a node that is down for long loses its seat"),
    ("discovery-outage", "discovery in the simulator: nobody is told anything"),
    ("stale-discovery", "discovery in the simulator: nodes are told what was true once"),
    ("partial-discovery", "discovery in the simulator: nodes are told of some members only"),
    ("suspicion-storm", "gossiped suspicion: losses that strike probes one way"),
];

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

    /// The kind of this name.
    ///
    /// # Errors
    /// There is none, or none yet.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let name = words.word("a kind of fault")?;
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.as_str() == name) {
            return Ok(kind);
        }
        if let Some((_, wanted)) = WAITING.iter().find(|(waiting, _)| *waiting == name) {
            return Err(Wrong(format!("'{name}' is a fault that waits for {wanted}")));
        }
        let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        Err(Wrong(format!("'{name}' is not a fault; there are {}", known.join(", "))))
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

    /// Whether it befalls a node and not a link.
    #[must_use]
    pub fn is_of_node(self) -> bool {
        match self {
            Self::Crash | Self::Pause | Self::Jump | Self::Drift => true,
            Self::Drop
            | Self::Delay
            | Self::Reorder
            | Self::Duplicate
            | Self::Corrupt
            | Self::Cut
            | Self::Partition
            | Self::Sever => false,
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
