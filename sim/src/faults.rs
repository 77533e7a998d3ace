//! Faults, as values: what goes wrong, where, from when and for how long.
//!
//! A schedule is an explicit list of [`Scheduled`] faults. A run is a function of its seed and
//! that list, and the list is all that a swarm draws of its faults; so any fault can be taken out
//! of it, or moved, and the run repeated. Each fault draws from a stream of its own, keyed by its
//! id, which it keeps for that reason.
//!
//! What a fault does is said in the file of its name, by [`Meddle`]: one of the network looks at
//! each message on its way and may change its [`Passage`]; one of a node changes the world when it
//! begins, and changes it back when it ends.

pub mod corrupt;
pub mod crash;
pub mod cut;
pub mod delay;
pub mod drift;
pub mod drop;
pub mod duplicate;
pub mod jump;
pub mod kind;
pub mod partition;
pub mod pause;
pub mod reorder;
pub mod scope;
pub mod sever;

use std::fmt;
use std::time::Duration;

pub use corrupt::{Corrupt, Damage};
pub use crash::Crash;
pub use cut::Cut;
pub use delay::Delay;
pub use drift::Drift;
pub use drop::Drop;
pub use duplicate::Duplicate;
pub use jump::Jump;
pub use kind::Kind;
pub use partition::Partition;
pub use pause::Pause;
pub use reorder::Reorder;
pub use scope::Scope;
pub use sever::Sever;

use crate::random::Stream;
use crate::schedule::span::Span;
use crate::schedule::words::{Words, Wrong};
use crate::time::Time;
use crate::world::{Hop, Letter, World};

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
    /// Messages are changed on their way.
    Corrupt(Corrupt),
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

/// What a fault does.
pub trait Meddle {
    /// Does to the world what is to be done when it begins, if the world can bear it.
    fn begin(&self, _: &mut World) -> Begun {
        Begun::Yes
    }

    /// Does to the world what is to be done when it ends.
    fn end(&self, _: &mut World) {}

    /// Does to a message on its way what is to be done.
    fn touch(&self, _: Letter, _: &mut Stream, _: &mut Passage) {}

    /// Whether nothing at all gets over `hop` while it lasts.
    fn cuts(&self, _hop: Hop) -> bool {
        false
    }
}

/// What came of a fault's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is there now.
    Yes,
    /// It would have broken what no system of this kind survives, and was left out.
    OverBudget,
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
    /// How its bytes are changed, if they are.
    pub damage: Option<Damage>,
}

impl Fault {
    /// Lets it begin, if the world can bear it.
    pub fn begin(&self, id: u32, world: &mut World) -> Begun {
        let begun = self.meddler().begin(world);
        if begun == Begun::Yes {
            world.meddle(id, self.clone());
        }
        begun
    }

    /// Lets one that has begun end.
    pub fn end(&self, id: u32, world: &mut World) {
        world.cease(id);
        self.meddler().end(world);
    }

    /// The fault that these words say: its kind's name, and what is to be said of it.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        Ok(match Kind::read(words)? {
            Kind::Drop => Self::Drop(Drop::read(words)?),
            Kind::Delay => Self::Delay(Delay::read(words)?),
            Kind::Reorder => Self::Reorder(Reorder::read(words)?),
            Kind::Duplicate => Self::Duplicate(Duplicate::read(words)?),
            Kind::Corrupt => Self::Corrupt(Corrupt::read(words)?),
            Kind::Cut => Self::Cut(Cut::read(words)?),
            Kind::Partition => Self::Partition(Partition::read(words)?),
            Kind::Sever => Self::Sever(Sever::read(words)?),
            Kind::Crash => Self::Crash(Crash::read(words)?),
            Kind::Pause => Self::Pause(Pause::read(words)?),
            Kind::Jump => Self::Jump(Jump::read(words)?),
            Kind::Drift => Self::Drift(Drift::read(words)?),
        })
    }

    /// What it does.
    #[must_use]
    pub fn meddler(&self) -> &dyn Meddle {
        match self {
            Self::Drop(drop) => drop,
            Self::Delay(delay) => delay,
            Self::Reorder(reorder) => reorder,
            Self::Duplicate(duplicate) => duplicate,
            Self::Corrupt(corrupt) => corrupt,
            Self::Cut(cut) => cut,
            Self::Partition(partition) => partition,
            Self::Sever(sever) => sever,
            Self::Crash(crash) => crash,
            Self::Pause(pause) => pause,
            Self::Jump(jump) => jump,
            Self::Drift(drift) => drift,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind().as_str())?;
        match self {
            Self::Drop(drop) => drop.fmt(f),
            Self::Delay(delay) => delay.fmt(f),
            Self::Reorder(reorder) => reorder.fmt(f),
            Self::Duplicate(duplicate) => duplicate.fmt(f),
            Self::Corrupt(corrupt) => corrupt.fmt(f),
            Self::Cut(cut) => cut.fmt(f),
            Self::Partition(partition) => partition.fmt(f),
            Self::Sever(sever) => sever.fmt(f),
            Self::Crash(crash) => crash.fmt(f),
            Self::Pause(pause) => pause.fmt(f),
            Self::Jump(jump) => jump.fmt(f),
            Self::Drift(drift) => drift.fmt(f),
        }
    }
}

impl fmt::Display for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, at, lasts, fault } = self;
        let (at, lasts) = (Span(at.since(Time::ZERO)), Span(*lasts));
        write!(f, "#{id} at {at} for {lasts} {fault}")
    }
}
