//! Which faults a swarm draws from, and drawing them.

use std::collections::BTreeSet;
use std::time::Duration;

use peer_ring_proto::WireVersion;

use crate::cluster::Cluster;
use crate::faults::{Crash, Fault, Jump, Kind, Scheduled, Upgrade};
use crate::plan::draw::millis;
use crate::random::{Chance, Stream};
use crate::source::Source;
use crate::time::Time;
use crate::world::{Errand, NodeIndex};

/// Faults begin after this: by then a cluster is whole.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// The kinds of faults, and the sources of discovery, that runs draw from: all of them, unless told
/// otherwise.
///
/// What is drawn of one kind does not depend on which others are among them, nor on the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swarm {
    kinds: BTreeSet<Kind>,
    has_switches: bool,
    sources: Vec<Source>,
}

impl Default for Swarm {
    fn default() -> Self {
        let kinds = Kind::ALL.iter().copied().collect();
        Self { kinds, has_switches: true, sources: Source::ALL.to_vec() }
    }
}

impl Swarm {
    /// Only these kinds, and no rare branch taken for no reason.
    #[must_use]
    pub fn only(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), has_switches: false, ..Self::default() }
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

    /// These, and nodes find each other by one of these sources.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn by(self, sources: impl IntoIterator<Item = Source>) -> Self {
        let sources: Vec<_> = sources.into_iter().collect();
        assert!(!sources.is_empty(), "nodes must find each other somehow");
        Self { sources, ..self }
    }

    /// The sources of discovery that are among them.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether rare branches are taken for no reason.
    #[must_use]
    pub fn has_switches(&self) -> bool {
        self.has_switches
    }

    /// Whether a kind is among them.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

pub(super) fn draw(
    cluster: &Cluster,
    turmoil: Duration,
    swarm: &Swarm,
    is_ruled_out: impl Fn(Kind) -> bool,
    stream: &mut Stream,
) -> Vec<Scheduled> {
    let nodes = cluster.nodes;
    let mut faults = Vec::new();
    skew_clocks(nodes, swarm, stream, &mut faults);
    let is_calm = stream.below(12) == 0;
    let share = *stream.pick(&[10, 25, 50]);
    // Faults that come together meet more often than those that come at any time.
    let together = (stream.below(3) == 0).then(|| stream.span(&(Duration::ZERO..=turmoil)));
    // What nodes are about, and in how many of four cases a fault waits for that.
    let (errands, waiting) = match cluster.spares.is_empty() {
        true => (&Errand::USUAL[..], 1),
        false => (&Errand::ALL[..], 2),
    };
    // Who comes and goes is drawn elsewhere.
    for kind in Kind::ALL.iter().copied().filter(|kind| !Kind::CHURN.contains(kind)) {
        // A node by itself has no links to be hurt.
        if nodes < 2 && !kind.is_of_node() {
            continue;
        }
        let is_on = stream.happens(Chance::percent(share));
        for _ in 0..stream.within(1..=4) {
            let errand = *stream.pick(errands);
            let during = (stream.below(4) < waiting).then_some(errand);
            let scheduled =
                Scheduled { during, ..draw_one(kind, nodes, turmoil, together, stream) };
            if is_on && !is_calm && swarm.has(kind) && !is_ruled_out(kind) {
                faults.push(scheduled);
            }
        }
    }
    let restarts = restarts(nodes, turmoil, stream);
    if !is_calm
        && restarts.iter().all(|r| swarm.has(r.fault.kind()) && !is_ruled_out(r.fault.kind()))
    {
        faults.extend(restarts);
    }
    faults
}

/// In some runs all nodes are started again, one after another, as they are or with the newest
/// version of the wire, as operators do; whoever is not filled when its turn comes is left alone.
fn restarts(nodes: u8, turmoil: Duration, stream: &mut Stream) -> Vec<Scheduled> {
    let what = stream.below(8);
    let mut order: Vec<_> = (0..nodes).map(NodeIndex).collect();
    stream.shuffle(&mut order);
    let (away, pause) = (millis(10..=300, stream), millis(100..=1_500, stream));
    let mut at = Time::ZERO + SETTLED_AFTER + stream.span(&(Duration::ZERO..=turmoil / 2));
    let mut restarts = Vec::new();
    for node in order {
        let fault = match what {
            0 => Fault::Crash(Crash { node }),
            1 => Fault::Upgrade(Upgrade { node, newest: WireVersion::NEWEST }),
            _ => break,
        };
        restarts.push(Scheduled { id: 0, at, during: None, lasts: away, fault });
        at = at + away + pause;
    }
    restarts
}

/// Clocks that never were right, in every other run.
fn skew_clocks(nodes: u8, swarm: &Swarm, stream: &mut Stream, faults: &mut Vec<Scheduled>) {
    let most_ms = *stream.pick(&[0, 0, 3, 5_000]);
    for node in (0..nodes).map(NodeIndex) {
        let by_ms = stream.within(0..=2 * most_ms).cast_signed() - most_ms.cast_signed();
        if by_ms != 0 && swarm.has(Kind::Jump) {
            let fault = Fault::Jump(Jump { node, by_ms });
            faults.push(Scheduled { id: 0, at: Time::ZERO, during: None, lasts: FOR_EVER, fault });
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
    let at = Time::ZERO + SETTLED_AFTER + after;
    let fault = Fault::draw(kind, nodes, stream);
    Scheduled { id: 0, at, during: None, lasts: millis(kind.lasts_ms(), stream), fault }
}
