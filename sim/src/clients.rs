//! Clients at work: each has one call under way at a time.
//!
//! A client asks a node, waits for the answer, and asks again when the time of its next call has
//! come. When it has waited long enough it gives up, and does not know what came of it; when its
//! node dies it knows that at once, and no more.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::app;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::CallerId;

use crate::ask;
use crate::journal::{Entry, Outcome};
use crate::plan::{Patience, Plan, Planned};
use crate::random::Stream;
use crate::subject::{Asking, EntryOf, JournalOf, Subject};
use crate::time::Time;
use crate::world::{NodeIndex, World};

/// The client that asks at the very end, when the others are done.
pub const AUDITOR: u32 = u32::MAX;
/// How long the healed cluster is given for each call.
pub const TIMEOUT_AFTER_HEAL: Duration = Duration::from_secs(2);

/// The clients of a run.
pub struct Clients<'a, S: Subject> {
    subject: &'a S,
    plan: &'a Plan<S>,
    app: S::App,
    clients: Vec<Client>,
    journal: JournalOf<S>,
    patience: Patience,
    phase: Phase,
}

/// Clients do nothing until they **suffer**, with all that goes wrong; what they have not begun by
/// the heal is never asked. Then they **recover**.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Suffer,
    Recover {
        /// When the cluster was whole.
        since: Time,
    },
}

/// One client.
struct Client {
    /// The places in the plan of what it has still to ask.
    todo: VecDeque<usize>,
    /// The place in the journal of the call it waits for.
    waits_for: Option<usize>,
    /// For when the alarm for its next turn is set; an earlier one counts no more.
    alarm: Option<Time>,
}

/// What a client may be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// It is the turn of this client.
    Turn(u32),
    /// The client of the call at this place in the journal has waited long enough.
    Patience(usize),
}

impl<'a, S: Subject> Clients<'a, S> {
    /// The clients of a plan, all resting.
    #[must_use]
    pub fn new(subject: &'a S, plan: &'a Plan<S>) -> Self {
        let mut clients: Vec<Client> = Vec::new();
        for (place, planned) in plan.calls.iter().enumerate() {
            let number = planned.client as usize;
            while clients.len() <= number {
                clients.push(Client { todo: VecDeque::new(), waits_for: None, alarm: None });
            }
            clients[number].todo.push_back(place);
        }
        Self {
            subject,
            plan,
            app: subject.app(&plan.settings),
            clients,
            journal: JournalOf::<S>::default(),
            patience: plan.patience,
            phase: Phase::Idle,
        }
    }

    /// What they asked, and what came of it so far.
    #[must_use]
    pub fn journal(&self) -> &JournalOf<S> {
        &self.journal
    }

    /// What they asked, and what came of it, when all is over.
    #[must_use]
    pub fn into_journal(self) -> JournalOf<S> {
        self.journal
    }

    /// Lets each client take its turns from now on.
    pub fn suffer(&mut self, world: &mut World) {
        self.phase = Phase::Suffer;
        self.set_alarms(world);
    }

    /// Lets no client begin anything more.
    pub fn stop(&mut self) {
        self.phase = Phase::Idle;
    }

    /// Lets each client ask what it asks of a healthy cluster, which has time enough for it.
    pub fn recover(&mut self, world: &mut World) {
        let since = world.now().at;
        self.phase = Phase::Recover { since };
        let patience = TIMEOUT_AFTER_HEAL + Duration::from_millis(100);
        self.patience = Patience { timeout: TIMEOUT_AFTER_HEAL, patience };
        for client in &mut self.clients {
            client.alarm = None;
            client.todo.retain(|place| self.plan.calls[*place].at >= self.plan.heal);
        }
        self.set_alarms(world);
    }

    /// Whether every client has its answer.
    #[must_use]
    pub fn are_idle(&self) -> bool {
        self.clients.iter().all(|client| client.waits_for.is_none())
    }

    /// Whether no client has anything left to do.
    #[must_use]
    pub fn are_done(&self) -> bool {
        self.are_idle() && self.clients.iter().all(|client| client.todo.is_empty())
    }

    /// Does what a client was to be woken for.
    pub fn take_alarm(&mut self, alarm: Alarm, world: &mut World) {
        match alarm {
            Alarm::Turn(client) => self.take_turn(client, world),
            Alarm::Patience(place) => {
                let Entry { client, node, .. } = *self.journal.get(place);
                if self.waits_for(client, place) {
                    world.abandon(node, CallerId(place as u64));
                    self.release(client, world);
                }
            }
        }
    }

    /// Takes an answer. What it ends; `None` when nobody waits for it.
    pub fn take_reply(
        &mut self,
        caller: CallerId,
        result: &Result<Bytes, Failure>,
        world: &mut World,
    ) -> Option<&EntryOf<S>> {
        let place = usize::try_from(caller.0).expect("a place in the journal");
        let client = self.journal.get(place).client;
        if client != AUDITOR && !self.waits_for(client, place) {
            return None;
        }
        let (returned, latest_wall) = (world.now(), world.latest_wall());
        let earliest_wall = world.earliest_wall(self.journal.get(place).invoked.at);
        let outcome = match result {
            Ok(reply) => {
                let reply = app::decode(reply).expect("an app answers in its own encoding");
                Outcome::Done { returned, earliest_wall, latest_wall, reply }
            }
            Err(failure) if failure.may_have_happened() => Outcome::Unknown,
            Err(failure) => Outcome::Failed { returned, failure: Some(failure.clone()) },
        };
        self.journal.end(place, outcome);
        self.release(client, world);
        Some(self.journal.get(place))
    }

