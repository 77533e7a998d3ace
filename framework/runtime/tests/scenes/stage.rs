//! The actix runtime as a stage, under tokio's paused clock.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::{System, SystemRunner};
use bytes::Bytes;
use futures::channel::oneshot;
use peer_ring::staged::{Answer, Clock, SetClock, Staged, Stalled};
use peer_ring::{ChangeSettings, Config, Fact, PeerState, Sighting, View};
use peer_ring_core::actor::Wall;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{CallerId, ClusterId, NodeId, PartitionId};
use peer_ring_core::identity::Identity;
use peer_ring_core::steward;
use peer_ring_core::wiring::ControlIn;
use peer_ring_sim::cluster::Cluster;
use peer_ring_sim::random::Stream;
use peer_ring_sim::scene::Stage;
use peer_ring_sim::scene::simulated::SEED;
use peer_ring_sim::scene::stage::{Held, apps};
use peer_ring_sim::scene::step::{Harm, Layout};
use peer_ring_sim::world::clock::EPOCH_MS;
use peer_ring_sim::world::{Hop, NodeIndex};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

use crate::network::Network;

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);
/// How often all tasks get their turn at the end of a wait.
const TURNS: usize = 100;
const FOUNDED_WITHIN: Duration = Duration::from_secs(30);

/// A cluster on actix.
pub struct OnActix {
    runner: SystemRunner,
    network: Network,
    machines: Vec<Machine>,
    answers: BTreeMap<CallerId, oneshot::Receiver<Answer>>,
    /// What keeps the crashed from doing anything.
    dead: Vec<Stalled>,
}

/// A machine, and while it is up the node on it.
struct Machine {
    config: Config,
    wall: &'static SetClock,
    clock: Clock,
    /// The identities of its nodes: the same as in the simulator.
    ids: Stream,
    node: Option<Staged>,
    paused: Option<Stalled>,
}

impl Machine {
    fn new(index: u8, cluster: &Cluster) -> Self {
        let mut config = Config::new(&NodeIndex(index).to_string()).unwrap();
        config.ring = cluster.ring.clone();
        // It has no address that it could be found at again, and waits for nobody because of that.
        config.listen.set_port(0);
        config.membership = cluster.membership.clone();
        config.coordinator = cluster.coordinator.clone();
        config.transfers = cluster.transfers.clone();
        let steward::Settings { change, settle_delay, evict_after, patience, .. } =
            cluster.steward.clone();
        let bootstrap_expect = Some(cluster.founders().count());
        config.changes =
            ChangeSettings { bootstrap_expect, mode: change, settle_delay, evict_after, patience };
        // A few bytes that live as long as the test.
        let wall = Box::leak(Box::new(SetClock::new(Wall(EPOCH_MS))));
        let ids = Stream::new(SEED, "identity", &[index.into()]);
        let clock = Clock::with_wall(wall);
        Self { config, wall, clock, ids, node: None, paused: None }
    }

    /// Who it is at this start, and the identity of a cluster that it founds.
    fn identity(&mut self) -> (Identity, ClusterId) {
        let mut fresh = || self.ids.draw() | 1;
        let (id, vote) = (NodeId(fresh()), NodeId(fresh()));
        (Identity { id, vote, has_records: false }, ClusterId(fresh()))
    }

    fn node(&self) -> &Staged {
        self.node.as_ref().unwrap()
    }
}

impl OnActix {
    fn is_whole(&self) -> bool {
        self.network.is_calm()
            && (0..self.machines.len()).all(|at| self.sees_all(at) && self.links_all(at))
    }

    fn sees_all(&self, at: usize) -> bool {
        let Some(node) = &self.machines[at].node else {
            return false;
        };
        let view = node.view();
        let mut others = self.machines.iter().filter(|other| other.config.name != self.name(at));
        let is_alive = |other: &Machine| view.health.state(other.config.name.seat());
        node.progress().is_some_and(|progress| progress.pending == 0)
            && view.ring.is_some()
            && others.all(|other| is_alive(other) == PeerState::Alive)
    }

    fn links_all(&self, at: usize) -> bool {
        let Some(node) = &self.machines[at].node else {
            return false;
        };
        let links = node.links().stats();
        let ids = self.machines.iter().filter_map(|machine| machine.node.as_ref().map(Staged::id));
        let others = ids.filter(|id| *id != node.id());
        let both_lanes = |id| links.iter().filter(|link| link.id == id).count() == 2;
        others.into_iter().all(both_lanes)
    }

