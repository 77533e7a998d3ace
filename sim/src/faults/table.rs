//! The table of all faults: their names, and what is to be known of each kind.
//!
//! What a fault is and does stands in the file of its name; this is where they meet.

use std::fmt;
use std::ops::RangeInclusive;

use crate::faults::{
    Burst, Circle, Corrupt, Crash, Cut, Delay, DiscoveryOutage, Drift, Drop, Duplicate, Evict,
    Flap, Join, Jump, Leave, Meddle, PartialDiscovery, Partition, Pause, ProbeLoss, Reorder,
    Replace, Sever, Slow, StaleDiscovery, Swizzle, Upgrade,
};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};

/// Faults that have their name already, and what they wait for.
pub const WAITING: [(&str, &str); 6] = [
    ("unsynced", "disks: a crash that loses what was not synced"),
    ("torn-write", "disks: the last write is cut short by a crash"),
    ("disk-full", "disks: nothing more can be written"),
    ("bit-rot", "disks: what was written reads otherwise"),
    ("slow-disk", "disks: syncs take long"),
    ("lost-disk", "disks: a node comes back empty, under a new identity"),
];

/// What is to be known of a kind of fault.
struct Traits {
    name: &'static str,
    /// Whether it befalls a node and not a link.
    is_of_node: bool,
    /// Whether it must end before the cluster can be expected to do all that it promises.
    is_healed: bool,
    /// Whether a replica may miss a write because of it.
    loses_writes: bool,
    /// For how long one lasts that is drawn, in milliseconds.
    lasts_ms: RangeInclusive<u64>,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident { $($traits:tt)* })*) => {
        /// Something that goes wrong.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $fault($fault),)*
        }

        /// Which fault it is, without its particulars.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// What it does.
            #[must_use]
            pub fn meddler(&self) -> &dyn Meddle {
                match self {
                    $(Self::$fault(fault) => fault,)*
                }
            }

            /// Which kind of fault it is.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$fault(_) => Kind::$fault,)*
                }
            }

            /// The fault that these words say: its kind's name, and what is to be said of it.
            ///
            /// # Errors
            /// They say none.
            pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
                match Kind::read(words)? {
                    $(Kind::$fault => $fault::read(words).map(Self::$fault),)*
                }
            }

            /// Any fault of this kind, in a cluster of `nodes` nodes.
            #[must_use]
            pub fn draw(kind: Kind, nodes: u8, stream: &mut Stream) -> Self {
                match kind {
                    $(Kind::$fault => Self::$fault($fault::draw(nodes, stream)),)*
                }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} ", self.kind().as_str())?;
                match self {
                    $(Self::$fault(fault) => fault.fmt(f),)*
                }
            }
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$fault,)*];

            fn traits(self) -> Traits {
                match self {
                    $(Self::$fault => Traits { $($traits)* },)*
                }
            }
        }
    };
}

