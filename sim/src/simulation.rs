//! A cluster of simulated nodes that run your app: by hand, or by the thousand.
//!
//! By hand, its nodes are asked and hurt one step after another:
//!
//! ```
//! use std::time::Duration;
//!
//! use peer_ring_kv::{Action, Command, Kv, Reply};
//! use peer_ring_sim::Simulation;
//!
//! let mut sim = Simulation::new(7).nodes(3).app(Kv::default()).start();
//! let command = |action| Command { namespace: Default::default(), quorum: Default::default(), action };
//! let put = Action::Put { key: "a".into(), value: "1".into(), expires: None };
//! sim.ask("n1", command(put)).unwrap();
//!
//! sim.crash("n1");
//! sim.run_for(Duration::from_secs(1));
//! let Reply::Value(Some(found)) = sim.ask("n2", command(Action::Get { key: "a".into() })).unwrap()
//! else { panic!("an acknowledged write is lost") };
//! assert_eq!(found.value, "1");
//! ```
//!
//! By the thousand, clients ask what a workload draws, while faults come and go, and checks say
//! whether what they were answered is what was promised: see [`Campaign`].
//!
//! The nodes are production's own actors, and the time in it is not real. A simulation is a
//! function of its seed and of what is done to it.

mod campaign;
mod found;
mod yours;

use std::time::Duration;

use peer_ring_core::app::{App, Apps, decode};
use peer_ring_core::failure::Failure;
use peer_ring_core::id::CallerId;

pub use campaign::Campaign;
pub use found::{Files, Found};
pub use yours::{Seen, Yours};

use crate::ask;
use crate::cluster::Cluster;
use crate::faults::{Cut, Fault, Partition};
use crate::subject::Subject;
use crate::trace::Trace;
use crate::world::{Happening, Hop, NodeIndex, World};

/// How long a command may take when the caller does not say.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a cluster may take to be founded, or to be whole again.
const WHOLE_WITHIN: Duration = Duration::from_secs(30);

/// What a simulation is built from.
#[derive(Clone, Debug)]
pub struct Builder {
    seed: u64,
    nodes: u8,
    spares: u8,
    replicas: u8,
}

/// A cluster of simulated nodes that run the app `A`; they are called `n1`, `n2` and so on.
pub struct Simulation<A> {
    world: World,
    app: A,
    callers: u64,
    faults: Vec<(u32, Fault)>,
    count: u32,
}

impl Simulation<()> {
    /// A simulation of three nodes, to be told its app.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "it needs an app first")]
    pub fn new(seed: u64) -> Builder {
        Builder { seed, nodes: 3, spares: 0, replicas: 3 }
    }
}

impl Builder {
    /// How many nodes there are.
    #[must_use]
    pub fn nodes(self, nodes: u8) -> Self {
        Self { nodes, ..self }
    }

    /// How many more may come later, none if nothing is said. By hand they are started like those
    /// that crashed; in a campaign they come when they like, and nodes may go, too.
    #[must_use]
    pub fn spares(self, spares: u8) -> Self {
        Self { spares, ..self }
    }

    /// How many owners each partition has.
    #[must_use]
    pub fn replicas(self, replicas: u8) -> Self {
        Self { replicas, ..self }
    }

    /// The app that the nodes run.
    ///
    /// # Panics
    /// When the number of nodes is not 1 to 100, or that of replicas not 1 to 16.
    #[must_use]
    pub fn app<A: App>(self, app: A) -> Campaign<Yours<A>> {
        let nodes = self.nodes.saturating_add(self.spares);
        assert!(self.nodes > 0 && nodes <= 100, "{nodes} is not 1 to 100 nodes");
        assert!((1..=16).contains(&self.replicas), "{} is not 1 to 16 replicas", self.replicas);
        Campaign::new(self.seed, Yours::new(app, self.nodes, self.spares, self.replicas))
    }

    /// Something that knows by itself how many nodes it has, and what is asked and promised.
    #[must_use]
    pub fn subject<S: Subject>(self, subject: S) -> Campaign<S> {
        Campaign::new(self.seed, subject)
    }
}

impl<A: App> Campaign<Yours<A>> {
    /// Starts the nodes, and waits until the cluster is founded, to be asked and hurt by hand. They
    /// find each other by the first of the swarm's sources: `static`, if nothing was said.
    #[must_use]
    pub fn start(self) -> Simulation<A> {
        let source = self.options.faults.sources()[0];
        let Yours { app, nodes, spares, replicas, .. } = self.subject;
        let mut apps = Apps::new();
        apps.add(app.clone()).expect("there is no other app");
        let mut cluster = Cluster::new(nodes + spares, replicas);
        cluster.discovery.source = source;
        cluster.spares = (nodes..nodes + spares).map(NodeIndex).collect();
        let world = World::new(self.seed, cluster, apps, Trace::default());
        let mut simulation = Simulation { world, app, callers: 0, faults: Vec::new(), count: 0 };
        simulation.world.found();
        simulation.settle();
        simulation
    }
}

