//! One run: a plan carried out, and everything checked that is promised.
//!
//! A run has five acts. The cluster is **founded**. In the **turmoil** clients work and faults come
//! and go. Then all is **healed**: within a stated time the cluster must be whole, and whatever is
//! asked of it from then on must be done. When nothing is on its way any more it is **quiet**:
//! replicas that missed nothing must hold the same. At last the subject's **last calls** are made,
//! after which all replicas must hold the same, come what may; and the journal of all that clients
//! asked and were answered goes to the checkers.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use peer_ring_core::app::Apps;
use peer_ring_core::rare::{self, Chances, Mark};

use crate::check::{Class, Violation, convergence, liveness, resources, strays};
use crate::clients::{Alarm, Clients, TIMEOUT_AFTER_HEAL};
use crate::faults::Kind;
use crate::journal::{Entry, Outcome};
use crate::plan::Plan;
use crate::story::Story;
use crate::subject::{JournalOf, Subject};
use crate::time::{Moment, Time};
use crate::timetable::Timetable;
use crate::trace::{Line, Trace};
use crate::world::{Happening, Traffic, World};

/// The number of the timetable's first alarm; those of clients are smaller.
const TIMETABLE_ALARMS: u64 = 1 << 62;
/// How long a cluster may take to be founded.
const FOUNDED_WITHIN: Duration = Duration::from_secs(5);
/// Longer than any message can be on its way.
const QUIET_AFTER: Duration = Duration::from_secs(4);
/// Longer than all calls on a healthy cluster take.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The hash of its trace.
    pub hash: u64,
    /// How many events it had.
    pub events: u64,
    /// How long it lasted, in its own time.
    pub simulated: Duration,
    /// What came of its calls.
    pub operations: Operations,
    /// How many faults of each kind began.
    pub faults: BTreeMap<Kind, u64>,
    /// How many faults the budget forbade.
    pub over_budget: u64,
    /// What happened to messages.
    pub traffic: Traffic,
    /// How often each rare branch was taken.
    pub marks: BTreeMap<Mark, u64>,
    /// The first promise that was broken, if any was.
    pub violation: Option<Violation>,
}

/// How many calls had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// They were done.
    pub done: u64,
    /// They were surely not done.
    pub failed: u64,
    /// Nobody knows.
    pub unknown: u64,
}

/// A run that was watched.
pub struct Watched<S: Subject> {
    /// What came of it.
    pub outcomes: Outcomes,
    /// What clients asked, and what came of that.
    pub journal: JournalOf<S>,
    /// Each event, if they were to be kept.
    pub lines: Vec<Line>,
    /// When the run ended: with the violation, if there is one.
    pub end: Moment,
}

/// Carries out a plan. A panic in it is a violation of its own class.
#[must_use]
pub fn run<S: Subject>(subject: &S, plan: &Plan<S>) -> Outcomes {
    watch(subject, plan, Trace::default()).outcomes
}

/// Carries out a plan, and tells more about it; the trace keeps its lines if it is one that does.
#[must_use]
pub fn watch<S: Subject>(subject: &S, plan: &Plan<S>, trace: Trace) -> Watched<S> {
    finish(Run::new(subject, plan, trace)).0
}

/// Carries out a plan and writes its story down.
#[must_use]
pub fn record<S: Subject>(subject: &S, plan: &Plan<S>) -> (Watched<S>, Story) {
    let mut run = Run::new(subject, plan, Trace::default());
    run.world.record(subject.words());
    let (watched, world) = finish(run);
    let mut story = world.story().expect("it was told to record");
    story.explain(&watched.journal, watched.outcomes.violation.as_ref());
    (watched, story)
}

/// Carries out a run, and leaves the world as it was at its end.
fn finish<S: Subject>(mut run: Run<'_, S>) -> (Watched<S>, World) {
    // A run before this one may have panicked.
    let _ = rare::take();
    rare::choose(Chances::default());
    let acts = catch_unwind(AssertUnwindSafe(|| run.acts()));
    let violation = match acts {
        Ok(acts) => acts.err(),
        Err(panic) => {
            let text = text_of(panic.as_ref());
            Some(Violation { class: Class::Crash, checker: "panic", text })
        }
    };
    rare::choose(Chances::default());
    let end = run.world.now();
    let outcomes = Outcomes {
        hash: run.world.trace().hash(),
        events: end.event,
        simulated: end.at.since(Time::ZERO),
        operations: Operations::of(run.clients.journal()),
        faults: run.timetable.begun(),
        over_budget: run.timetable.over_budget(),
        traffic: run.world.traffic(),
        marks: rare::take(),
        violation,
    };
    let lines = run.world.trace().lines().to_vec();
    (Watched { outcomes, journal: run.clients.into_journal(), lines, end }, run.world)
}

struct Run<'a, S: Subject> {
    subject: &'a S,
    plan: &'a Plan<S>,
    world: World,
    clients: Clients<'a, S>,
    timetable: Timetable,
    memory: S::Memory,
}

/// How far a run was at some moment.
#[derive(Clone, Copy)]
struct SoFar {
    /// How many calls had been made.
    calls: usize,
    /// How many rings there had been.
    rings: usize,
}

