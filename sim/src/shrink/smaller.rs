//! Plans that are smaller in other ways: fewer nodes, fewer clients, a plainer network.

use std::collections::BTreeSet;
use std::time::Duration;

use peer_ring_core::ring::Strategy;
use peer_ring_core::{coordinator, transfer};
use peer_ring_proto::hello::Protocols;

use crate::cluster::Latency;
use crate::faults::{Fault, Join, Scheduled};
use crate::plan::{Plan, Planned};
use crate::random::Chance;
use crate::shrink::reworded::{self, moved};
use crate::source::Source;
use crate::subject::Subject;
use crate::world::NodeIndex;

/// The same without one node. What befell that one does not happen, and who asked it asks the
/// one before.
pub(super) fn with_fewer_nodes<S: Subject>(subject: &S, plan: &Plan<S>) -> Vec<Plan<S>> {
    let nodes = plan.cluster.nodes;
    let all = (0..nodes).rev().map(NodeIndex);
    let without = all.filter(|_| nodes > 1).filter_map(|gone| {
        let settings = subject.fit(&plan.settings, nodes - 1)?;
        let mut smaller = Plan { settings, ..plan.clone() };
        smaller.cluster.nodes = nodes - 1;
        let spares = plan.cluster.spares.iter().filter(|spare| **spare != gone);
        smaller.cluster.spares = spares.map(|spare| moved(*spare, gone)).collect();
        smaller.cluster.founders().next()?;
        if gone.at() < smaller.cluster.wire.len() {
            smaller.cluster.wire.remove(gone.at());
        }
        smaller.cluster.ring.replicas = smaller.cluster.ring.replicas.min(nodes - 1);
        smaller.faults.retain_mut(|fault| {
            let left = reworded::without(&fault.fault, gone, nodes);
            left.map(|left| fault.fault = left).is_some()
        });
        for planned in &mut smaller.calls {
            planned.node = NodeIndex(moved(planned.node, gone).0.min(nodes - 2));
        }
        Some(smaller)
    });
    without.collect()
}

/// All calls made by one client; the calls of one made by another; and clients numbered anew.
pub(super) fn with_fewer_clients<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let clients: BTreeSet<_> = plan.calls.iter().map(|planned| planned.client).collect();
    let renumbered = |number: &dyn Fn(u32) -> u32| {
        let calls = plan.calls.iter().map(|planned| {
            let client = number(planned.client);
            Planned { client, ..planned.clone() }
        });
        Plan { calls: calls.collect(), ..plan.clone() }
    };
    let mut fewer: Vec<_> = merged(&clients)
        .into_iter()
        .map(|(gone, one)| renumbered(&|client| if gone(client) { one } else { client }))
        .collect();
    if (0..).zip(&clients).any(|(number, client)| number != *client) {
        fewer.push(renumbered(&|client| {
            let before = clients.iter().position(|other| *other == client);
            u32::try_from(before.expect("one of them")).expect("a few clients")
        }));
    }
    fewer
}

/// All nodes asked by nobody but one; and what one was asked asked of another one.
pub(super) fn with_fewer_asked<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let asked: BTreeSet<_> = plan.calls.iter().map(|planned| planned.node.0.into()).collect();
    let fewer = merged(&asked).into_iter().map(|(gone, one)| {
        let mut plan = plan.clone();
        for planned in &mut plan.calls {
            if gone(planned.node.0.into()) {
                planned.node = NodeIndex(u8::try_from(one).expect("the number of a node"));
            }
        }
        plan
    });
    fewer.collect()
}

/// A rule by which some of a few numbers become one of them.
type Merger = (Box<dyn Fn(u32) -> bool>, u32);

