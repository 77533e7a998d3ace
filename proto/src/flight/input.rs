//! Inputs of a node's actors as bytes, and back.

use std::collections::BTreeMap;

use bytes::Bytes;
use peer_ring_core::app::Plan;
use peer_ring_core::coordinator::Ask;
use peer_ring_core::id::{AppId, CallerId, Desk, Epoch, NodeId, RequestId, Seat};
use peer_ring_core::key::Key;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::peer::{Lane, Message};
use peer_ring_core::standing::{Progress, Report};
use peer_ring_core::wiring::{ControlIn, ShardIn};
use prost::Message as _;

use crate::error::WireError;
use crate::flight::cursor::{Cursor, put_bytes, put_span, put_u32, put_u64};
use crate::flight::{FlightError, Step, order};
use crate::limits::Limits;
use crate::message::{decode, encode};
use crate::version::WireVersion;
use crate::wire;

/// The kinds of inputs, as they are numbered in a recording.
mod kind {
    pub(super) const WAKE: u8 = 0;
    pub(super) const SEEN: u8 = 1;
    pub(super) const LOST: u8 = 2;
    pub(super) const SETTLED: u8 = 3;
    pub(super) const LINK_UP: u8 = 4;
    pub(super) const LINK_DOWN: u8 = 5;
    pub(super) const LEAVE: u8 = 6;
    pub(super) const PEER: u8 = 7;
    pub(super) const VIEW: u8 = 8;
    pub(super) const ASK: u8 = 9;
    pub(super) const ABANDON: u8 = 10;
    pub(super) const UNDELIVERED: u8 = 11;
    pub(super) const LINK_LOST: u8 = 12;
    pub(super) const PROGRESS: u8 = 13;
    pub(super) const OTHER_RING: u8 = 14;
    pub(super) const ORDER: u8 = 15;
    pub(super) const KEPT: u8 = 16;
}

/// An input that can be recorded.
pub trait Recorded {
    /// Lays down all that a replay needs to make it again.
    fn lay_down(&self, into: &mut Vec<u8>);
}

impl Recorded for ControlIn {
    fn lay_down(&self, into: &mut Vec<u8>) {
        match self {
            Self::Fact(Fact::Seen(sighting)) => {
                into.push(kind::SEEN);
                put_sighting(into, sighting);
            }
            Self::Fact(Fact::Lost(name)) => {
                into.push(kind::LOST);
                put_bytes(into, name.as_str().as_bytes());
            }
            Self::Fact(Fact::Settled) => into.push(kind::SETTLED),
            Self::LinkUp { seat, id } => {
                into.push(kind::LINK_UP);
                put_u64(into, seat.0);
                put_u64(into, id.0);
            }
            Self::LinkDown { seat } => {
                into.push(kind::LINK_DOWN);
                put_u64(into, seat.0);
            }
            Self::Peer { from, message } => put_peer(into, *from, message),
            Self::Leave => into.push(kind::LEAVE),
            Self::Shard { index, report: Report::Progress(progress) } => {
                into.push(kind::PROGRESS);
                into.push(*index);
                put_progress(into, *progress);
            }
            Self::Shard { index, report: Report::OtherRing(seat) } => {
                into.push(kind::OTHER_RING);
                into.push(*index);
                put_u64(into, seat.0);
            }
            Self::Order { caller, order } => {
                into.push(kind::ORDER);
                put_u64(into, caller.0);
                order::put(into, order);
            }
            Self::Kept(number) => {
                into.push(kind::KEPT);
                put_u64(into, *number);
            }
        }
    }
}