impl<'a, S: Subject> Run<'a, S> {
    fn new(subject: &'a S, plan: &'a Plan<S>, trace: Trace) -> Self {
        let mut apps = Apps::new();
        apps.add(subject.app(&plan.settings)).expect("there is no other app");
        let mut world = World::new(plan.seed, plan.cluster.clone(), apps, trace);
        world.set_holders(subject.holders(&plan.settings, plan.cluster.ring.replicas));
        Self {
            subject,
            plan,
            world,
            clients: Clients::new(subject, plan),
            timetable: Timetable::new(plan.faults.clone()),
            memory: S::Memory::default(),
        }
    }

    fn acts(&mut self) -> Result<(), Violation> {
        self.found()?;
        self.suffer()?;
        self.recover()?;
        self.fall_quiet()?;
        self.look_at_all()?;
        self.world.rings().check()?;
        self.subject.judge(&self.plan.settings, self.clients.journal())
    }

    fn found(&mut self) -> Result<(), Violation> {
        self.timetable.set_alarms(TIMETABLE_ALARMS, &mut self.world);
        self.world.found();
        self.drive_until(FOUNDED_WITHIN, |run| run.world.is_whole())?;
        liveness::check_whole(&self.world, FOUNDED_WITHIN)
    }

    fn suffer(&mut self) -> Result<(), Violation> {
        let (seed, per_mille) = (self.plan.seed, self.plan.switches.clone());
        rare::choose(Chances { seed, per_mille });
        self.world.set_rise(self.plan.rise);
        self.clients.suffer(&mut self.world);
        let left = self.plan.heal.since(self.world.now().at);
        self.drive_for(left)
    }

    fn recover(&mut self) -> Result<(), Violation> {
        self.clients.stop();
        rare::choose(Chances::default());
        self.world.set_rise(1);
        self.timetable.heal(&mut self.world);
        self.world.complete();
        let within = liveness::whole_within(&self.world);
        self.drive_until(within, |run| run.world.is_whole())?;
        liveness::check_whole(&self.world, within)?;
        self.drive_until(self.plan.patience.patience, |run| run.clients.are_idle())?;
        let before = self.so_far();
        self.clients.recover(&mut self.world);
        self.drive_until(RECOVERED_WITHIN, |run| run.clients.are_done())?;
        self.check_done(before)
    }

    fn fall_quiet(&mut self) -> Result<(), Violation> {
        self.drive_for(QUIET_AFTER)?;
        self.subject.quiet(&self.plan.settings, &self.memory, &self.world)?;
        if self.timetable.begun().keys().any(|kind| kind.loses_writes()) {
            return Ok(());
        }
        convergence::check(&self.world)
    }

    fn look_at_all(&mut self) -> Result<(), Violation> {
        let before = self.so_far();
        self.clients.audit(&mut self.world);
        if self.so_far().calls > before.calls {
            self.drive_for(TIMEOUT_AFTER_HEAL)?;
            self.check_done(before)?;
            // Where some calls cannot be done they have repaired nothing.
            if !self.world.is_stunted() {
                convergence::check(&self.world)?;
            }
        }
        strays::check(&self.world)?;
        resources::check(&self.world)
    }

    fn so_far(&self) -> SoFar {
        let calls = self.clients.journal().entries().len();
        SoFar { calls, rings: self.world.rings().count() }
    }

    /// Whether every call since then was done, if there is anybody to do it. What was under way while
    /// the ring changed may have ended in doubt: a link that breaks for a moment can do that.
    fn check_done(&self, since: SoFar) -> Result<(), Violation> {
        if self.world.is_stunted() || self.so_far().rings > since.rings {
            return Ok(());
        }
        let entries = &self.clients.journal().entries()[since.calls..];
        liveness::check_done(entries, |entry| self.in_words(entry))
    }

    fn in_words(&self, entry: &Entry<S::Call, impl Sized>) -> String {
        let Entry { id, client, node, call, invoked, outcome, .. } = entry;
        let call = self.subject.write_call(call);
        let outcome = match outcome {
            Outcome::Unknown => "was not answered".to_owned(),
            Outcome::Done { .. } => "was done".to_owned(),
            Outcome::Failed { failure: Some(failure), .. } => format!("was refused: {failure}"),
            Outcome::Failed { failure: None, .. } => "found nobody".to_owned(),
        };
        format!(
            "call #{id} of client {client} at {node}, {call}, asked at {}, {outcome}",
            invoked.at
        )
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
            Happening::Alarm(alarm) if alarm >= TIMETABLE_ALARMS => {
                self.timetable.take_alarm(alarm - TIMETABLE_ALARMS, &mut self.world);
            }
            Happening::Alarm(alarm) => {
                self.clients.take_alarm(Alarm::decode(alarm), &mut self.world);
            }
            Happening::About(errand) => self.timetable.take_errand(errand, &mut self.world),
            Happening::Crashed(node) => self.clients.take_crash(node, &mut self.world),
            Happening::Reply { caller, result } => {
                let ended = self.clients.take_reply(caller, &result, &mut self.world);
                if let Some(entry) = ended {
                    let (settings, memory) = (&self.plan.settings, &mut self.memory);
                    self.subject.acknowledged(settings, memory, &self.world, entry)?;
                }
            }
        }
        Ok(())
    }
}

impl Operations {
    fn of<C, R>(journal: &crate::journal::Journal<C, R>) -> Self {
        let mut sum = Self::default();
        for entry in journal.entries() {
            match entry.outcome {
                Outcome::Done { .. } => sum.done += 1,
                Outcome::Failed { .. } => sum.failed += 1,
                Outcome::Unknown => sum.unknown += 1,
            }
        }
        sum
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
