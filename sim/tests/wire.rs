//! Clusters whose nodes speak different versions of the wire, and frames that are damaged.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;
use std::time::Duration;

use peer_ring_core::app::{Apps, decode};
use peer_ring_core::id::CallerId;
use peer_ring_core::peer::Lane;
use peer_ring_kv::{Action, Command, Kv, Reply};
use peer_ring_proto::WireVersion;
use peer_ring_proto::hello::Protocols;
use peer_ring_sim::ask;
use peer_ring_sim::cluster::Cluster;
use peer_ring_sim::faults::corrupt::How;
use peer_ring_sim::faults::{Corrupt, Fault, Scope};
use peer_ring_sim::random::Chance;
use peer_ring_sim::trace::Trace;
use peer_ring_sim::world::{Happening, Hop, NodeIndex, World};

const TIMEOUT: Duration = Duration::from_millis(500);
const KEYS: u64 = 10;
const OLD: Protocols = Protocols { min: 1, max: 1 };
const NEW: Protocols = Protocols { min: 2, max: 2 };

/// A cluster under load: every few milliseconds some node is to put the next number under one of
/// a few keys.
struct Load {
    world: World,
    /// What waits for its answer: the key and the number.
    waiting: BTreeMap<CallerId, (u64, u64)>,
    /// The greatest number acknowledged, by key.
    acknowledged: BTreeMap<u64, u64>,
    asked: u64,
    done: u64,
}

fn command(action: Action) -> Command {
    Command { namespace: Default::default(), quorum: Default::default(), action }
}

fn key(key: u64) -> String {
    format!("key-{key}")
}

impl Load {
    fn new(seed: u64, wire: &[Protocols]) -> Self {
        let mut apps = Apps::new();
        apps.add(Kv::default()).unwrap();
        let nodes = u8::try_from(wire.len()).unwrap();
        let cluster = Cluster { wire: wire.to_vec(), ..Cluster::new(nodes, 3) };
        let mut world = World::new(seed, cluster, apps, Trace::default());
        world.nodes().for_each(|node| world.start(node));
        let (waiting, acknowledged) = (BTreeMap::new(), BTreeMap::new());
        Self { world, waiting, acknowledged, asked: 0, done: 0 }
    }

    fn whole(seed: u64, wire: &[Protocols]) -> Self {
        let mut load = Self::new(seed, wire);
        load.until_whole();
        load
    }

    /// Works for a while.
    fn work(&mut self, span: Duration) {
        let end = self.world.now().at + span;
        while self.world.now().at < end {
            self.put();
            self.pass(Duration::from_millis(3));
        }
    }

    fn until_whole(&mut self) {
        for _ in 0..2_000 {
            if self.world.is_whole() {
                return;
            }
            self.work(Duration::from_millis(10));
        }
        panic!("the cluster is not whole after 20 s");
    }

    fn put(&mut self) {
        self.asked += 1;
        let (number, caller) = (self.asked, CallerId(self.asked));
        let at = number % KEYS;
        let node = NodeIndex(u8::try_from(number % u64::from(self.world.cluster().nodes)).unwrap());
        let value = number.to_string().into();
        let put = command(Action::Put { key: key(at).into(), value, expires: None });
        if self.world.ask(node, caller, ask::of(&Kv::default(), &put, TIMEOUT)).is_ok() {
            self.waiting.insert(caller, (at, number));
        }
    }

    fn pass(&mut self, span: Duration) {
        let end = self.world.now().at + span;
        while let Some(happening) = self.world.next(end) {
            if let Happening::Reply { caller, result } = happening
                && let Some((key, number)) = self.waiting.remove(&caller)
                && result.is_ok()
            {
                let greatest = self.acknowledged.entry(key).or_default();
                *greatest = number.max(*greatest);
                self.done += 1;
            }
        }
    }

    fn get(&mut self, node: NodeIndex, at: u64) -> u64 {
        self.asked += 1;
        let asked = CallerId(self.asked);
        let get = command(Action::Get { key: key(at).into() });
        self.world.ask(node, asked, ask::of(&Kv::default(), &get, TIMEOUT)).unwrap();
        let end = self.world.now().at + TIMEOUT;
        while let Some(happening) = self.world.next(end) {
            match happening {
                Happening::Reply { caller, result } if caller == asked => {
                    let Reply::Value(found) = decode(&result.unwrap()).unwrap() else {
                        panic!("a get is answered with a value");
                    };
                    let value = found.map(|found| String::from_utf8(found.value.into()).unwrap());
                    return value.map_or(0, |value| value.parse().unwrap());
                }
                _ => {}
            }
        }
        panic!("no answer");
    }

