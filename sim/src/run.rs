//! One run: a plan carried out, and everything checked that it promises.
//!
//! A run has five acts. The cluster is **founded**. In the **turmoil** clients work and faults come
//! and go. Then all is **healed**: within a stated time the cluster must be whole, and whatever is
//! asked of it from then on must be done. When nothing is on its way any more it is **quiet**:
//! replicas that missed nothing must hold the same. At last every key is **read** at all of its
//! replicas, after which all of them must hold the same, come what may; and the history of all
//! that clients did and saw goes to the checkers.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::time::Duration;

use peer_ring_core::app::Apps;
use peer_ring_core::rare::{self, Chances};

use crate::check::kept::Kept;
use crate::check::{self, Violation, convergence, durable, liveness, resources};
use crate::faults::Kind;
use crate::history::{Call, History, Outcome};
use crate::plan::{Plan, Topology};
use crate::schedule::Schedule;
use crate::time::Time;
use crate::trace::{Line, Trace};
use crate::workload::{Alarm, Clients};
use crate::world::{Happening, Traffic, World};

/// The number of the schedule's first alarm; those of clients are smaller.
const SCHEDULE_ALARMS: u64 = 1 << 62;
/// How long a cluster may take to be founded.
const FOUNDED_WITHIN: Duration = Duration::from_secs(5);
/// How many operations each client has on the healed cluster.
const OPERATIONS_AFTER_HEAL: u32 = 4;
/// How long the healed cluster is given for each of them.
const TIMEOUT_AFTER_HEAL: Duration = Duration::from_secs(2);
/// Longer than any message can be on its way.
const QUIET_AFTER: Duration = Duration::from_secs(4);

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// The hash of its trace.
    pub hash: u64,
    /// How many events it had.
    pub events: u64,
    /// How long it lasted, in its own time.
    pub simulated: Duration,
    /// What came of its operations.
    pub operations: Operations,
    /// How many faults of each kind began.
    pub faults: BTreeMap<Kind, u64>,
    /// How many faults the budget forbade.
    pub over_budget: u64,
    /// What happened to messages.
    pub traffic: Traffic,
    /// The first promise that was broken, if any was.
    pub violation: Option<Violation>,
}

impl Outcomes {
    /// Those of a run that was cut short.
    #[must_use]
    pub(crate) fn nothing() -> Self {
        Self {
            hash: 0,
            events: 0,
            simulated: Duration::ZERO,
            operations: Operations::default(),
            faults: BTreeMap::new(),
            over_budget: 0,
            traffic: Traffic::default(),
            violation: None,
        }
    }
}

/// How many operations had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// They were done.
    pub done: u64,
    /// They were surely not done.
    pub failed: u64,
    /// Nobody knows.
    pub unknown: u64,
}

/// Carries out a plan.
#[must_use]
pub fn run(plan: &Plan) -> Outcomes {
    Run::new(plan, Trace::default()).play()
}

/// Carries out a plan and keeps every line of its trace.
#[must_use]
pub fn trace(plan: &Plan) -> (Outcomes, Vec<Line>, History) {
    let mut run = Run::new(plan, Trace::with_lines());
    let outcomes = run.play();
    (outcomes, run.world.trace().lines().to_vec(), run.clients.history().clone())
}

