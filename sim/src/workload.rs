//! The workload: clients of the key-value store, each with one operation at a time.
//!
//! A client asks any node about any key, waits for the answer, rests, and asks again. When it has
//! waited long enough it gives up, and does not know what came of it; when its node dies it knows
//! that at once, and no more. Every value is written once, and is the number of the operation that
//! wrote it, so that a read tells which write it has seen.

mod client;

use std::num::NonZeroU8;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use peer_ring_core::app;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::CallerId;
use peer_ring_core::quorum::Need;
use peer_ring_kv::{Action, Command, Expiry, Kv, Namespace, Quorum, Reply};

pub use client::Client;

use crate::ask;
use crate::history::{Call, Done, History, Operation, Outcome};
use crate::random::Chance;
use crate::time::Moment;
use crate::world::{NodeIndex, World};

/// What clients do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// How many clients there are.
    pub clients: u32,
    /// How many keys they share.
    pub keys: u32,
    /// How many operations each client has, at most.
    pub operations_each: u32,
    /// How many of the operations read.
    pub gets: Chance,
    /// How many of those that do not read delete.
    pub deletes: Chance,
    /// How many of those that write a value let it expire.
    pub expiring: Chance,
    /// For how long such a value lives.
    pub time_to_live: RangeInclusive<Duration>,
    /// Whether every command waits for all replicas, and says so with [`Need::All`].
    pub is_unanimous: bool,
    /// How many bytes a value has.
    pub value_bytes: RangeInclusive<usize>,
    /// How likely a client rests before its next operation, instead of asking at once.
    pub rests: Chance,
    /// For how long it rests.
    pub rest: RangeInclusive<Duration>,
    /// How long the system is given for an operation.
    pub timeout: Duration,
    /// How long a client waits for an answer before it gives up.
    pub patience: Duration,
}

/// The store's clients at work.
pub struct Clients {
    workload: Workload,
    kv: Kv,
    clients: Vec<Client>,
    history: History,
    is_stopped: bool,
}

/// What a client may be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// It is this client's turn.
    Turn(u32),
    /// The client of this operation has waited long enough.
    Patience(usize),
}

impl Clients {
    /// Clients of the store `kv`, all resting.
    #[must_use]
    pub fn new(seed: u64, workload: Workload, kv: Kv) -> Self {
        let clients = (0..workload.clients).map(|number| Client::new(seed, number)).collect();
        Self { workload, kv, clients, history: History::default(), is_stopped: true }
    }

    /// What they did and saw so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Lets each client take its turn from now on, for at most `operations` more.
    pub fn go(&mut self, world: &mut World, operations: u32) {
        self.is_stopped = false;
        for client in &mut self.clients {
            client.left = operations;
            client.rest(&self.workload, world);
        }
    }

    /// Gives the system so long for each operation from now on; clients wait a little longer.
    pub fn grant(&mut self, timeout: Duration) {
        self.workload.timeout = timeout;
        self.workload.patience = timeout + Duration::from_millis(100);
    }

    /// Lets no client begin anything more.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Whether every client has its answer.
    #[must_use]
    pub fn are_idle(&self) -> bool {
        self.clients.iter().all(|client| client.waits_for.is_none())
    }

    /// Whether no client has anything left to do.
    #[must_use]
    pub fn are_done(&self) -> bool {
        self.clients.iter().all(|client| client.waits_for.is_none() && client.left == 0)
    }

    /// Does what a client was to be woken for.
    pub fn take_alarm(&mut self, alarm: Alarm, world: &mut World) {
        match alarm {
            Alarm::Turn(client) => self.take_turn(client, world),
            Alarm::Patience(number) => {
                let Operation { client, node, .. } = *self.history.get(number);
                if self.clients.get(client as usize).is_some_and(|c| c.waits_for == Some(number)) {
                    world.abandon(node, CallerId(number as u64));
                    self.release(client, world);
                }
            }
        }
    }

    /// Takes an answer. The number of the operation it ends; `None` when nobody waits for it.
    pub fn take_reply(
        &mut self,
        caller: CallerId,
        result: &Result<Bytes, Failure>,
        world: &mut World,
    ) -> Option<usize> {
        let number = usize::try_from(caller.0).expect("the number of an operation");
        let client = self.history.get(number).client;
        let waits = self.clients.get(client as usize).is_none_or(|c| c.waits_for == Some(number));
        if !waits {
            return None;
        }
        let invoked = self.history.get(number).invoked;
        self.history.end(number, outcome(result, invoked, world));
        self.release(client, world);
        Some(number)
    }

    /// Tells the clients of a node that it has died.
    pub fn take_crash(&mut self, node: NodeIndex, world: &mut World) {
        for client in 0..self.clients.len() {
            let waits_for = self.clients[client].waits_for;
            if waits_for.is_some_and(|number| self.history.get(number).node == node) {
                self.release(self.clients[client].number, world);
            }
        }
    }

