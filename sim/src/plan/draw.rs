//! Drawing a plan from a seed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use peer_ring_core::rare::Mark;
use peer_ring_core::ring::Strategy;
use peer_ring_proto::WireVersion;
use peer_ring_proto::hello::Protocols;

use crate::cluster::{Cluster, Latency};
use crate::plan::{Patience, Plan, Planned, Swarm, churn, faults};
use crate::random::{Chance, Stream};
use crate::subject::{Sizes, Subject};
use crate::time::Time;
use crate::world::NodeIndex;

/// Clients and faults begin after this: by then a cluster is whole.
const SETTLED_AFTER: Duration = Duration::from_millis(500);
/// How many calls each client makes on the healed cluster.
const CALLS_AFTER_HEAL: u64 = 4;

pub(super) fn plan<S: Subject>(subject: &S, seed: u64, swarm: &Swarm) -> Plan<S> {
    let (sizes, settings) = subject.draw(&mut Stream::new(seed, "settings", &[]));
    let turmoil = millis(3_000..=10_000, &mut Stream::new(seed, "turmoil", &[]));
    let heal = Time::ZERO + SETTLED_AFTER + turmoil;
    let mut clients = Stream::new(seed, "clients", &[]);
    let patience = patience(&mut clients);
    let mut cluster = cluster(sizes, &mut Stream::new(seed, "cluster", &[]));
    cluster.ring.strategy = strategy(sizes, &mut Stream::new(seed, "strategy", &[]));
    churn::settle(&mut cluster, sizes, &mut Stream::new(seed, "churn", &[]));
    cluster.discovery.source = *Stream::new(seed, "source", &[]).pick(swarm.sources());
    let calls = {
        let caller = &mut *subject.caller(&settings, &mut Stream::new(seed, "caller", &[]));
        calls(caller, &cluster, turmoil, heal, &mut clients)
    };
    let is_ruled_out = |kind| subject.rules_out(&settings, kind);
    let mut stream = Stream::new(seed, "faults", &[]);
    let mut faults = faults::draw(&cluster, turmoil, swarm, is_ruled_out, &mut stream);
    let mut stream = Stream::new(seed, "comers", &[]);
    faults.extend(churn::faults(&cluster, turmoil, swarm, is_ruled_out, &mut stream));
    for (id, fault) in (0..).zip(&mut faults) {
        fault.id = id;
    }
    let rise = *Stream::new(seed, "rise", &[]).pick(&[1, 1, 3, 10]);
    let switches = switches(swarm, &mut Stream::new(seed, "switches", &[]));
    Plan { seed, settings, cluster, patience, calls, faults, heal, switches, rise }
}

fn cluster(sizes: Sizes, stream: &mut Stream) -> Cluster {
    let micros = Duration::from_micros;
    let latency = match stream.below(10) {
        0..5 => Latency::local(),
        5..7 => Latency::between(micros(10), micros(20)),
        7..9 => Latency::between(micros(500), micros(5_000)),
        _ => Latency::between(micros(10_000), micros(30_000)),
    };
    let mut cluster = Cluster::new(sizes.nodes, sizes.replicas);
    // Enough for what clients ask, and too little for a burst.
    if stream.below(10) == 0 {
        cluster.coordinator.inflight_max = 150;
    }
    cluster.wire = wire(sizes.nodes, stream);
    Cluster { shards: sizes.shards, latency, ..cluster }
}

/// The default in every other run. A full ring only where all own everything anyway: it would have
/// more owners than the app counts on.
fn strategy(sizes: Sizes, stream: &mut Stream) -> Strategy {
    let others = [Strategy::Tokens, Strategy::Rendezvous, Strategy::Modulo, Strategy::Full];
    let drawn = *stream.pick(&others);
    let is_default =
        stream.below(2) == 0 || drawn == Strategy::Full && sizes.replicas < sizes.nodes;
    if is_default { Strategy::default() } else { drawn }
}

/// Mostly nodes speak all versions of the wire; else some or all are of an older release.
fn wire(nodes: u8, stream: &mut Stream) -> Vec<Protocols> {
    let old = Protocols::OURS.at_most(WireVersion::V1.number());
    let old_of_eight = *stream.pick(&[0, 0, 0, 0, 0, 0, 4, 8]);
    let drawn = (0..nodes).map(|_| match stream.below(8) < old_of_eight {
        true => old,
        false => Protocols::OURS,
    });
    drawn.collect()
}

/// In every third run a few rare branches are taken for no reason.
fn switches(swarm: &Swarm, stream: &mut Stream) -> BTreeMap<Mark, u16> {
    let is_on = stream.below(3) == 0;
    let share = *stream.pick(&[10, 30]);
    let drawn = Mark::SWITCHES.iter().filter_map(|mark| {
        let per_mille = *stream.pick(&[2, 20, 200]);
        stream.happens(Chance::percent(share)).then_some((*mark, per_mille))
    });
    let drawn: BTreeMap<_, _> = drawn.collect();
    if is_on && swarm.has_switches() { drawn } else { BTreeMap::new() }
}

fn patience(stream: &mut Stream) -> Patience {
    let timeout = *stream.pick(&[100, 300, 1_000, 2_000]);
    let is_impatient = stream.below(8) == 0;
    Patience {
        timeout: Duration::from_millis(timeout),
        patience: Duration::from_millis(if is_impatient { timeout / 4 } else { timeout + 100 }),
    }
}

/// Clients that ask at once when they are answered, or rest now and then, or always.
fn calls<C>(
    call: &mut dyn FnMut(&mut Stream) -> C,
    cluster: &Cluster,
    turmoil: Duration,
    heal: Time,
    stream: &mut Stream,
) -> Vec<Planned<C>> {
    let clients = stream.within(2..=6);
    let each = stream.within(150..=450) / clients;
    let rests = *stream.pick(&[10, 30, 100]);
    let rests_each = u32::try_from((each * rests / 100).max(1)).expect("less than the calls");
    let rests = Chance::percent(u32::try_from(rests).expect("at most a hundred"));
    // Twice the mean, so that the calls last for about as long as the turmoil.
    let rest = Duration::ZERO..=turmoil * 2 / rests_each;
    let founders: Vec<_> = cluster.founders().collect();
    let mut calls = Vec::new();
    for client in 0..clients {
        let mut at = Time::ZERO + SETTLED_AFTER;
        for number in 0..each + CALLS_AFTER_HEAL {
            if number == each {
                at = heal;
            }
            if stream.happens(rests) {
                at = at + stream.span(&rest);
            }
            let node = asked(cluster, &founders, stream);
            let call = call(stream);
            // Nothing is asked after so long: the calls before it took their time.
            if number >= each || at < heal {
                let client = u32::try_from(client).expect("a few");
                calls.push(Planned { id: 0, client, at, node, call });
            }
        }
    }
    calls.sort_by_key(|planned| planned.at);
    for (id, planned) in (0..).zip(&mut calls) {
        planned.id = id;
    }
    calls
}

/// Any node; mostly one that is there from the beginning.
fn asked(cluster: &Cluster, founders: &[NodeIndex], stream: &mut Stream) -> NodeIndex {
    if !cluster.spares.is_empty() && stream.below(2) == 0 {
        return *stream.pick(founders);
    }
    NodeIndex(u8::try_from(stream.below(cluster.nodes.into())).expect("below a u8"))
}

pub(super) fn millis(range: RangeInclusive<u64>, stream: &mut Stream) -> Duration {
    Duration::from_millis(stream.within(range))
}
