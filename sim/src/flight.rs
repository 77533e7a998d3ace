//! Replays what a real node's flight recorder kept: the same actors through the same turns.
//!
//! A [`Recording`] says what a node's actors were built from and what each was given, and when.
//! [`Replay`] builds those actors from production's own code, gives them the same, one turn after
//! the other, and compares what they ask for with what the node's asked for. As long as that agrees
//! they are where the node was, and everything in them can be looked at, up to the very turn of an
//! incident. When it does not agree, the recording is of another build or something was decided by
//! what no actor may know, and the replay says at which entry.
//!
//! [`Words`] tells turns to people, [`Follow`] finds those that a key had to do with, and
//! [`state`] is what the node believed. How keys and values read is the app's own: [`Lexicon`].
//! `peer-ring flight replay` does this for the key-value store; for an app of yours it is this:
//!
//! ```no_run
//! use peer_ring_core::app::Apps;
//! use peer_ring_kv::Kv;
//! use peer_ring_proto::flight::Recording;
//! use peer_ring_sim::flight::{KvLexicon, Replay, Words};
//!
//! let mut apps = Apps::new();
//! apps.add(Kv::default())?; // your apps, as they were given to the node
//! let recording = Recording::read(std::fs::read("n1-1764201600000.flight")?.into())?;
//! let mut words = Words::new(&recording.header().clone(), &KvLexicon);
//! let mut replay = Replay::new(recording, &apps)?;
//! while let Some(turn) = replay.turn()? {
//!     words.learn(&turn);
//!     println!("{} {}", turn.number, words.input(&turn.entry.step));
//!     // replay.shards() and replay.control() are now where the node was after this turn.
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod follow;
mod kv;
mod lexicon;
pub mod state;
#[cfg(test)]
mod tests;
mod words;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use peer_ring_core::actor::{Actor, Now, Outbox};
use peer_ring_core::app::Apps;
use peer_ring_core::id::Desk;
use peer_ring_core::view::View;
use peer_ring_core::wiring::{
    Control, ControlIn, ControlOut, Shard, ShardIn, ShardOut, ShardSettings,
};
use peer_ring_proto::flight::{Digest, Digested, Entry, FlightError, Outcome, Recording, Step};
use thiserror::Error;

pub use follow::Follow;
pub use kv::KvLexicon;
pub use lexicon::{Lexicon, Said};
pub use words::Words;

/// The actors of a recorded node, put through its turns.
pub struct Replay {
    recording: Recording,
    next: usize,
    control: Control,
    shards: Vec<Shard>,
    /// The views that control gave out.
    views: Vec<View>,
    /// How many of them each shard was given.
    given: Vec<usize>,
    scratch: Vec<u8>,
}

/// One turn of one actor.
#[derive(Debug)]
pub struct Turn {
    /// The number of its entry, from zero.
    pub number: usize,
    /// What the actor was given, and what came of it at the node.
    pub entry: Entry,
    /// What it asks for in the replay.
    pub orders: Orders,
    /// What its panic says, if it panics in the replay.
    pub panic: Option<String>,
}

/// What an actor asks for in one turn.
#[derive(Debug)]
pub enum Orders {
    /// The control actor.
    Control(Vec<ControlOut>),
    /// A shard.
    Shard(Vec<ShardOut>),
}

/// Why a recording cannot be replayed by these actors.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CannotReplay {
    /// It is of a node with other apps.
    #[error("the recording is of a node with the apps {recorded:?}, and here are {here:?}")]
    OtherApps {
        /// The node's.
        recorded: Vec<String>,
        /// Those given.
        here: Vec<String>,
    },
}

/// Why a replay goes no further.
#[derive(Debug, Error)]
pub enum Halt {
    /// The actor asks for something else than the node's did.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    /// A shard was given a view that control has not given out: the entry in which it did was lost
    /// with the end of the recording.
    #[error("entry {number}: a view whose making is not in the recording")]
    NoView {
        /// The entry.
        number: usize,
    },
    /// The entry cannot be read.
    #[error("entry {number}: {error}")]
    Unreadable {
        /// The entry.
        number: usize,
        /// Why.
        error: FlightError,
    },
}

/// A turn that did not end as it did at the node.
#[derive(Debug, Error)]
#[error(
    "entry {}: the node {}, and the replay {}",
    .turn.number, told(.turn.entry.outcome), told(*.here)
)]
pub struct Divergence {
    /// The turn, as it went here.
    pub turn: Turn,
    /// What came of it here.
    pub here: Outcome,
}

fn told(outcome: Outcome) -> String {
    let Outcome { digest: Digest { count, hash }, is_panicked } = outcome;
    let panicked = if is_panicked { " and panicked" } else { "" };
    let s = if count == 1 { "" } else { "s" };
    format!("gave {count} order{s} (hash {hash:016x}){panicked}")
}

