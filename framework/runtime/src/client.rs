//! A client: many commands under way at once, for one connection.

use std::time::Duration;
use std::vec;

use peer_ring_core::app::{App, decode};
use peer_ring_core::failure::Failure;
use peer_ring_core::id::CallerId;
use tokio::sync::mpsc;

use crate::handle::{Handle, hand_in};
use crate::replies::{self, Answers};
use crate::shard_port::{Answer, Asked, Call, Reply};

/// Puts commands to a node in batches and takes replies as they come.
///
/// Commands are queued, then handed over together, one message per shard. Each bears a tag of the
/// caller's choice, and so does its reply; replies come in any order. What is under way when the
/// client is dropped is abandoned: the node forgets it, and it may have happened.
pub struct Client<A: App> {
    handle: Handle<A>,
    queued: Vec<Vec<Call>>,
    under_way: UnderWay,
    sender: replies::Sender,
    receiver: mpsc::UnboundedReceiver<Answers>,
    /// Answers that were taken from the receiver together and not returned yet.
    arrived: vec::IntoIter<(u64, Answer)>,
}

impl<A: App> Client<A> {
    pub(crate) fn new(handle: Handle<A>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let queued = handle.shared.shards.iter().map(|_| Vec::new()).collect();
        let (under_way, arrived) = (UnderWay::default(), Vec::new().into_iter());
        Self { handle, queued, under_way, sender, receiver, arrived }
    }

    /// Queues a command. Its reply comes under `tag`, within `timeout`.
    pub fn queue(&mut self, tag: u64, command: &A::Command, timeout: Duration) {
        let prepared = self.handle.prepare(command, timeout);
        let caller = self.handle.shared.next_caller();
        let shard = prepared.as_ref().map_or(0, |(shard, _)| *shard);
        let place = self.under_way.enter(Entry { tag, shard, caller });
        let reply = Reply::Tagged(place, self.sender.clone());
        match prepared {
            Ok((shard, ask)) => {
                self.queued[shard].push(Call::Ask(Asked { caller, ask, reply }));
            }
            Err(failure) => reply.send(Err(failure)),
        }
    }

    /// Hands over what was queued.
    pub fn flush(&mut self) {
        for (shard, calls) in self.handle.shared.shards.iter().zip(&mut self.queued) {
            if !calls.is_empty() {
                hand_in(shard, std::mem::take(calls));
            }
        }
    }

    /// The next reply and its tag. Waits for ever when nothing is under way; may be dropped while
    /// it waits without a loss.
    pub async fn next(&mut self) -> (u64, Result<A::Reply, Failure>) {
        loop {
            if let Some((place, answer)) = self.arrived.next() {
                return (self.under_way.leave(place), decode_reply(answer));
            }
            let arrived = self.receiver.recv().await.expect("this client holds a sender");
            self.arrived = arrived.into_iter();
        }
    }

    /// The next reply and its tag, if one is there.
    pub fn try_next(&mut self) -> Option<(u64, Result<A::Reply, Failure>)> {
        if self.arrived.len() == 0 {
            self.arrived = self.receiver.try_recv().ok()?.into_iter();
        }
        let (place, answer) = self.arrived.next()?;
        Some((self.under_way.leave(place), decode_reply(answer)))
    }

    /// How many commands were queued and not replied to.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.under_way.count()
    }
}

impl<A: App> Drop for Client<A> {
    fn drop(&mut self) {
        // What has an answer already, or was never handed over, is unknown to its shard: harmless.
        let mut calls: Vec<Vec<Call>> = self.queued.iter().map(|_| Vec::new()).collect();
        for Entry { shard, caller, .. } in self.under_way.entries() {
            calls[*shard].push(Call::Abandon(*caller));
        }
        for (shard, calls) in self.handle.shared.shards.iter().zip(calls) {
            if !calls.is_empty() {
                hand_in(shard, calls);
            }
        }
    }
}

/// Commands that have no reply yet, each in a place whose number its reply bears.
#[derive(Default)]
struct UnderWay {
    places: Vec<Option<Entry>>,
    free: Vec<usize>,
}

/// A command that has no reply yet.
struct Entry {
    tag: u64,
    shard: usize,
    caller: CallerId,
}

impl UnderWay {
    /// Takes a place for a command.
    fn enter(&mut self, entry: Entry) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(entry);
        place as u64
    }

    /// Frees the place of a command that has its reply. Its tag.
    fn leave(&mut self, place: u64) -> u64 {
        let place = usize::try_from(place).expect("it was given out");
        let entry = self.places[place].take().expect("a command has one reply");
        self.free.push(place);
        entry.tag
    }

    fn count(&self) -> usize {
        self.places.len() - self.free.len()
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.places.iter().flatten()
    }
}

/// The typed reply of an answer. A reply that cannot be decoded comes from another version.
pub(crate) fn decode_reply<R: serde::de::DeserializeOwned>(answer: Answer) -> Result<R, Failure> {
    decode(&answer?).map_err(|_| Failure::BadCommand)
}