    /// Reads every key at all of its replicas, as somebody who is none of the clients.
    pub fn read_all(&mut self, world: &mut World, replicas: NonZeroU8) {
        let auditor = u32::MAX;
        for key in 0..self.workload.keys {
            let node = NodeIndex(
                u8::try_from(key % u32::from(world.cluster().nodes))
                    .expect("less than the number of nodes"),
            );
            let quorum = Quorum { n: None, q: Some(replicas) };
            self.begin(world, auditor, node, key, Call::Get, quorum);
        }
    }

    fn take_turn(&mut self, client: u32, world: &mut World) {
        let nodes = world.cluster().nodes;
        let state = &mut self.clients[client as usize];
        state.is_resting = false;
        if self.is_stopped || state.left == 0 || state.waits_for.is_some() {
            return;
        }
        state.left -= 1;
        let value = self.history.operations().len() as u64;
        let (node, key, call) = state.choose(&self.workload, nodes, value, world);
        let number = self.begin(world, client, node, key, call, Quorum::default());
        if self.history.get(number).may_have_happened() {
            self.clients[client as usize].waits_for = Some(number);
            let alarm = Alarm::Patience(number).encode();
            world.set_alarm(world.now().at + self.workload.patience, alarm);
        } else {
            self.release(client, world);
        }
    }

    /// Asks, and enters the operation. Its number.
    fn begin(
        &mut self,
        world: &mut World,
        client: u32,
        node: NodeIndex,
        key: u32,
        call: Call,
        quorum: Quorum,
    ) -> usize {
        let number = self.history.operations().len();
        let bytes = self
            .clients
            .get_mut(client as usize)
            .map_or(0, |client| client.value_bytes(&self.workload));
        let action = action(key, call, bytes);
        let command = Command { namespace: Namespace::default(), quorum, action };
        let mut ask = ask::of(&self.kv, &command, self.workload.timeout);
        if self.workload.is_unanimous {
            ask.plan.need = Need::All;
        }
        let asked = world.ask(node, CallerId(number as u64), ask);
        let invoked = world.now();
        let outcome = match asked {
            Ok(()) => Outcome::Unknown,
            Err(_) => Outcome::Failed { returned: invoked, failure: None },
        };
        self.history.begin(Operation { client, node, key, call, invoked, outcome })
    }

    /// Lets a client go on to its next operation.
    fn release(&mut self, client: u32, world: &mut World) {
        if let Some(client) = self.clients.get_mut(client as usize) {
            client.waits_for = None;
            client.rest(&self.workload, world);
        }
    }
}

/// The name of a key, as the store knows it.
#[must_use]
pub fn key_name(key: u32) -> Bytes {
    Bytes::from(format!("key-{key}"))
}

fn action(key: u32, call: Call, bytes: usize) -> Action {
    let key = key_name(key);
    match call {
        Call::Get => Action::Get { key },
        Call::Delete => Action::Delete { key },
        Call::Put { value, expires } => {
            let expires = expires.map(|wall| Expiry(wall.0));
            let mut padded = BytesMut::with_capacity(bytes.max(8));
            padded.put_u64(value);
            padded.resize(bytes.max(8), b'.');
            Action::Put { key, value: padded.freeze(), expires }
        }
    }
}

fn outcome(result: &Result<Bytes, Failure>, invoked: Moment, world: &World) -> Outcome {
    let (returned, latest_wall) = (world.now(), world.latest_wall());
    let earliest_wall = world.earliest_wall(invoked.at);
    let reply = match result {
        Ok(reply) => app::decode(reply).expect("the store answers in its own encoding"),
        Err(failure) if failure.may_have_happened() => return Outcome::Unknown,
        Err(failure) => return Outcome::Failed { returned, failure: Some(failure.clone()) },
    };
    let (found, version) = match reply {
        Reply::Value(Some(found)) => {
            let value = found.value.first_chunk().expect("a value begins with its number");
            (Some(u64::from_be_bytes(*value)), found.version)
        }
        Reply::Value(None) => (None, Default::default()),
        Reply::Done { version, .. } => (None, version),
        reply @ (Reply::Keys(_) | Reply::Count(_)) => panic!("nobody asked for {reply:?}"),
    };
    Outcome::Done(Done { returned, latest_wall, earliest_wall, found, version })
}

impl Alarm {
    /// The number by which the world knows it.
    #[must_use]
    pub fn encode(self) -> u64 {
        match self {
            Self::Turn(client) => u64::from(client) << 1,
            Self::Patience(number) => (number as u64) << 1 | 1,
        }
    }

    /// What [`Alarm::encode`] was given.
    #[must_use]
    pub fn decode(number: u64) -> Self {
        if number & 1 == 0 {
            Self::Turn(u32::try_from(number >> 1).expect("the number of a client"))
        } else {
            Self::Patience(usize::try_from(number >> 1).expect("the number of an operation"))
        }
    }
}
