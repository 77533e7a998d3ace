//! Faults, as values: what goes wrong, where, from when and for how long.
//!
//! A schedule is an explicit list of [`Scheduled`] faults. A run is a function of its seed and
//! that list, and the list is all that a swarm draws of its faults; so any fault can be taken out
//! of it, or moved, and the run repeated. Each fault draws from a stream of its own, keyed by its
//! id, which it keeps for that reason.
//!
//! Faults of the network look at each message on its way and may change its [`Passage`]. Faults of
//! nodes change the world when they begin, and change it back when they end.

pub mod crash;
pub mod cut;
pub mod delay;
pub mod drift;
pub mod drop;
pub mod duplicate;
pub mod jump;
pub mod partition;
pub mod pause;
pub mod reorder;
pub mod scope;
pub mod sever;

use std::fmt;
use std::time::Duration;

pub use crash::Crash;
pub use cut::Cut;
pub use delay::Delay;
pub use drift::Drift;
pub use drop::Drop;
pub use duplicate::Duplicate;
pub use jump::Jump;
pub use partition::Partition;
pub use pause::Pause;
pub use reorder::Reorder;
pub use scope::Scope;
pub use sever::Sever;

use crate::budget;
use crate::random::Stream;
use crate::time::Time;
use crate::world::World;
use crate::world::event::Hop;

/// A fault with its place in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Tells it from the others of its schedule, and stays its own when those are taken away.
    pub id: u32,
    /// When it begins.
    pub at: Time,
    /// How long it lasts.
    pub lasts: Duration,
    /// What goes wrong.
    pub fault: Fault,
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Messages are lost.
    Drop(Drop),
    /// Messages are late.
    Delay(Delay),
    /// Messages overtake each other.
    Reorder(Reorder),
    /// Messages arrive twice.
    Duplicate(Duplicate),
    /// Nothing gets through in one direction.
    Cut(Cut),
    /// Nothing gets through between two groups of nodes.
    Partition(Partition),
    /// Links break, and are made again.
    Sever(Sever),
    /// A node loses its memory.
    Crash(Crash),
    /// A node does nothing for a while.
    Pause(Pause),
    /// A wall clock is set to another time.
    Jump(Jump),
    /// A clock runs too fast or too slow.
    Drift(Drift),
}

/// Kinds of faults, without their particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is explained at the fault of its name")]
pub enum Kind {
    Drop,
    Delay,
    Reorder,
    Duplicate,
    Cut,
    Partition,
    Sever,
    Crash,
    Pause,
    Jump,
    Drift,
}

/// What becomes of one message on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Whether it is lost.
    pub is_lost: bool,
    /// How much later than usual it arrives.
    pub late_by: Duration,
    /// Whether it need not wait for those sent before it, nor those after it for it.
    pub may_overtake: bool,
    /// How long after it the same message arrives again, if it does.
    pub again_after: Option<Duration>,
}

/// What came of a fault's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is there now.
    Yes,
    /// It would have broken what no system of this kind survives, and was left out.
    OverBudget,
}

impl Fault {
    /// Lets it begin, if the world can bear it.
    pub fn begin(&self, id: u32, world: &mut World) -> Begun {
        match self {
            Self::Crash(crash) if !budget::allows_crash(world, crash.node) => {
                return Begun::OverBudget;
            }
            Self::Crash(crash) => crash.begin(world),
            Self::Pause(pause) => pause.begin(world),
            Self::Sever(sever) => sever.begin(world),
            Self::Jump(jump) => jump.begin(world),
            Self::Drift(drift) => drift.begin(world),
            Self::Drop(_)
            | Self::Delay(_)
            | Self::Reorder(_)
            | Self::Duplicate(_)
            | Self::Cut(_)
            | Self::Partition(_) => world.meddle(id, self.clone()),
        }
        Begun::Yes
    }

