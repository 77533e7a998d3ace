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

pub mod burst;
pub mod circle;
pub mod corrupt;
pub mod crash;
pub mod cut;
pub mod delay;
pub mod discovery_outage;
pub mod drift;
pub mod drop;
pub mod duplicate;
pub mod evict;
pub mod flap;
pub mod join;
pub mod jump;
pub mod leave;
pub mod partial_discovery;
pub mod partition;
pub mod pause;
pub mod probe_loss;
pub mod reorder;
pub mod replace;
pub mod scope;
pub mod sever;
pub mod slow;
pub mod stale_discovery;
pub mod swizzle;
mod table;
pub mod upgrade;

use std::fmt;
use std::time::Duration;

pub use burst::Burst;
pub use circle::Circle;
pub use corrupt::{Corrupt, Damage};
pub use crash::Crash;
pub use cut::Cut;
pub use delay::Delay;
pub use discovery_outage::DiscoveryOutage;
pub use drift::Drift;
pub use drop::Drop;
pub use duplicate::Duplicate;
pub use evict::Evict;
pub use flap::Flap;
pub use join::Join;
pub use jump::Jump;
pub use leave::Leave;
pub use partial_discovery::PartialDiscovery;
pub use partition::Partition;
pub use pause::Pause;
pub use probe_loss::ProbeLoss;
pub use reorder::Reorder;
pub use replace::Replace;
pub use scope::Scope;
pub use sever::Sever;
pub use slow::Slow;
pub use stale_discovery::StaleDiscovery;
pub use swizzle::Swizzle;
pub use table::{Fault, Kind, WAITING};
pub use upgrade::Upgrade;

use crate::random::Stream;
use crate::schedule::span::Span;
use crate::time::Time;
use crate::world::{Errand, Hop, Letter, World};

/// A fault with its place in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Tells it from the others of its schedule, and stays its own when those are taken away.
    pub id: u32,
    /// When it begins.
    pub at: Time,
    /// What it waits for from then on, before it begins.
    pub during: Option<Errand>,
    /// How long it lasts.
    pub lasts: Duration,
    /// What goes wrong.
    pub fault: Fault,
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
    fn touch(&self, _: Letter, _: &mut Memory, _: &mut Passage) {}

    /// Whether nothing at all gets over `hop` when it has lasted for `age`.
    fn cuts(&self, _hop: Hop, _age: Duration) -> bool {
        false
    }
}

/// What a fault remembers from one message to the next.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What it draws from.
    pub stream: Stream,
    /// When it began.
    pub began: Time,
    /// Until when all room is taken.
    pub busy_until: Time,
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
    /// Whether it does not even leave its node, which is told so.
    pub is_refused: bool,
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
}

impl fmt::Display for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, at, during, lasts, fault } = self;
        write!(f, "#{id} at {} ", Span(at.since(Time::ZERO)))?;
        if let Some(errand) = during {
            write!(f, "during {} ", errand.as_str())?;
        }
        write!(f, "for {} {fault}", Span(*lasts))
    }
}
