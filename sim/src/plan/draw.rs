//! Drawing a plan from a seed.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::cluster::{Cluster, Latency};
use crate::faults::{
    Corrupt, Crash, Cut, Delay, Drift, Drop, Duplicate, Fault, Jump, Kind, Partition, Pause,
    Reorder, Scheduled, Sever,
};
use crate::plan::{Plan, Profile, Promise, Topology};
use crate::random::{Chance, Stream};
use crate::time::Time;
use crate::workload::Workload;
use crate::world::NodeIndex;

/// Faults begin after this: by then a cluster is whole.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(3_600);

pub(super) fn plan(seed: u64, profile: Profile) -> Plan {
    let topology = Topology::draw(profile, &mut Stream::new(seed, "topology", &[]));
    let turmoil = millis(3_000..=10_000, &mut Stream::new(seed, "turmoil", &[]));
    Plan {
        seed,
        topology,
        cluster: cluster(topology, &mut Stream::new(seed, "cluster", &[])),
        workload: workload(topology, turmoil, &mut Stream::new(seed, "workload", &[])),
        faults: faults(topology, turmoil, &mut Stream::new(seed, "faults", &[])),
        turmoil,
    }
}

fn cluster(topology: Topology, stream: &mut Stream) -> Cluster {
    let micros = Duration::from_micros;
    let latency = match stream.below(10) {
        0..5 => Latency::local(),
        5..7 => Latency::between(micros(10), micros(20)),
        7..9 => Latency::between(micros(500), micros(5_000)),
        _ => Latency::between(micros(10_000), micros(30_000)),
    };
    Cluster { shards: topology.shards, latency, ..Cluster::new(topology.nodes, topology.n) }
}

fn workload(topology: Topology, turmoil: Duration, stream: &mut Stream) -> Workload {
    let clients = stream.within(2..=6);
    let operations = stream.within(150..=450);
    let rests = *stream.pick(&[10, 30, 100]);
    let each = operations / clients;
    let rests_each = u32::try_from((each * rests / 100).max(1)).expect("less than the operations");
    let keys = *stream.pick(&[1, 2, 3, 5, 12]);
    let timeout = *stream.pick(&[100, 300, 1_000, 2_000]);
    let is_impatient = stream.below(8) == 0;
    let is_linearizable = topology.promise == Promise::Linearizable;
    let has_expiry = !is_linearizable && stream.below(4) == 0;
    let value_bytes = match stream.below(40) {
        0 => 8..=200_000,
        1..4 => 8..=4_000,
        _ => 8..=64,
    };
    Workload {
        clients: u32::try_from(clients).expect("a few"),
        keys,
        operations_each: u32::try_from(each).expect("some hundreds"),
        gets: Chance::percent(*stream.pick(&[20, 50, 80])),
        deletes: Chance::percent(*stream.pick(&[0, 10, 40])),
        expiring: Chance::percent(if has_expiry { 30 } else { 0 }),
        time_to_live: Duration::from_millis(20)..=Duration::from_millis(4_000),
        is_unanimous: is_linearizable && topology.w == topology.n,
        value_bytes,
        rests: Chance::percent(u32::try_from(rests).expect("at most a hundred")),
        // Twice the mean, so that the operations last for about as long as the turmoil.
        rest: Duration::ZERO..=turmoil * 2 / rests_each,
        timeout: Duration::from_millis(timeout),
        patience: Duration::from_millis(if is_impatient { timeout / 4 } else { timeout + 100 }),
    }
}

fn faults(topology: Topology, turmoil: Duration, stream: &mut Stream) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    skew_clocks(topology, stream, &mut faults);
    let is_calm = stream.below(12) == 0;
    let share = *stream.pick(&[10, 25, 50]);
    // Faults that come together meet more often than those that come at any time.
    let together = (stream.below(3) == 0).then(|| stream.span(&(Duration::ZERO..=turmoil)));
    for kind in Kind::ALL {
        let is_on = stream.happens(Chance::percent(share));
        let is_ruled_out = kind == Kind::Crash && topology.promise == Promise::Linearizable;
        let count = stream.within(1..=4);
        for _ in 0..count {
            let scheduled = draw(kind, topology.nodes, turmoil, together, stream);
            if is_on && !is_calm && !is_ruled_out {
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
fn skew_clocks(topology: Topology, stream: &mut Stream, faults: &mut Vec<Scheduled>) {
    let most_ms = *stream.pick(&[0, 0, 3, 5_000]);
    for node in (0..topology.nodes).map(NodeIndex) {
        let by_ms = stream.within(0..=2 * most_ms).cast_signed() - most_ms.cast_signed();
        if by_ms != 0 {
            let fault = Fault::Jump(Jump { node, by_ms });
            faults.push(Scheduled { id: 0, at: Time::ZERO, lasts: FOR_EVER, fault });
        }
    }
}

fn draw(
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

fn millis(range: RangeInclusive<u64>, stream: &mut Stream) -> Duration {
    Duration::from_millis(stream.within(range))
}