impl Replay {
    /// The actors of the recorded node, as they were at its start.
    ///
    /// # Errors
    /// [`CannotReplay`] when they cannot be those.
    pub fn new(recording: Recording, apps: &Apps) -> Result<Self, CannotReplay> {
        let header = recording.header();
        let here: Vec<_> = apps.names().map(str::to_owned).collect();
        if header.apps != here {
            return Err(CannotReplay::OtherApps { recorded: header.apps.clone(), here });
        }
        let shard = |index| {
            Shard::in_memory(ShardSettings {
                seat: header.name().seat(),
                node: header.node(),
                index,
                shards: header.shards(),
                partitions: header.control.ring.partitions,
                coordinator: header.coordinator.clone(),
                has_records: header.has_records,
                transfers: header.transfers.clone(),
                apps: apps.clone(),
            })
        };
        let shards: Vec<_> = (0..header.shards()).map(shard).collect();
        Ok(Self {
            control: Control::new(header.control.clone()),
            given: vec![0; shards.len()],
            shards,
            views: Vec::new(),
            next: 0,
            recording,
            scratch: Vec::new(),
        })
    }

    /// What is replayed.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// How many turns were replayed.
    #[must_use]
    pub fn replayed(&self) -> usize {
        self.next
    }

    /// The control actor, as it is now.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The shards, as they are now.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Replays the next turn; `None` when there is none.
    ///
    /// # Errors
    /// [`Halt`] says why the replay goes no further.
    pub fn turn(&mut self) -> Result<Option<Turn>, Halt> {
        let number = self.next;
        if number == self.recording.len() {
            return Ok(None);
        }
        let unreadable = |error| Halt::Unreadable { number, error };
        // Once for the actor, which keeps it, and once to be shown.
        let given = self.recording.entry(number).map_err(unreadable)?;
        let entry = self.recording.entry(number).map_err(unreadable)?;
        let done = self.perform(given.now, given.step).ok_or(Halt::NoView { number })?;
        self.next += 1;
        let Done { orders, digest, panic } = done;
        let here = Outcome { digest, is_panicked: panic.is_some() };
        let agrees = here == entry.outcome;
        let turn = Turn { number, entry, orders, panic };
        if agrees {
            Ok(Some(turn))
        } else {
            Err(Halt::Diverged(Box::new(Divergence { turn, here })))
        }
    }

    /// Gives control an input, or wakes it, and keeps the views that it gives out.
    fn tell_control(&mut self, now: Now, input: Option<ControlIn>) -> Done<Orders> {
        let given = give(&mut self.control, now, input, &mut self.scratch);
        for order in &given.orders {
            if let ControlOut::View(view) = order {
                self.views.push(view.clone());
            }
        }
        given.by(Orders::Control)
    }

    /// Gives a shard an input, or wakes it.
    fn tell_shard(&mut self, index: u8, now: Now, input: Option<ShardIn>) -> Done<Orders> {
        let shard = &mut self.shards[usize::from(index)];
        give(shard, now, input, &mut self.scratch).by(Orders::Shard)
    }

    /// Gives an actor what it was given; `None` when that is not there.
    fn perform(&mut self, now: Now, step: Step) -> Option<Done<Orders>> {
        Some(match step {
            Step::Control(input) => self.tell_control(now, Some(input)),
            Step::Shard(index, input) => self.tell_shard(index, now, Some(input)),
            Step::Wake(Desk::Control) => self.tell_control(now, None),
            Step::Wake(Desk::Shard(index)) => self.tell_shard(index, now, None),
            Step::NextView(index) => {
                let given = &mut self.given[usize::from(index)];
                let view = self.views.get(*given)?.clone();
                *given += 1;
                self.tell_shard(index, now, Some(ShardIn::View(view)))
            }
        })
    }
}

/// What came of a turn here.
struct Done<O> {
    orders: O,
    digest: Digest,
    panic: Option<String>,
}

impl<O> Done<O> {
    fn by<P>(self, actor: impl FnOnce(O) -> P) -> Done<P> {
        Done { orders: actor(self.orders), digest: self.digest, panic: self.panic }
    }
}

/// Gives an actor an input, or wakes it when there is none.
fn give<A: Actor>(
    actor: &mut A,
    now: Now,
    input: Option<A::In>,
    scratch: &mut Vec<u8>,
) -> Done<Vec<A::Out>>
where
    A::Out: Digested,
{
    let mut out = Outbox::new();
    let turn = || match input {
        Some(input) => actor.handle(now, input, &mut out),
        None => actor.wake(now, &mut out),
    };
    let panic = catch_unwind(AssertUnwindSafe(turn)).err();
    let digest = Digest::of(out.iter(), scratch);
    let panic = panic.map(|panic| text_of(panic.as_ref()));
    Done { orders: out.drain().collect(), digest, panic }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