    /// Tells the clients of a node that it has died.
    pub fn take_crash(&mut self, node: NodeIndex, world: &mut World) {
        for (client, number) in (0..self.clients.len()).zip(0..) {
            let waits_for = self.clients[client].waits_for;
            if waits_for.is_some_and(|place| self.journal.get(place).node == node) {
                self.release(number, world);
            }
        }
    }

    /// Asks what is to be asked at the very end, as somebody who is none of the clients.
    pub fn audit(&mut self, world: &mut World) {
        let calls = self.subject.last_calls(&self.plan.settings, &self.plan.calls);
        let members: Vec<_> = world.up().filter(|node| world.is_named(*node)).collect();
        let nodes = members.into_iter().cycle();
        for ((call, node), number) in calls.into_iter().zip(nodes).zip(0..) {
            let (id, client, at) = (AUDITOR - number, AUDITOR, Time::ZERO);
            self.begin(&Planned { id, client, at, node, call }, world);
        }
    }

    fn set_alarms(&mut self, world: &mut World) {
        for (_, number) in (0..self.clients.len()).zip(0..) {
            self.set_alarm(number, world);
        }
    }

    /// Sets the alarm for a client's next turn, if it is to have one and there is none yet.
    fn set_alarm(&mut self, number: u32, world: &mut World) {
        let client = &mut self.clients[number as usize];
        let (None, Some(place)) = (client.alarm, client.todo.front()) else {
            return;
        };
        let Planned { id, at, .. } = self.plan.calls[*place];
        let at = match self.phase {
            Phase::Idle => return,
            Phase::Suffer if at >= self.plan.heal => return,
            Phase::Suffer => at,
            Phase::Recover { since } => since + at.since(self.plan.heal),
        };
        // An answer and the next question are never one moment.
        let pause = Duration::from_micros(1)..=Duration::from_micros(50);
        let pause = Stream::new(self.plan.seed, "pause", &[id.into()]).span(&pause);
        let at = at.max(world.now().at + pause);
        client.alarm = Some(at);
        world.set_alarm(at, Alarm::Turn(number).encode());
    }

    fn take_turn(&mut self, number: u32, world: &mut World) {
        let client = &mut self.clients[number as usize];
        if client.alarm != Some(world.now().at) {
            return;
        }
        client.alarm = None;
        if self.phase == Phase::Idle || client.waits_for.is_some() {
            return;
        }
        let Some(place) = client.todo.pop_front() else {
            return;
        };
        let mut planned = self.plan.calls[place].clone();
        if matches!(self.phase, Phase::Recover { .. }) {
            // Whoever was to be asked may have left, or never have come.
            planned.node = world.member_from(planned.node).unwrap_or(planned.node);
        }
        let place = self.begin(&planned, world);
        if self.journal.get(place).may_have_happened() {
            self.clients[number as usize].waits_for = Some(place);
            let alarm = Alarm::Patience(place).encode();
            world.set_alarm(world.now().at + self.patience.patience, alarm);
        } else {
            self.release(number, world);
        }
    }

    /// Asks, and enters the call. Its place in the journal.
    fn begin(&mut self, planned: &Planned<S::Call>, world: &mut World) -> usize {
        let Planned { id, client, node, call, .. } = planned;
        let settings = &self.plan.settings;
        let wall = world.clock(*node).wall;
        let asking = Asking { id: *id, wall };
        let command = self.subject.command(settings, call, asking);
        let mut ask = ask::of(&self.app, &command, self.patience.timeout);
        ask.plan = self.subject.plan(settings, ask.plan);
        let caller = CallerId(self.journal.entries().len() as u64);
        let asked = world.ask(*node, caller, ask);
        let invoked = world.now();
        let outcome = match asked {
            Ok(()) => Outcome::Unknown,
            Err(_) => Outcome::Failed { returned: invoked, failure: None },
        };
        let (id, client, node, call) = (*id, *client, *node, call.clone());
        self.journal.begin(Entry { id, client, node, call, wall, invoked, outcome })
    }

    fn waits_for(&self, client: u32, place: usize) -> bool {
        self.clients.get(client as usize).is_some_and(|client| client.waits_for == Some(place))
    }

    /// Lets a client go on to its next call.
    fn release(&mut self, number: u32, world: &mut World) {
        if let Some(client) = self.clients.get_mut(number as usize) {
            client.waits_for = None;
            self.set_alarm(number, world);
        }
    }
}

impl Alarm {
    /// The number by which the world knows it.
    #[must_use]
    pub fn encode(self) -> u64 {
        match self {
            Self::Turn(client) => u64::from(client) << 1,
            Self::Patience(place) => (place as u64) << 1 | 1,
        }
    }

    /// What [`Alarm::encode`] was given.
    #[must_use]
    pub fn decode(number: u64) -> Self {
        if number & 1 == 0 {
            Self::Turn(u32::try_from(number >> 1).expect("the number of a client"))
        } else {
            Self::Patience(usize::try_from(number >> 1).expect("a place in the journal"))
        }
    }
}
