//! Which faults a swarm draws from, and drawing them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::faults::{
    Corrupt, Crash, Cut, Delay, Drift, Drop, Duplicate, Fault, Jump, Kind, Partition, Pause,
    Reorder, Scheduled, Sever,
};
use crate::plan::draw::millis;
use crate::random::{Chance, Stream};
use crate::time::Time;
use crate::world::NodeIndex;

/// Faults begin after this: by then a cluster is whole.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// The kinds of faults that runs draw from: all of them, unless told otherwise.
///
/// What is drawn of one kind does not depend on which others are among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swarm {
    kinds: BTreeSet<Kind>,
}

impl Default for Swarm {
    fn default() -> Self {
        Self { kinds: Kind::ALL.into() }
    }
}

impl Swarm {
    /// Only these kinds.
    #[must_use]
    pub fn only(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect() }
    }

    /// No faults at all.
    #[must_use]
    pub fn none() -> Self {
        Self::only([])
    }

    /// All of these but one.
    #[must_use]
    pub fn without(mut self, kind: Kind) -> Self {
        self.kinds.remove(&kind);
        self
    }

    /// Whether a kind is among them.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

pub(super) fn draw(
    nodes: u8,
    turmoil: Duration,
    swarm: &Swarm,
    is_ruled_out: impl Fn(Kind) -> bool,
    stream: &mut Stream,
) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    skew_clocks(nodes, swarm, stream, &mut faults);
    let is_calm = stream.below(12) == 0;
    let share = *stream.pick(&[10, 25, 50]);
    // Faults that come together meet more often than those that come at any time.
    let together = (stream.below(3) == 0).then(|| stream.span(&(Duration::ZERO..=turmoil)));
    for kind in Kind::ALL {
        // A node by itself has no links to be hurt.
        if nodes < 2 && !kind.is_of_node() {
            continue;
        }
        let is_on = stream.happens(Chance::percent(share));
        for _ in 0..stream.within(1..=4) {
            let scheduled = draw_one(kind, nodes, turmoil, together, stream);
            if is_on && !is_calm && swarm.has(kind) && !is_ruled_out(kind) {
                faults.push(scheduled);
            }
        }
    }
    for (id, fault) in (0..).zip(&mut faults) {
        fault.id = id;
    }
    faults
}

/// Clocks that never were right, in every other run.
fn skew_clocks(nodes: u8, swarm: &Swarm, stream: &mut Stream, faults: &mut Vec<Scheduled>) {
    let most_ms = *stream.pick(&[0, 0, 3, 5_000]);
    for node in (0..nodes).map(NodeIndex) {
        let by_ms = stream.within(0..=2 * most_ms).cast_signed() - most_ms.cast_signed();
        if by_ms != 0 && swarm.has(Kind::Jump) {
            let fault = Fault::Jump(Jump { node, by_ms });
            faults.push(Scheduled { id: 0, at: Time::ZERO, lasts: FOR_EVER, fault });
        }
    }
}

fn draw_one(
    kind: Kind,
    nodes: u8,
    turmoil: Duration,
    together: Option<Duration>,
    stream: &mut Stream,
) -> Scheduled {
    let after = match together {
        Some(after) => after + millis(0..=300, stream),
        None => stream.span(&(Duration::ZERO..=turmoil)),
    };
    let (fault, lasts) = match kind {
        Kind::Drop => (Fault::Drop(Drop::draw(nodes, stream)), 100..=4_000),
        Kind::Delay => (Fault::Delay(Delay::draw(nodes, stream)), 100..=4_000),
        Kind::Reorder => (Fault::Reorder(Reorder::draw(nodes, stream)), 100..=4_000),
        Kind::Duplicate => (Fault::Duplicate(Duplicate::draw(nodes, stream)), 100..=4_000),
        Kind::Corrupt => (Fault::Corrupt(Corrupt::draw(nodes, stream)), 100..=4_000),
        Kind::Cut => (Fault::Cut(Cut::draw(nodes, stream)), 50..=4_000),
        Kind::Partition => (Fault::Partition(Partition::draw(nodes, stream)), 50..=4_000),
        Kind::Sever => (Fault::Sever(Sever::draw(nodes, stream)), 0..=0),
        Kind::Crash => (Fault::Crash(Crash::draw(nodes, stream)), 10..=3_000),
        Kind::Pause => (Fault::Pause(Pause::draw(nodes, stream)), 10..=3_000),
        Kind::Jump => (Fault::Jump(Jump::draw(nodes, stream)), 100..=5_000),
        Kind::Drift => (Fault::Drift(Drift::draw(nodes, stream)), 1_000..=8_000),
    };
    let at = Time::ZERO + SETTLED_AFTER + after;
    Scheduled { id: 0, at, lasts: millis(lasts, stream), fault }
}