impl<A: App> Simulation<A> {
    /// Asks a node, and lets time pass until it has answered.
    ///
    /// # Errors
    /// [`Failure`], as in production; a node that is down, or crashes meanwhile, is as one that
    /// stops.
    pub fn ask(&mut self, node: &str, command: A::Command) -> Result<A::Reply, Failure> {
        self.ask_within(node, command, TIMEOUT)
    }

    /// Asks a node, and lets time pass until it has answered; it is given `timeout` for that.
    ///
    /// # Errors
    /// [`Failure`], as in production; a node that is down, or crashes meanwhile, is as one that
    /// stops.
    pub fn ask_within(
        &mut self,
        node: &str,
        command: A::Command,
        timeout: Duration,
    ) -> Result<A::Reply, Failure> {
        let node = self.index(node);
        let ask = ask::of(&self.app, &command, timeout);
        let may_have_happened = ask.plan.writes();
        self.callers += 1;
        let asked = CallerId(self.callers);
        let is_down = self.world.ask(node, asked, ask).is_err();
        if is_down {
            return Err(Failure::Stopping { may_have_happened: false });
        }
        // A node's clock may be slow, and it may be paused.
        let end = self.world.now().at + timeout * 2;
        while let Some(happening) = self.world.next(end) {
            match happening {
                Happening::Reply { caller, result } if caller == asked => {
                    return decode(&result?).map_err(|_| Failure::BadCommand);
                }
                Happening::Crashed(crashed) if crashed == node => {
                    return Err(Failure::Stopping { may_have_happened });
                }
                Happening::Reply { .. }
                | Happening::About(_)
                | Happening::Crashed(_)
                | Happening::Alarm(_) => {}
            }
        }
        self.world.abandon(node, asked);
        Err(Failure::TimedOut { acked: 0, wanted: 1, may_have_happened })
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.world.now().at + span;
        while self.world.next(end).is_some() {}
    }

    /// Lets time pass until every node that is up is a member, linked, and holds what it owns.
    ///
    /// # Panics
    /// When that takes longer than half a minute, as it does while a member is down.
    pub fn settle(&mut self) {
        let end = self.world.now().at + WHOLE_WITHIN;
        while let Some(unfinished) = self.world.is_unfinished() {
            assert!(self.world.now().at < end, "after {WHOLE_WITHIN:?}: {unfinished}");
            self.run_for(Duration::from_millis(10));
        }
    }

    /// Takes a node's memory. It stays down until it is started.
    pub fn crash(&mut self, node: &str) {
        let node = self.index(node);
        self.world.crash(node);
    }

    /// Tells a node to hand over what it has; it is down when it has done so.
    pub fn leave(&mut self, node: &str) {
        let node = self.index(node);
        self.world.leave(node);
    }

    /// Starts a node that is down, or was never there, with nothing in its memory.
    pub fn start(&mut self, node: &str) {
        let node = self.index(node);
        self.world.start(node);
    }

    /// Lets a node do nothing until it is resumed.
    pub fn pause(&mut self, node: &str) {
        let node = self.index(node);
        self.world.pause(node);
    }

    /// Lets a paused node go on.
    pub fn resume(&mut self, node: &str) {
        let node = self.index(node);
        self.world.resume(node);
    }

    /// Sets a node's wall clock forward, or back if `by_ms` is negative.
    pub fn jump_clock(&mut self, node: &str, by_ms: i64) {
        let node = self.index(node);
        self.world.jump_clock(node, by_ms);
    }

    /// Lets nothing through from one node to another, until healed.
    pub fn cut(&mut self, from: &str, to: &str) {
        let hop = Hop { from: self.index(from), to: self.index(to) };
        self.hurt(Fault::Cut(Cut { hop }));
    }

    /// Lets nothing through between two groups of nodes, until healed.
    pub fn partition(&mut self, one: &[&str], other: &[&str]) {
        let group = |names: &[&str]| names.iter().map(|name| self.index(name)).collect();
        self.hurt(Fault::Partition(Partition { one: group(one), other: group(other) }));
    }

    /// Begins any fault, whatever it may break. It lasts until healed.
    pub fn hurt(&mut self, fault: Fault) {
        self.count += 1;
        fault.begin(self.count, &mut self.world);
        self.faults.push((self.count, fault));
    }

    /// Ends all faults.
    pub fn heal(&mut self) {
        for (id, fault) in std::mem::take(&mut self.faults) {
            fault.end(id, &mut self.world);
        }
    }

    /// A hash of everything that has happened: equal for equal seeds and deeds.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.world.trace().hash()
    }

    /// The world, for a closer look.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    fn index(&self, name: &str) -> NodeIndex {
        let found = self.world.nodes().find(|node| node.to_string() == name);
        found.unwrap_or_else(|| panic!("there is no node {name} in this simulation"))
    }
}
