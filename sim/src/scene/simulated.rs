//! The simulator as a stage.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{CallerId, NodeId, PartitionId};
use peer_ring_core::view::View;

use crate::cluster::Cluster;
use crate::faults::{Cut, Drop, Fault, Scope};
use crate::random::Chance;
use crate::scene::stage::{Answer, Held, Stage, apps, travel};
use crate::scene::step::{Harm, Layout};
use crate::trace::Trace;
use crate::world::{Happening, Hop, NodeIndex, World};

/// The seed of every scene: nodes' identities follow from it, and with them who wins a tie.
pub const SEED: u64 = 7;

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);
const FOUNDED_WITHIN: Duration = Duration::from_secs(30);

/// A simulated cluster.
pub struct Simulated {
    world: World,
    answers: BTreeMap<CallerId, Answer>,
    faults: Vec<(u32, Fault)>,
    /// Ways that are slower than usual.
    late: Vec<Hop>,
    count: u32,
}

impl Simulated {
    /// Lets time pass until `asked` is answered, or until a moment.
    fn run(&mut self, span: Duration, asked: Option<CallerId>) {
        let end = self.world.now().at + span;
        while asked.is_none_or(|asked| !self.answers.contains_key(&asked)) {
            match self.world.next(end) {
                Some(Happening::Reply { caller, result }) => {
                    self.answers.insert(caller, result);
                }
                Some(Happening::Crashed(_) | Happening::About(_) | Happening::Alarm(_)) => {}
                None => return,
            }
        }
    }
}

impl Stage for Simulated {
    fn raise(Layout { nodes, replicas }: Layout) -> Self {
        let cluster = Cluster::new(nodes, replicas);
        let mut world = World::new(SEED, cluster, apps(), Trace::default());
        let all: Vec<_> = world.nodes().collect();
        for from in &all {
            for to in all.iter().filter(|to| *to != from) {
                let way = Hop { from: *from, to: *to };
                world.fix_travel(way, travel(way));
            }
            world.start(*from);
        }
        let (answers, faults, late) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut stage = Self { world, answers, faults, late, count: 0 };
        assert!(stage.settle(FOUNDED_WITHIN), "nothing is wrong, and the cluster is not founded");
        stage
    }

    fn ask(&mut self, node: NodeIndex, asked: CallerId, ask: Ask) {
        self.world.ask(node, asked, ask).expect("the node is up");
    }

    fn answer(&mut self, asked: CallerId, patience: Duration) -> Option<Answer> {
        self.run(patience, Some(asked));
        self.answers.remove(&asked)
    }

    fn wait(&mut self, span: Duration) {
        self.run(span, None);
    }

    fn settle(&mut self, patience: Duration) -> bool {
        let end = self.world.now().at + patience;
        while !self.world.is_whole() {
            if self.world.now().at >= end {
                return false;
            }
            self.run(LOOK_AGAIN_AFTER, None);
        }
        true
    }

    fn start(&mut self, node: NodeIndex) {
        self.world.start(node);
    }

    fn crash(&mut self, node: NodeIndex) {
        self.world.crash(node);
    }

    fn pause(&mut self, node: NodeIndex) {
        self.world.pause(node);
    }

    fn resume(&mut self, node: NodeIndex) {
        self.world.resume(node);
    }

    fn jump_clock(&mut self, node: NodeIndex, by_ms: i64) {
        self.world.jump_clock(node, by_ms);
    }

    fn harm(&mut self, way: Hop, harm: Harm) {
        let fault = match harm {
            Harm::Cut => Fault::Cut(Cut { hop: way }),
            Harm::Loss => {
                Fault::Drop(Drop { scope: Scope::Over(way), chance: Chance::percent(100) })
            }
            Harm::Late(by) => {
                self.late.push(way);
                return self.world.fix_travel(way, travel(way) + by);
            }
        };
        self.count += 1;
        fault.begin(self.count, &mut self.world);
        self.faults.push((self.count, fault));
    }

    fn heal(&mut self) {
        for (id, fault) in std::mem::take(&mut self.faults) {
            fault.end(id, &mut self.world);
        }
        for way in std::mem::take(&mut self.late) {
            self.world.fix_travel(way, travel(way));
        }
    }

    fn id(&self, node: NodeIndex) -> NodeId {
        self.world.id(node).expect("the node is up")
    }

    fn view(&mut self, node: NodeIndex) -> View {
        self.world.view(node).cloned().expect("the node is up")
    }

    fn held(&mut self, node: NodeIndex, partition: PartitionId, key: &Bytes) -> Held {
        let replica = self.world.replica(node, partition);
        Held::by(replica.expect("a node that is up has every replica, used or not"), key)
    }
}
