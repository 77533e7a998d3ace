//! Whole clusters that find each other by gossip: how fast all know of a change, and that nobody
//! who is well is put away.
//!
//! To *know* a node is to have been told of it by discovery and to hold it for alive, as a node's
//! own membership says.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use peer_ring_core::app::Apps;
use peer_ring_core::id::NodeName;
use peer_ring_core::view::PeerState;
use peer_ring_kv::Kv;
use peer_ring_sim::cluster::Cluster;
use peer_ring_sim::faults::corrupt::How;
use peer_ring_sim::faults::{Corrupt, Cut, Drop, Duplicate, Fault, Partition, Scope};
use peer_ring_sim::random::Chance;
use peer_ring_sim::source::Source;
use peer_ring_sim::time::Time;
use peer_ring_sim::trace::Trace;
use peer_ring_sim::world::{Hop, NodeIndex, World};

const SECOND: Duration = Duration::from_secs(1);

/// Within so long each of a hundred nodes knows one that joins, and that one them, while a tenth of
/// all that is sent is lost.
const JOIN_MAX: Duration = Duration::from_secs(2);

/// Within so long each of them holds one for down that hangs, and so closes none of its links.
const HANG_MAX: Duration = Duration::from_secs(8);

/// A cluster, and time to let pass in it.
struct Story {
    world: World,
    faults: Vec<(u32, Fault)>,
}

/// How long it took in a cluster of so many nodes.
#[derive(Debug)]
struct Times {
    /// Until all that were started at once knew each other.
    formed: Duration,
    /// Until all knew one that joined, and it knew all.
    joined: Duration,
    /// Until all held one for down that crashed, and whose links broke.
    crashed: Duration,
    /// Until all held one for down that hung.
    hung: Duration,
    /// Until all knew that one again, once it went on.
    back: Duration,
}

impl Story {
    /// So many nodes that are started, and one that may come, while a share of all is lost.
    fn new(nodes: u8, loss: u32, seed: u64) -> Self {
        let mut cluster = Cluster::new(nodes + 1, 3.min(nodes));
        cluster.spares = [NodeIndex(nodes)].into();
        cluster.discovery.source = Source::Swim;
        cluster.steward.evict_after = Some(SECOND * 3);
        let mut apps = Apps::new();
        apps.add(Kv::default()).unwrap();
        let world = World::new(seed, cluster, apps, Trace::default());
        let mut story = Self { world, faults: Vec::new() };
        if loss > 0 {
            story.lose(loss);
        }
        story.world.found();
        story
    }

    /// A cluster that is whole.
    fn whole(nodes: u8, seed: u64) -> Self {
        let mut story = Self::new(nodes, 0, seed);
        story.until(SECOND * 30, |story| story.world.is_whole());
        story
    }

    fn lose(&mut self, percent: u32) {
        let (scope, chance) = (Scope::Everywhere, Chance::percent(percent));
        self.hurt(Fault::Drop(Drop { scope, chance }));
    }

    fn hurt(&mut self, fault: Fault) {
        let id = u32::try_from(self.faults.len()).unwrap();
        fault.begin(id, &mut self.world);
        self.faults.push((id, fault));
    }

    fn heal(&mut self) {
        self.faults.drain(..).for_each(|(id, fault)| fault.end(id, &mut self.world));
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.world.now().at + span;
        while self.world.next(end).is_some() {}
    }

    /// How long it took until something held.
    fn until(&mut self, most: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let began: Time = self.world.now().at;
        while !holds(self) {
            assert!(self.world.now().at.since(began) < most, "{:?}", self.world.is_unfinished());
            self.run_for(SECOND / 20);
        }
        self.world.now().at.since(began)
    }

    fn state(&self, node: NodeIndex, about: NodeIndex) -> PeerState {
        let seat = NodeName::new(&about.to_string()).unwrap().seat();
        self.world.view(node).unwrap().health.state(seat)
    }

    fn knows(&self, node: NodeIndex, about: NodeIndex) -> bool {
        let is_told = self.world.is_told(node, about);
        node == about || is_told && self.state(node, about) == PeerState::Alive
    }

    fn all_know(&self, about: NodeIndex) -> bool {
        self.world.up().all(|node| self.knows(node, about))
    }

    fn knows_all(&self, node: NodeIndex) -> bool {
        self.world.up().all(|about| self.knows(node, about))
    }

    fn all_know_each_other(&self) -> bool {
        self.world.up().all(|node| self.knows_all(node))
    }

    fn all_hold_for_down(&self, about: NodeIndex) -> bool {
        let mut others = self.world.up().filter(|node| *node != about);
        others.all(|node| self.state(node, about) == PeerState::Down)
    }
}

fn times(nodes: u8, loss: u32, seed: u64) -> Times {
    let most = SECOND * 60;
    let mut story = Story::new(nodes, loss, seed);
    let formed = story.until(most, Story::all_know_each_other);
    story.run_for(SECOND * 2);
    let comer = NodeIndex(nodes);
    story.world.start(comer);
    let joined = story.until(most, |story| story.all_know(comer) && story.knows_all(comer));
    story.run_for(SECOND);
    story.world.crash(comer);
    let crashed = story.until(most, |story| story.all_hold_for_down(comer));
    let hangs = NodeIndex(1);
    story.world.pause(hangs);
    let hung = story.until(most, |story| story.all_hold_for_down(hangs));
    story.world.resume(hangs);
    let back = story.until(most, |story| story.all_know(hangs));
    assert_eq!(story.world.traffic().lost > 0, loss > 0);
    Times { formed, joined, crashed, hung, back }
}