    /// Every acknowledged number, or a later one, is found at every node.
    fn check(&mut self) {
        self.pass(2 * TIMEOUT);
        for node in self.world.nodes() {
            for at in 0..KEYS {
                let acknowledged = self.acknowledged.get(&at).copied().unwrap_or_default();
                let found = self.get(node, at);
                assert!(found >= acknowledged, "{found} is found, {acknowledged} was acknowledged");
            }
        }
    }

    /// What is spoken from each node to each other one.
    fn spoken(&self) -> Vec<u32> {
        let nodes: Vec<_> = self.world.nodes().collect();
        let hops = nodes.iter().flat_map(|&from| nodes.iter().map(move |&to| Hop { from, to }));
        let spoken = hops.filter(|hop| hop.from != hop.to).map(|hop| {
            let lanes = [Lane::Foreground, Lane::Background];
            let [one, other] = lanes.map(|lane| self.world.spoken(hop, lane).unwrap());
            assert_eq!(one, other);
            one.number()
        });
        spoken.collect()
    }
}

#[test]
fn nodes_of_two_releases_work_together_and_each_pair_speaks_what_both_know() {
    let mut load = Load::whole(1, &[Protocols::OURS, OLD, Protocols::OURS]);
    load.work(Duration::from_secs(1));
    assert_eq!(load.spoken(), [1, 2, 1, 1, 2, 1]);
    load.check();
    assert!(load.done > 100, "{}", load.done);
}

#[test]
fn nodes_without_a_version_in_common_are_not_linked() {
    let mut load = Load::new(1, &[Protocols::OURS, OLD, NEW]);
    load.work(Duration::from_secs(3));
    let [first, old, new] = [0, 1, 2].map(NodeIndex);
    let spoken = |from, to| load.world.spoken(Hop { from, to }, Lane::Foreground);
    assert_eq!(spoken(first, old), Some(WireVersion::V1));
    assert_eq!(spoken(first, new), Some(WireVersion::V2));
    assert_eq!((spoken(old, new), spoken(new, old)), (None, None));
}

#[test]
fn a_rolling_upgrade_under_load_loses_nothing_and_ends_in_the_new_version() {
    for seed in 0..5 {
        let mut load = Load::whole(seed, &[OLD; 5]);
        assert_eq!(load.spoken(), [1; 20]);
        for node in load.world.nodes() {
            load.work(Duration::from_millis(300));
            load.world.crash(node);
            load.world.set_wire(node, Protocols::OURS);
            load.work(Duration::from_millis(200));
            load.world.start(node);
            load.until_whole();
        }
        assert_eq!(load.spoken(), [2; 20]);
        load.check();
        assert!(load.done > 500, "{}", load.done);
    }
}

#[test]
fn a_version_is_spoken_from_the_next_start_on() {
    let mut load = Load::whole(1, &[OLD; 3]);
    load.world.set_wire(NodeIndex(0), Protocols::OURS);
    load.world.set_wire(NodeIndex(1), Protocols::OURS);
    load.world.sever(Hop { from: NodeIndex(0), to: NodeIndex(1) });
    load.work(Duration::from_millis(500));
    assert_eq!(load.spoken(), [1; 6]);
}

#[test]
fn damaged_frames_cost_links_and_nothing_else_in_either_version() {
    for (wire, how) in [OLD, NEW].into_iter().flat_map(|wire| How::ALL.map(|how| (wire, how))) {
        for seed in 0..3 {
            let mut load = Load::whole(seed, &[wire; 3]);
            let chance = Chance::percent(2);
            let corrupt = Fault::Corrupt(Corrupt { scope: Scope::Everywhere, chance, how });
            corrupt.begin(1, &mut load.world);
            load.work(Duration::from_secs(3));
            corrupt.end(1, &mut load.world);
            assert!(load.world.traffic().corrupted > 20);
            load.until_whole();
            load.check();
            assert!(load.done > 100, "{}", load.done);
        }
    }
}

#[test]
fn a_damaged_frame_breaks_the_link_at_both_ends() {
    let mut load = Load::whole(1, &[NEW; 2]);
    let hop = Hop { from: NodeIndex(0), to: NodeIndex(1) };
    let scope = Scope::Over(hop);
    let corrupt = Fault::Corrupt(Corrupt { scope, chance: Chance::CERTAIN, how: How::Flip });
    corrupt.begin(1, &mut load.world);
    let both = |load: &Load| {
        [hop, hop.back()].map(|hop| load.world.spoken(hop, Lane::Foreground).is_some())
    };
    assert_eq!(both(&load), [true, true]);
    let mut seen = Vec::new();
    for _ in 0..1_000 {
        if seen.last() != Some(&both(&load)) {
            seen.push(both(&load));
        }
        load.put();
        load.pass(Duration::from_micros(50));
    }
    assert!(seen.contains(&[true, false]), "the receiver knows first: {seen:?}");
    assert!(seen.contains(&[false, false]), "then the sender: {seen:?}");
}