    fn name(&self, at: usize) -> peer_ring::NodeName {
        self.machines[at].config.name.clone()
    }

    fn sightings(&self) -> Vec<ControlIn> {
        let names = (0..self.machines.len()).map(|at| self.name(at));
        let seen = names.map(|name| Fact::Seen(Sighting::new(name.clone(), name.to_string())));
        seen.chain([Fact::Settled]).map(ControlIn::Fact).collect()
    }
}

impl Stage for OnActix {
    fn raise(Layout { nodes, replicas }: Layout) -> Self {
        let paused = || Builder::new_current_thread().enable_all().start_paused(true).build();
        let runner = System::with_tokio_rt(move || paused().unwrap());
        let cluster = Cluster::new(nodes, replicas);
        let machines =
            runner.block_on(async { (0..nodes).map(|at| Machine::new(at, &cluster)).collect() });
        let (network, answers) = (Network::default(), BTreeMap::new());
        let mut stage = Self { runner, network, machines, answers, dead: Vec::new() };
        for node in (0..nodes).map(NodeIndex) {
            stage.start(node);
        }
        assert!(stage.settle(FOUNDED_WITHIN), "nothing is wrong, and the cluster is not founded");
        stage
    }

    fn ask(&mut self, node: NodeIndex, asked: CallerId, ask: Ask) {
        let receiver = self.machines[node.at()].node().ask(asked, ask);
        self.answers.insert(asked, receiver);
    }

    fn answer(&mut self, asked: CallerId, patience: Duration) -> Option<Answer> {
        let receiver = self.answers.remove(&asked)?;
        self.runner.block_on(async { timeout(patience, receiver).await.ok()?.ok() })
    }

    fn wait(&mut self, span: Duration) {
        self.runner.block_on(async {
            sleep(span).await;
            // Others may be due at the same moment, and what they set off.
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        });
    }

    fn settle(&mut self, patience: Duration) -> bool {
        // Outside of the runtime there is no paused clock to be read.
        self.runner.block_on(async {
            let end = Instant::now() + patience;
            while !self.is_whole() {
                if Instant::now() >= end {
                    return false;
                }
                sleep(LOOK_AGAIN_AFTER).await;
            }
            true
        })
    }

    fn start(&mut self, node: NodeIndex) {
        let sightings = self.sightings();
        let carrier = self.network.carrier(node);
        let machine = &mut self.machines[node.at()];
        let (who, founding) = machine.identity();
        let (config, clock) = (&machine.config, machine.clock);
        let start = async { Staged::start(config, apps(), who, founding, clock, carrier) };
        let started = self.runner.block_on(start);
        self.network.listen(node, started.links().clone());
        started.tell(sightings);
        self.machines[node.at()].node = Some(started);
    }

    fn crash(&mut self, node: NodeIndex) {
        self.network.take_down(node);
        let crashed = self.machines[node.at()].node.take().unwrap();
        self.dead.push(self.runner.block_on(crashed.stall()));
        crashed.halt();
    }

    fn pause(&mut self, node: NodeIndex) {
        let machine = &mut self.machines[node.at()];
        machine.paused = Some(self.runner.block_on(machine.node.as_ref().unwrap().stall()));
    }

    fn resume(&mut self, node: NodeIndex) {
        self.machines[node.at()].paused = None;
    }

    fn jump_clock(&mut self, node: NodeIndex, by_ms: i64) {
        self.machines[node.at()].wall.jump(by_ms);
    }

    fn harm(&mut self, way: Hop, harm: Harm) {
        self.network.harm(way, harm);
    }

    fn heal(&mut self) {
        self.network.heal();
    }

    fn id(&self, node: NodeIndex) -> NodeId {
        self.machines[node.at()].node().id()
    }

    fn view(&mut self, node: NodeIndex) -> View {
        View::clone(&self.machines[node.at()].node().view())
    }

    fn held(&mut self, node: NodeIndex, partition: PartitionId, key: &Bytes) -> Held {
        let key = key.clone();
        let node = self.machines[node.at()].node();
        self.runner.block_on(node.look(move |shard| {
            let found = shard.replicas().find(|(held, _)| *held == partition);
            Held::by(found.unwrap().1, &key)
        }))
    }
}