/// All of them made one, and each made one with another.
fn merged(numbers: &BTreeSet<u32>) -> Vec<Merger> {
    let mut merged: Vec<Merger> = Vec::new();
    if numbers.len() > 1 {
        merged.extend(numbers.iter().map(|one| (Box::new(|_| true) as Box<_>, *one)));
    }
    if numbers.len() > 2 {
        for gone in numbers.iter().copied() {
            let others = numbers.iter().filter(|one| **one != gone);
            merged
                .extend(others.map(|one| (Box::new(move |number| number == gone) as Box<_>, *one)));
        }
    }
    merged
}

/// The same with one shard, one version of the wire, enough room and usual placement, with no disks,
/// nodes that know of each other at once and are all there from the beginning, with messages that
/// all take as long, with no rare branch taken for no reason, and with faults that wait for nothing.
pub(super) fn without_extras<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let millisecond = Duration::from_millis(1);
    let even = Latency {
        usual: millisecond..=millisecond,
        slow: Chance::NEVER,
        slow_span: millisecond..=millisecond,
    };
    let changed = |change: &dyn Fn(&mut Plan<S>)| {
        let mut plan = plan.clone();
        change(&mut plan);
        plan
    };
    let mut smaller = Vec::new();
    if plan.rise > 1 {
        smaller.push(changed(&|plan| plan.rise = 1));
    }
    if plan.switches.len() > 1 {
        smaller.push(changed(&|plan| plan.switches.clear()));
    }
    for mark in plan.switches.keys() {
        smaller.push(changed(&|plan| {
            plan.switches.remove(mark);
        }));
    }
    if plan.cluster.shards > 1 {
        smaller.push(changed(&|plan| plan.cluster.shards = 1));
    }
    if plan.cluster.wire.iter().any(|wire| *wire != Protocols::OURS) {
        smaller.push(changed(&|plan| plan.cluster.wire.clear()));
    }
    if plan.cluster.ring.strategy != Strategy::default() {
        smaller.push(changed(&|plan| plan.cluster.ring.strategy = Strategy::default()));
    }
    if plan.cluster.disk.is_some() {
        smaller.push(changed(&|plan| plan.cluster.disk = None));
    }
    if plan.cluster.discovery.source != Source::default() {
        smaller.push(changed(&|plan| plan.cluster.discovery.source = Source::default()));
    }
    if !plan.cluster.discovery.within.is_zero() {
        smaller.push(changed(&|plan| plan.cluster.discovery.within = Duration::ZERO));
    }
    if plan.cluster.transfers != transfer::Settings::default() {
        smaller.push(changed(&|plan| plan.cluster.transfers = transfer::Settings::default()));
    }
    if !plan.cluster.spares.is_empty() {
        let joins = |fault: &Scheduled| matches!(fault.fault, Fault::Join(_));
        smaller.push(changed(&|plan| {
            plan.cluster.spares.clear();
            plan.faults.retain(|fault| !joins(fault));
        }));
    }
    for spare in &plan.cluster.spares {
        smaller.push(changed(&|plan| {
            plan.cluster.spares.remove(spare);
            plan.faults.retain(|fault| fault.fault != Fault::Join(Join { node: *spare }));
        }));
    }
    let usual = coordinator::Settings::default();
    if plan.cluster.coordinator != usual {
        smaller.push(changed(&|plan| plan.cluster.coordinator = usual.clone()));
    }
    for (place, _) in plan.faults.iter().enumerate().filter(|(_, fault)| fault.during.is_some()) {
        smaller.push(changed(&|plan| plan.faults[place].during = None));
    }
    if plan.cluster.latency != even {
        smaller.push(changed(&|plan| plan.cluster.latency = even.clone()));
    }
    smaller
}

/// The same with a fault of a plainer kind.
pub(super) fn with_plainer_faults<S: Subject>(plan: &Plan<S>) -> Vec<Plan<S>> {
    let mut plainer = Vec::new();
    for (place, fault) in plan.faults.iter().enumerate() {
        for fault in reworded::plainer(&fault.fault, plan.cluster.nodes) {
            let mut plan = plan.clone();
            plan.faults[place].fault = fault;
            plainer.push(plan);
        }
    }
    plainer
}
