//! A client: many commands under way at once, for one connection.

use std::time::Duration;

use peer_ring_core::app::{App, decode};
use peer_ring_core::failure::Failure;
use tokio::sync::mpsc;

use crate::handle::{Handle, hand_in};
use crate::shard_port::{Answer, Call, Reply};

/// Puts commands to a node in batches and takes replies as they come.
///
/// Commands are queued, then handed over together, one message per shard. Each bears a tag of the
/// caller's choice, and so does its reply; replies come in any order. What is under way when the
/// client is dropped runs to its end, and nobody is told.
pub struct Client<A: App> {
    handle: Handle<A>,
    queued: Vec<Vec<Call>>,
    in_flight: usize,
    sender: mpsc::UnboundedSender<(u64, Answer)>,
    receiver: mpsc::UnboundedReceiver<(u64, Answer)>,
}

impl<A: App> Client<A> {
    pub(crate) fn new(handle: Handle<A>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let queued = handle.shared.shards.iter().map(|_| Vec::new()).collect();
        Self { handle, queued, in_flight: 0, sender, receiver }
    }

    /// Queues a command. Its reply comes under `tag`, within `timeout`.
    pub fn queue(&mut self, tag: u64, command: &A::Command, timeout: Duration) {
        self.in_flight += 1;
        let reply = Reply::Tagged(tag, self.sender.clone());
        match self.handle.prepare(command, timeout) {
            Ok((shard, ask)) => {
                let caller = self.handle.shared.next_caller();
                self.queued[shard].push(Call { caller, ask, reply });
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
        let (tag, answer) = self.receiver.recv().await.expect("this client holds a sender");
        self.in_flight -= 1;
        (tag, decode_reply(answer))
    }

    /// The next reply and its tag, if one is there.
    pub fn try_next(&mut self) -> Option<(u64, Result<A::Reply, Failure>)> {
        let (tag, answer) = self.receiver.try_recv().ok()?;
        self.in_flight -= 1;
        Some((tag, decode_reply(answer)))
    }

    /// How many commands were queued and not replied to.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }
}

/// The typed reply of an answer. A reply that cannot be decoded comes from another version.
pub(crate) fn decode_reply<R: serde::de::DeserializeOwned>(answer: Answer) -> Result<R, Failure> {
    decode(&answer?).map_err(|_| Failure::BadCommand)
}