faults! {
    /// Messages are lost.
    Drop {
        name: "drop",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 100..=4_000,
    }
    /// Messages are late.
    Delay {
        name: "delay",
        is_of_node: false,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 100..=4_000,
    }
    /// Messages overtake each other.
    Reorder {
        name: "reorder",
        is_of_node: false,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 100..=4_000,
    }
    /// Messages arrive twice.
    Duplicate {
        name: "duplicate",
        is_of_node: false,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 100..=4_000,
    }
    /// Messages are changed on their way.
    Corrupt {
        name: "corrupt",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 100..=4_000,
    }
    /// A link has little room: messages queue, and are refused when the queue is full.
    Slow {
        name: "slow",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 100..=4_000,
    }
    /// Probes are lost in one direction, and nothing else is.
    ProbeLoss {
        name: "probe-loss",
        is_of_node: false,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 500..=6_000,
    }
    /// Nothing gets through in one direction.
    Cut {
        name: "cut",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 50..=4_000,
    }
    /// Nothing gets through in one direction, half of the time.
    Flap {
        name: "flap",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 100..=6_000,
    }
    /// Nothing gets through between two groups of nodes.
    Partition {
        name: "partition",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 50..=4_000,
    }
    /// Nodes stand in a circle, and each hears its neighbours only.
    Circle {
        name: "circle",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 50..=4_000,
    }
    /// Nodes are cut off one by one, and let in again in another order.
    Swizzle {
        name: "swizzle",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 1_000..=5_000,
    }
    /// Links break, and are made again.
    Sever {
        name: "sever",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 0..=0,
    }
    /// A node loses its memory.
    Crash {
        name: "crash",
        is_of_node: true,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 10..=3_000,
    }
    /// A node is started again with another version of the wire.
    Upgrade {
        name: "upgrade",
        is_of_node: true,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 10..=1_000,
    }
    /// A node does nothing for a while.
    Pause {
        name: "pause",
        is_of_node: true,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 10..=3_000,
    }
    /// Many ask at once.
    Burst {
        name: "burst",
        is_of_node: true,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 50..=1_500,
    }
    /// A wall clock is set to another time.
    Jump {
        name: "jump",
        is_of_node: true,
        is_healed: false,
        loses_writes: false,
        lasts_ms: 100..=5_000,
    }
    /// A clock runs too fast or too slow.
    Drift {
        name: "drift",
        is_of_node: true,
        is_healed: false,
        loses_writes: false,
        lasts_ms: 1_000..=8_000,
    }
    /// A node starts again with nothing at all.
    Replace {
        name: "replace",
        is_of_node: true,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 10..=3_000,
    }
    /// Discovery tells a node nothing new.
    StaleDiscovery {
        name: "stale-discovery",
        is_of_node: false,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 500..=6_000,
    }
    /// Discovery does not show some nodes to a node.
    PartialDiscovery {
        name: "partial-discovery",
        is_of_node: false,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 500..=6_000,
    }
    /// Discovery tells nobody anything.
    DiscoveryOutage {
        name: "discovery-outage",
        is_of_node: false,
        is_healed: true,
        loses_writes: false,
        lasts_ms: 500..=6_000,
    }
    /// A node starts that was not there.
    Join {
        name: "join",
        is_of_node: true,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 0..=0,
    }
    /// A node hands over what it has, and goes.
    Leave {
        name: "leave",
        is_of_node: true,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 500..=6_000,
    }
    /// A node stays away for so long that it is evicted.
    Evict {
        name: "evict",
        is_of_node: true,
        is_healed: true,
        loses_writes: true,
        lasts_ms: 2_000..=6_000,
    }
}

impl Kind {
    /// Those by which members of a cluster come and go.
    pub const CHURN: [Self; 3] = [Self::Join, Self::Leave, Self::Evict];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.traits().name
    }

    /// Whether it befalls a node and not a link.
    #[must_use]
    pub fn is_of_node(self) -> bool {
        self.traits().is_of_node
    }

    /// Whether it must end before the cluster can be expected to do all that it promises.
    #[must_use]
    pub fn is_healed(self) -> bool {
        self.traits().is_healed
    }

    /// Whether a replica may miss a write because of it.
    #[must_use]
    pub fn loses_writes(self) -> bool {
        self.traits().loses_writes
    }

    /// For how long one lasts that is drawn, in milliseconds.
    #[must_use]
    pub fn lasts_ms(self) -> RangeInclusive<u64> {
        self.traits().lasts_ms
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// There is none, or none yet.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let name = words.word("a kind of fault")?;
        if let Some(kind) = Self::ALL.iter().find(|kind| kind.as_str() == name) {
            return Ok(*kind);
        }
        if let Some((_, wanted)) = WAITING.iter().find(|(waiting, _)| *waiting == name) {
            return Err(Wrong(format!("'{name}' is a fault that waits for {wanted}")));
        }
        let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        Err(Wrong(format!("'{name}' is not a fault; there are {}", known.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_as_it_is_written() {
        let mut stream = Stream::new(1, "test", &[]);
        for kind in Kind::ALL.repeat(50) {
            for nodes in [2, 3, 5] {
                let fault = Fault::draw(kind, nodes, &mut stream);
                let text = fault.to_string();
                let mut words = Words::about(nodes, &text);
                assert_eq!(Fault::read(&mut words), Ok(fault), "{text}");
                assert_eq!(words.end(), Ok(()), "{text}");
            }
        }
    }
}
