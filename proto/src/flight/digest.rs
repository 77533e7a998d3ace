//! Digests: what an actor asked for in one turn, so short that it can be compared and not read.

use std::fmt::Write;

use peer_ring_core::chain::{Ballot, State};
use peer_ring_core::standing::Report;
use peer_ring_core::view::View;
use peer_ring_core::wiring::{ControlOut, ShardOut};
use xxhash_rust::xxh3::xxh3_64;

use crate::flight::cursor::{put_bytes, put_u64};
use crate::flight::input::{put_message, put_progress};

/// How many orders an actor gave in one turn, and a hash of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many.
    pub count: u32,
    /// The hash: equal for equal orders, in any build.
    pub hash: u64,
}

/// An order that a digest can be made of.
pub trait Digested {
    /// Lays down all that tells it from another order.
    fn lay_down(&self, into: &mut Vec<u8>);
}

impl Digest {
    /// The digest of these orders; `scratch` is room that is used again.
    pub fn of<'a, O: Digested + 'a>(
        orders: impl ExactSizeIterator<Item = &'a O>,
        scratch: &mut Vec<u8>,
    ) -> Self {
        let count = u32::try_from(orders.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return Self::default();
        }
        scratch.clear();
        orders.for_each(|order| order.lay_down(scratch));
        Self { count, hash: xxh3_64(scratch) }
    }
}

impl Digested for ShardOut {
    fn lay_down(&self, into: &mut Vec<u8>) {
        match self {
            Self::Send { to, message } => {
                into.push(1);
                put_u64(into, to.0);
                put_message(into, message);
            }
            Self::Reply { caller, result: Ok(reply) } => {
                into.push(2);
                put_u64(into, caller.0);
                put_bytes(into, reply);
            }
            Self::Reply { caller, result: Err(failure) } => {
                into.push(3);
                put_u64(into, caller.0);
                put_shown(into, format_args!("{failure:?}"));
            }
            Self::Report(Report::Progress(progress)) => {
                into.push(4);
                put_progress(into, *progress);
            }
            Self::Report(Report::OtherRing(seat)) => {
                into.push(5);
                put_u64(into, seat.0);
            }
        }
    }
}

impl Digested for ControlOut {
    fn lay_down(&self, into: &mut Vec<u8>) {
        match self {
            Self::Connect { name, address } => {
                into.push(1);
                put_bytes(into, name.as_str().as_bytes());
                put_bytes(into, address.as_bytes());
            }
            Self::Disconnect { seat } => {
                into.push(2);
                put_u64(into, seat.0);
            }
            Self::Send { to, message } => {
                into.push(3);
                put_u64(into, to.0);
                put_message(into, message);
            }
            Self::View(view) => {
                into.push(4);
                put_view(into, view);
            }
            Self::Impossible(why) => {
                into.push(5);
                put_shown(into, format_args!("{why}"));
            }
            Self::Keep { number, state } => {
                into.push(6);
                put_u64(into, *number);
                put_state(into, state);
            }
            Self::Answer { caller, result: Ok(epoch) } => {
                into.push(7);
                put_u64(into, caller.0);
                put_u64(into, epoch.0);
            }
            Self::Answer { caller, result: Err(refused) } => {
                into.push(8);
                put_u64(into, caller.0);
                put_shown(into, format_args!("{refused:?}"));
            }
            Self::Left => into.push(9),
        }
    }
}

fn put_view(into: &mut Vec<u8>, view: &View) {
    if let Some(ring) = &view.ring {
        put_u64(into, ring.epoch().0);
        put_u64(into, ring.fingerprint());
    }
    for peer in view.health.peers() {
        put_u64(into, peer.seat.0);
        put_bytes(into, peer.state.as_str().as_bytes());
        put_u64(into, peer.id.map_or(0, |id| id.0));
    }
}

fn put_state(into: &mut Vec<u8>, state: &State) {
    let State { ring, promised, accepted } = state;
    put_u64(into, ring.as_ref().map_or(0, |ring| ring.fingerprint()));
    let (ballot, ring) = accepted
        .as_ref()
        .map_or((Ballot::default(), 0), |(ballot, ring)| (*ballot, ring.fingerprint()));
    put_u64(into, ring);
    for Ballot { round, seat } in [*promised, ballot] {
        put_u64(into, round);
        put_u64(into, seat.0);
    }
}

fn put_shown(into: &mut Vec<u8>, shown: std::fmt::Arguments<'_>) {
    let mut text = String::new();
    text.write_fmt(shown).expect("a string takes any text");
    put_bytes(into, text.as_bytes());
}