impl Recorded for ShardIn {
    fn lay_down(&self, into: &mut Vec<u8>) {
        match self {
            Self::View(_) => into.push(kind::VIEW),
            Self::Ask { caller, ask } => {
                into.push(kind::ASK);
                put_u64(into, caller.0);
                put_ask(into, ask);
            }
            Self::Abandon(caller) => {
                into.push(kind::ABANDON);
                put_u64(into, caller.0);
            }
            Self::Peer { from, message } => put_peer(into, *from, message),
            Self::Undelivered { to, id, may_have_arrived } => {
                into.push(kind::UNDELIVERED);
                put_u64(into, to.0);
                put_u64(into, id.0);
                into.push((*may_have_arrived).into());
            }
            Self::LinkLost { seat, lane } => {
                into.push(kind::LINK_LOST);
                put_u64(into, seat.0);
                into.push(match lane {
                    Lane::Foreground => 0,
                    Lane::Background => 1,
                });
            }
        }
    }
}

/// Lays down that an actor's deadline had come.
pub(super) fn put_wake(into: &mut Vec<u8>) {
    into.push(kind::WAKE);
}

/// Lays down a message in its wire encoding.
pub(super) fn put_message(into: &mut Vec<u8>, message: &Message) {
    put_bytes(into, &encode(message, WireVersion::NEWEST));
}

/// Takes up a message. What a node has taken in was within its limits.
fn take_message(cursor: &mut Cursor) -> Result<Message, FlightError> {
    let limits = Limits {
        message_bytes_max: usize::MAX,
        command_bytes_max: usize::MAX,
        reply_bytes_max: usize::MAX,
        seen_bytes_max: usize::MAX,
        key_bytes_max: usize::MAX,
        value_bytes_max: usize::MAX,
        records_max: usize::MAX,
        members_max: usize::MAX,
        ..Limits::default()
    };
    Ok(decode(cursor.bytes("message")?, &limits)?)
}

fn put_peer(into: &mut Vec<u8>, from: Seat, message: &Message) {
    into.push(kind::PEER);
    put_u64(into, from.0);
    put_message(into, message);
}

fn put_sighting(into: &mut Vec<u8>, sighting: &Sighting) {
    let Sighting { name, id, address, zone, weight, metadata } = sighting;
    put_bytes(into, name.as_str().as_bytes());
    // Zero is nobody's identity.
    put_u64(into, id.map_or(0, |id| id.0));
    put_bytes(into, address.as_bytes());
    into.push(zone.is_some().into());
    put_bytes(into, zone.as_deref().unwrap_or_default().as_bytes());
    into.extend_from_slice(&weight.to_le_bytes());
    let count = u32::try_from(metadata.len()).expect("a source says less than that of a node");
    into.extend_from_slice(&count.to_le_bytes());
    for (name, value) in metadata {
        put_bytes(into, name.as_bytes());
        put_bytes(into, value.as_bytes());
    }
}

fn take_sighting(cursor: &mut Cursor) -> Result<Sighting, FlightError> {
    let name = cursor.name("name")?;
    let id = Some(NodeId(cursor.u64("id")?)).filter(|id| id.0 != 0);
    let address = cursor.text("address")?;
    let has_zone = cursor.flag("zone")?;
    let zone = Some(cursor.text("zone")?).filter(|_| has_zone).map(Into::into);
    let weight = cursor.u32("weight")?;
    let mut metadata = BTreeMap::new();
    for _ in 0..cursor.u32("metadata")? {
        metadata.insert(cursor.text("metadata")?, cursor.text("metadata")?);
    }
    Ok(Sighting { name, id, address, zone, weight, metadata })
}

/// Lays down how far a shard's replicas are.
pub(super) fn put_progress(into: &mut Vec<u8>, progress: Progress) {
    let Progress { epoch, pending, strays, bytes } = progress;
    put_u64(into, epoch.0);
    put_u32(into, pending);
    put_u32(into, strays);
    put_u64(into, bytes);
}

fn take_progress(cursor: &mut Cursor) -> Result<Progress, FlightError> {
    Ok(Progress {
        epoch: Epoch(cursor.u64("progress")?),
        pending: cursor.u32("progress")?,
        strays: cursor.u32("progress")?,
        bytes: cursor.u64("progress")?,
    })
}

fn put_ask(into: &mut Vec<u8>, ask: &Ask) {
    let Ask { app, key, plan, command, timeout } = ask;
    into.extend_from_slice(&app.0.to_le_bytes());
    put_u64(into, key.position());
    put_bytes(into, &wire::Plan::from(*plan).encode_to_vec());
    put_span(into, *timeout);
    put_bytes(into, command);
}