    /// Lets it end.
    pub fn end(&self, id: u32, world: &mut World) {
        match self {
            Self::Crash(crash) => crash.end(world),
            Self::Pause(pause) => pause.end(world),
            Self::Sever(_) => {}
            Self::Jump(jump) => jump.end(world),
            Self::Drift(drift) => drift.end(world),
            Self::Drop(_)
            | Self::Delay(_)
            | Self::Reorder(_)
            | Self::Duplicate(_)
            | Self::Cut(_)
            | Self::Partition(_) => world.cease(id),
        }
    }

    /// Does to a message on its way over `hop` what is to be done.
    pub fn touch(&self, hop: Hop, stream: &mut Stream, passage: &mut Passage) {
        match self {
            Self::Drop(drop) => drop.touch(hop, stream, passage),
            Self::Delay(delay) => delay.touch(hop, stream, passage),
            Self::Reorder(reorder) => reorder.touch(hop, stream, passage),
            Self::Duplicate(duplicate) => duplicate.touch(hop, stream, passage),
            Self::Cut(_) | Self::Partition(_) => passage.is_lost |= self.cuts(hop),
            Self::Sever(_) | Self::Crash(_) | Self::Pause(_) | Self::Jump(_) | Self::Drift(_) => {}
        }
    }

    /// Whether nothing gets over `hop` while it lasts.
    #[must_use]
    pub fn cuts(&self, hop: Hop) -> bool {
        match self {
            Self::Cut(cut) => cut.hop == hop,
            Self::Partition(partition) => partition.separates(hop),
            Self::Drop(_)
            | Self::Delay(_)
            | Self::Reorder(_)
            | Self::Duplicate(_)
            | Self::Sever(_)
            | Self::Crash(_)
            | Self::Pause(_)
            | Self::Jump(_)
            | Self::Drift(_) => false,
        }
    }

    /// Which kind of fault it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Drop(_) => Kind::Drop,
            Self::Delay(_) => Kind::Delay,
            Self::Reorder(_) => Kind::Reorder,
            Self::Duplicate(_) => Kind::Duplicate,
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

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Drop,
        Self::Delay,
        Self::Reorder,
        Self::Duplicate,
        Self::Cut,
        Self::Partition,
        Self::Sever,
        Self::Crash,
        Self::Pause,
        Self::Jump,
        Self::Drift,
    ];

    /// Its name, as schedules have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::Duplicate => "duplicate",
            Self::Cut => "cut",
            Self::Partition => "partition",
            Self::Sever => "sever",
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Jump => "jump",
            Self::Drift => "drift",
        }
    }

    /// Whether messages, or what replicas know of them, may be lost by it.
    #[must_use]
    pub fn loses_messages(self) -> bool {
        match self {
            Self::Drop | Self::Cut | Self::Partition | Self::Sever | Self::Crash => true,
            Self::Delay
            | Self::Reorder
            | Self::Duplicate
            | Self::Pause
            | Self::Jump
            | Self::Drift => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().as_str();
        match self {
            Self::Drop(drop) => write!(f, "{kind} {drop}"),
            Self::Delay(delay) => write!(f, "{kind} {delay}"),
            Self::Reorder(reorder) => write!(f, "{kind} {reorder}"),
            Self::Duplicate(duplicate) => write!(f, "{kind} {duplicate}"),
            Self::Cut(cut) => write!(f, "{kind} {cut}"),
            Self::Partition(partition) => write!(f, "{kind} {partition}"),
            Self::Sever(sever) => write!(f, "{kind} {sever}"),
            Self::Crash(crash) => write!(f, "{kind} {crash}"),
            Self::Pause(pause) => write!(f, "{kind} {pause}"),
            Self::Jump(jump) => write!(f, "{kind} {jump}"),
            Self::Drift(drift) => write!(f, "{kind} {drift}"),
        }
    }
}

impl fmt::Display for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, at, lasts, fault } = self;
        write!(f, "{id} at {at} for {}: {fault}", Time::ZERO + *lasts)
    }
}