struct Run<'a> {
    plan: &'a Plan,
    world: World,
    clients: Clients,
    schedule: Schedule,
    kept: Kept,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, trace: Trace) -> Self {
        let mut apps = Apps::new();
        apps.add(plan.kv()).expect("there is no other app");
        Self {
            plan,
            world: World::new(plan.seed, plan.cluster.clone(), apps, trace),
            clients: Clients::new(plan.seed, plan.workload.clone(), plan.kv()),
            schedule: Schedule::new(plan.faults.clone()),
            kept: Kept::default(),
        }
    }

    fn play(&mut self) -> Outcomes {
        let violation = self.acts().err();
        let now = self.world.now();
        Outcomes {
            hash: self.world.trace().hash(),
            events: now.event,
            simulated: now.at.since(Time::ZERO),
            operations: Operations::of(self.clients.history()),
            faults: self.schedule.begun(),
            over_budget: self.schedule.over_budget(),
            traffic: self.world.traffic(),
            violation,
        }
    }

    fn acts(&mut self) -> Result<(), Violation> {
        self.found()?;
        self.suffer()?;
        self.recover()?;
        self.fall_quiet()?;
        self.read_all()?;
        self.check_history()
    }

    fn found(&mut self) -> Result<(), Violation> {
        self.schedule.set_alarms(SCHEDULE_ALARMS, &mut self.world);
        for node in self.world.nodes() {
            self.world.start(node);
        }
        self.drive_until(FOUNDED_WITHIN, |run| run.world.is_whole())?;
        liveness::check_whole(&self.world)
    }

    fn suffer(&mut self) -> Result<(), Violation> {
        self.clients.go(&mut self.world, self.plan.workload.operations_each);
        self.drive_for(self.plan.turmoil)
    }

    fn recover(&mut self) -> Result<(), Violation> {
        self.clients.stop();
        rare::choose(Chances::default());
        self.schedule.heal(&mut self.world);
        self.drive_until(liveness::WHOLE_WITHIN, |run| run.world.is_whole())?;
        liveness::check_whole(&self.world)?;
        let patience = self.plan.workload.patience;
        self.drive_until(patience, |run| run.clients.are_idle())?;
        self.clients.grant(TIMEOUT_AFTER_HEAL);
        let before = self.clients.history().operations().len();
        self.clients.go(&mut self.world, OPERATIONS_AFTER_HEAL);
        self.drive_until(Duration::from_secs(60), |run| run.clients.are_done())?;
        liveness::check_done(&self.clients.history().operations()[before..])
    }

    fn fall_quiet(&mut self) -> Result<(), Violation> {
        self.drive_for(QUIET_AFTER)?;
        self.kept.check_all(&self.world, self.plan.topology.w)?;
        if self.schedule.begun().keys().any(|kind| kind.loses_writes()) {
            return Ok(());
        }
        convergence::check(&self.world)
    }

    fn read_all(&mut self) -> Result<(), Violation> {
        let n = NonZeroU8::new(self.plan.topology.n).expect("a topology has no zeros");
        let before = self.clients.history().operations().len();
        self.clients.read_all(&mut self.world, n);
        self.drive_for(TIMEOUT_AFTER_HEAL)?;
        liveness::check_done(&self.clients.history().operations()[before..])?;
        convergence::check(&self.world)?;
        resources::check(&self.world)
    }

    fn check_history(&self) -> Result<(), Violation> {
        self.world.rings().check()?;
        check::history(self.clients.history(), self.plan.topology.promise)
    }

    /// Goes on for a time, or until `is_reached`; looks for that every few milliseconds.
    fn drive_until(
        &mut self,
        most: Duration,
        is_reached: impl Fn(&Self) -> bool,
    ) -> Result<(), Violation> {
        let end = self.world.now().at + most;
        while self.world.now().at < end && !is_reached(self) {
            self.drive_for(Duration::from_millis(20))?;
        }
        Ok(())
    }

    fn drive_for(&mut self, span: Duration) -> Result<(), Violation> {
        let end = self.world.now().at + span;
        while let Some(happening) = self.world.next(end) {
            self.take(happening)?;
        }
        Ok(())
    }

    fn take(&mut self, happening: Happening) -> Result<(), Violation> {
        resources::check_bounds(&self.world)?;
        match happening {
            Happening::Alarm(alarm) if alarm >= SCHEDULE_ALARMS => {
                self.schedule.take_alarm(alarm - SCHEDULE_ALARMS, &mut self.world);
            }
            Happening::Alarm(alarm) => {
                self.clients.take_alarm(Alarm::decode(alarm), &mut self.world);
            }
            Happening::Crashed(node) => self.clients.take_crash(node, &mut self.world),
            Happening::Reply { caller, result } => {
                let number = self.clients.take_reply(caller, &result, &mut self.world);
                if let Some(number) = number {
                    self.kept.see(self.clients.history().get(number));
                    self.check_acknowledged(number)?;
                }
            }
        }
        Ok(())
    }

    fn check_acknowledged(&self, number: usize) -> Result<(), Violation> {
        let operation = self.clients.history().get(number);
        let Topology { r, w, .. } = self.plan.topology;
        let wanted = match operation.call {
            Call::Get => r,
            Call::Put { .. } | Call::Delete => w,
        };
        durable::check(&self.world, operation, wanted)?;
        self.kept.check(&self.world, operation.key, w)
    }
}

impl Operations {
    fn of(history: &History) -> Self {
        let mut sum = Self::default();
        for operation in history.operations() {
            match operation.outcome {
                Outcome::Done(_) => sum.done += 1,
                Outcome::Failed { .. } => sum.failed += 1,
                Outcome::Unknown => sum.unknown += 1,
            }
        }
        sum
    }
}