fn converges(nodes: u8) {
    let times = times(nodes, 10, nodes.into());
    assert!(times.joined < JOIN_MAX, "{nodes} nodes: {times:?}");
    assert!(times.crashed < HANG_MAX && times.hung < HANG_MAX, "{nodes} nodes: {times:?}");
    assert!(times.back < JOIN_MAX, "{nodes} nodes: {times:?}");
}

#[test]
fn a_hundred_nodes_converge_on_a_join_and_on_a_crash_under_loss() {
    converges(99);
}

#[test]
fn few_nodes_converge_as_well() {
    [3, 10, 30].into_iter().for_each(converges);
}

/// Prints a table of times: `cargo test --release -p peer-ring-sim --test discovery_swim --
/// --ignored --nocapture`.
#[test]
#[ignore = "a measurement, of minutes"]
fn how_long_whole_clusters_take() {
    println!("| nodes | loss | seeds | formed | join | crash | hang | back |");
    for (nodes, seeds) in [(3, 30), (10, 30), (30, 20), (99, 10)] {
        for loss in [0, 10] {
            let all: Vec<_> = (0..seeds).map(|seed| times(nodes, loss, seed)).collect();
            let both = |pick: fn(&Times) -> Duration| {
                let mut picked: Vec<_> = all.iter().map(|it| pick(it).as_secs_f64()).collect();
                picked.sort_by(f64::total_cmp);
                format!("{:.1}, {:.1}", picked[picked.len() / 2], picked[picked.len() - 1])
            };
            println!(
                "| {nodes} | {loss} | {seeds} | {} | {} | {} | {} | {} |",
                both(|it| it.formed),
                both(|it| it.joined),
                both(|it| it.crashed),
                both(|it| it.hung),
                both(|it| it.back)
            );
        }
    }
}

#[test]
fn who_is_not_heard_by_one_other_is_not_evicted() {
    let mut story = Story::whole(5, 1);
    let hop = Hop { from: NodeIndex(2), to: NodeIndex(4) };
    story.hurt(Fault::Cut(Cut { hop }));
    story.until(SECOND * 10, |story| story.state(hop.to, hop.from) == PeerState::Down);
    for _ in 0..20 {
        story.run_for(SECOND);
        assert!((0..5).map(NodeIndex).all(|node| story.world.is_named(node)));
        assert!(story.world.is_told(hop.to, hop.from) && story.world.is_told(hop.from, hop.to));
    }
    story.heal();
    story.until(SECOND * 10, |story| story.world.is_whole());
}

#[test]
fn who_was_declared_dead_wrongly_comes_back_and_who_comes_later_is_told_of_it() {
    let mut story = Story::whole(5, 2);
    let (one, others) = (NodeIndex(3), [0, 1, 2, 4].map(NodeIndex));
    story.hurt(Fault::Partition(Partition { one: [one].into(), other: others.into() }));
    // Long enough for gossip too, which says nothing of it.
    story.run_for(SECOND * 15);
    assert!(story.all_hold_for_down(one));
    assert!(others.iter().all(|node| story.world.is_told(*node, one)));
    story.heal();
    story.until(SECOND * 10, Story::all_know_each_other);
    story.world.start(NodeIndex(5));
    story.until(SECOND * 10, |story| story.all_know_each_other() && story.world.is_whole());
}

#[test]
fn what_is_missed_while_no_gossip_gets_through_is_told_afterwards() {
    let mut story = Story::whole(3, 3);
    let comer = NodeIndex(3);
    story.world.begin_outage();
    story.world.start(comer);
    story.run_for(SECOND * 8);
    assert!((0..3).map(NodeIndex).all(|node| !story.world.is_told(comer, node)));
    story.world.end_outage();
    let back = story.until(SECOND * 10, Story::all_know_each_other);
    assert!(back < SECOND * 5, "{back:?}");
}

#[test]
fn who_leaves_is_missed_by_nobody_and_welcome_again() {
    let mut story = Story::whole(4, 4);
    let goes = NodeIndex(3);
    story.world.leave(goes);
    story.until(SECOND * 30, |story| !story.world.is_up(goes));
    story.until(SECOND * 2, |story| story.world.up().all(|node| !story.world.is_told(node, goes)));
    story.world.start(goes);
    story.until(SECOND * 10, |story| story.all_know_each_other() && story.world.is_whole());
}

#[test]
fn what_is_changed_or_doubled_on_its_way_harms_nobody() {
    let mut story = Story::whole(5, 5);
    let (scope, chance) = (Scope::Everywhere, Chance::percent(30));
    story.hurt(Fault::Corrupt(Corrupt { scope, chance, how: How::Flip }));
    story.hurt(Fault::Corrupt(Corrupt { scope, chance, how: How::Truncate }));
    story.hurt(Fault::Duplicate(Duplicate { scope, chance, most: SECOND / 10 }));
    story.run_for(SECOND * 20);
    assert!((0..5).map(NodeIndex).all(|node| {
        let mut others = (0..5).map(NodeIndex).filter(|other| *other != node);
        others.all(|other| story.world.is_told(node, other))
    }));
    story.heal();
    story.until(SECOND * 10, |story| story.world.is_whole());
}