fn take_ask(cursor: &mut Cursor) -> Result<Ask, FlightError> {
    let app = AppId(cursor.u32("app")?);
    let key = Key::at(cursor.u64("key")?);
    let plan = take_plan(cursor.bytes("plan")?)?;
    let timeout = cursor.span("timeout")?;
    Ok(Ask { app, key, plan, command: cursor.bytes("command")?, timeout })
}

fn take_plan(bytes: Bytes) -> Result<Plan, WireError> {
    let plan = wire::Plan::decode(bytes).map_err(|error| WireError::malformed("a plan", &error))?;
    plan.try_into()
}

/// Takes up an input of the actor at `desk`.
pub(super) fn take(cursor: &mut Cursor, desk: Desk) -> Result<Step, FlightError> {
    let kind = cursor.u8("kind")?;
    if kind == kind::WAKE {
        return Ok(Step::Wake(desk));
    }
    match desk {
        Desk::Control => Ok(Step::Control(take_control(cursor, kind)?)),
        Desk::Shard(index) if kind == kind::VIEW => Ok(Step::NextView(index)),
        Desk::Shard(index) => Ok(Step::Shard(index, take_shard(cursor, kind)?)),
    }
}

fn take_control(cursor: &mut Cursor, kind: u8) -> Result<ControlIn, FlightError> {
    Ok(match kind {
        kind::SEEN => ControlIn::Fact(Fact::Seen(take_sighting(cursor)?)),
        kind::LOST => ControlIn::Fact(Fact::Lost(cursor.name("name")?)),
        kind::SETTLED => ControlIn::Fact(Fact::Settled),
        kind::LINK_UP => {
            let seat = Seat(cursor.u64("seat")?);
            ControlIn::LinkUp { seat, id: NodeId(cursor.u64("id")?) }
        }
        kind::LINK_DOWN => ControlIn::LinkDown { seat: Seat(cursor.u64("seat")?) },
        kind::PEER => {
            let from = Seat(cursor.u64("seat")?);
            ControlIn::Peer { from, message: take_message(cursor)? }
        }
        kind::LEAVE => ControlIn::Leave,
        kind::PROGRESS => {
            let index = cursor.u8("shard")?;
            ControlIn::Shard { index, report: Report::Progress(take_progress(cursor)?) }
        }
        kind::OTHER_RING => {
            let index = cursor.u8("shard")?;
            ControlIn::Shard { index, report: Report::OtherRing(Seat(cursor.u64("seat")?)) }
        }
        kind::ORDER => {
            let caller = CallerId(cursor.u64("caller")?);
            ControlIn::Order { caller, order: order::take(cursor)? }
        }
        kind::KEPT => ControlIn::Kept(cursor.u64("number")?),
        _ => return cursor.wrong("kind"),
    })
}

fn take_shard(cursor: &mut Cursor, kind: u8) -> Result<ShardIn, FlightError> {
    Ok(match kind {
        kind::ASK => {
            let caller = CallerId(cursor.u64("caller")?);
            ShardIn::Ask { caller, ask: take_ask(cursor)? }
        }
        kind::ABANDON => ShardIn::Abandon(CallerId(cursor.u64("caller")?)),
        kind::PEER => {
            let from = Seat(cursor.u64("seat")?);
            ShardIn::Peer { from, message: take_message(cursor)? }
        }
        kind::UNDELIVERED => {
            let to = Seat(cursor.u64("seat")?);
            let id = RequestId(cursor.u64("id")?);
            ShardIn::Undelivered { to, id, may_have_arrived: cursor.flag("arrival")? }
        }
        kind::LINK_LOST => {
            let seat = Seat(cursor.u64("seat")?);
            let is_background = cursor.flag("lane")?;
            let lane = if is_background { Lane::Background } else { Lane::Foreground };
            ShardIn::LinkLost { seat, lane }
        }
        _ => return cursor.wrong("kind"),
    })
}
