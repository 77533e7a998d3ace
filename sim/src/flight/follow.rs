//! Finds the turns that one key had to do with.
//!
//! A turn is about a key when what was given or ordered names it; and so are those that answer it,
//! which bear no key but a caller's or a request's number.

use std::collections::BTreeSet;

use bytes::Bytes;
use peer_ring_core::id::{AppId, CallerId, RequestId, Seat};
use peer_ring_core::key::Key;
use peer_ring_core::peer::{Body, Entry, Message, Request, Response};
use peer_ring_core::wiring::{ControlIn, ShardIn, ShardOut};
use peer_ring_proto::flight::Step;

use crate::flight::lexicon::Lexicon;
use crate::flight::{Orders, Turn};

/// Follows one key through a replay.
pub struct Follow<'a> {
    lexicon: &'a dyn Lexicon,
    key: Bytes,
    /// Callers that asked for something about it.
    callers: BTreeSet<CallerId>,
    /// This node's requests about it.
    ours: BTreeSet<RequestId>,
    /// Peers' requests about it.
    theirs: BTreeSet<(Seat, RequestId)>,
}

impl<'a> Follow<'a> {
    /// Follows this key of a client's.
    #[must_use]
    pub fn new(key: Bytes, lexicon: &'a dyn Lexicon) -> Self {
        let (callers, ours, theirs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { lexicon, key, callers, ours, theirs }
    }

    /// Whether a turn is about the key. To be asked of every turn, in order.
    pub fn is_about(&mut self, turn: &Turn) -> bool {
        let by_input = match &turn.entry.step {
            Step::Shard(_, input) => self.takes(input),
            Step::Control(ControlIn::Peer { .. } | ControlIn::Fact(_))
            | Step::Control(ControlIn::LinkUp { .. } | ControlIn::LinkDown { .. })
            | Step::Control(ControlIn::Leave | ControlIn::Shard { .. })
            | Step::Control(ControlIn::Order { .. } | ControlIn::Kept(_))
            | Step::NextView(_)
            | Step::Wake(_) => false,
        };
        let orders = match &turn.orders {
            Orders::Shard(orders) => &orders[..],
            Orders::Control(_) => &[],
        };
        orders.iter().fold(by_input, |is_about, order| self.sends(order) || is_about)
    }

    fn takes(&mut self, input: &ShardIn) -> bool {
        match input {
            ShardIn::Ask { caller, ask } => {
                let is_about = self.names(ask.app, &ask.command);
                if is_about {
                    self.callers.insert(*caller);
                }
                is_about
            }
            ShardIn::Abandon(caller) => self.callers.contains(caller),
            ShardIn::Peer { from, message } => self.hears(*from, message),
            ShardIn::Undelivered { id, .. } => self.ours.contains(id),
            ShardIn::View(_) | ShardIn::LinkLost { .. } => false,
        }
    }

    fn hears(&mut self, from: Seat, message: &Message) -> bool {
        match &message.body {
            Body::Request { id, request } => {
                let is_about = self.asks(request);
                if is_about {
                    self.theirs.insert((from, *id));
                }
                is_about
            }
            Body::Response { id, response } => self.ours.contains(id) || self.brings(response),
            Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => false,
        }
    }

    fn sends(&mut self, order: &ShardOut) -> bool {
        match order {
            ShardOut::Reply { caller, .. } => self.callers.contains(caller),
            ShardOut::Report(_) => false,
            ShardOut::Send { to, message } => match &message.body {
                Body::Request { id, request } => {
                    let is_about = self.asks(request);
                    if is_about {
                        self.ours.insert(*id);
                    }
                    is_about
                }
                Body::Response { id, response } => {
                    self.theirs.contains(&(*to, *id)) || self.brings(response)
                }
                Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => false,
            },
        }
    }

    fn asks(&self, request: &Request) -> bool {
        match request {
            Request::Execute(execute) => self.names(execute.app, &execute.command),
            Request::Apply { records, .. } => self.holds(records),
            Request::Fetch { keys, .. } => keys.iter().any(|key| self.is_under(key)),
            Request::Forward { app, command, .. } => self.names(*app, command),
            Request::Cancel { key } => *key == Key::new(&self.key),
            Request::Offer { held, .. } => held.iter().any(|(key, _)| self.is_under(key)),
            Request::Copy { .. } | Request::Compare { .. } | Request::Probe => false,
        }
    }

    fn brings(&self, response: &Response) -> bool {
        match response {
            Response::Fetched { records } | Response::Copied { records, .. } => self.holds(records),
            Response::Lacking { keys } => keys.iter().any(|key| self.is_under(key)),
            Response::Executed { .. }
            | Response::Compared { .. }
            | Response::Superseded { .. }
            | Response::Applied
            | Response::Forwarded(_)
            | Response::Alive
            | Response::Refused(_) => false,
        }
    }

    fn names(&self, app: AppId, command: &[u8]) -> bool {
        self.lexicon.command(app, command).is_some_and(|said| said.key.as_ref() == Some(&self.key))
    }

    fn holds(&self, records: &[Entry]) -> bool {
        records.iter().any(|entry| self.is_under(&entry.key))
    }

    fn is_under(&self, key: &[u8]) -> bool {
        self.lexicon.record(key).is_some_and(|said| said.key.as_ref() == Some(&self.key))
    }
}
