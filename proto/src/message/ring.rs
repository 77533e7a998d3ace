//! Rings, laid open: see `Ring` in `peer.proto`.
//!
//! A ring may come from anybody, and says how many of everything it has. Nothing is allocated for
//! what it merely says: its members are counted before they are decoded, its lists must lie there
//! in full, and the number of partitions is bounded before epochs are spread over them.

use std::collections::BTreeMap;
use std::iter;

use bytes::{Buf, Bytes};
use peer_ring_core::actor::Wall;
use peer_ring_core::id::{ClusterId, Epoch, Seat};
use peer_ring_core::key::Partitions;
use peer_ring_core::quorum::REPLICAS_MAX;
use peer_ring_core::ring::{Layout, Member, Parts, Reason, Ring, Strategy};
use prost::Message as _;
use prost::encoding::{decode_varint, encode_varint};

use crate::error::{WireError, check_count, in_range};
use crate::limits::Limits;
use crate::walk::fields;
use crate::wire;

/// With more members than this, a place among them takes two bytes.
const BYTE_PLACES_MAX: usize = 1 << 8;
/// Most members that have a place in two bytes.
const PLACES_MAX: usize = 1 << 16;

/// The bytes of a ring.
pub(crate) fn encode(ring: &Ring) -> Bytes {
    wire::Ring::from(ring.to_parts()).encode_to_vec().into()
}

/// The ring whose bytes these are.
pub(crate) fn decode(bytes: Bytes, limits: &Limits) -> Result<Ring, WireError> {
    count_members(&bytes, limits)?;
    let ring = wire::Ring::decode(bytes).map_err(|error| WireError::malformed("a ring", &error))?;
    let parts = Parts::try_from(ring)?;
    let malformed = |detail| WireError::Malformed { what: "a ring", detail };
    Ring::from_parts(parts).map_err(|error| malformed(error.to_string()))
}

/// Refuses a ring with more members than `limits` allow, before they take memory.
fn count_members(bytes: &Bytes, limits: &Limits) -> Result<(), WireError> {
    /// The field of [`wire::Ring`] that repeats; the other ones are in one piece.
    const MEMBERS: u32 = 6;
    let mut count = 0;
    for field in fields("a ring", bytes) {
        count += usize::from(field?.number == MEMBERS);
        check_count("members of a ring", count, limits.members_max.min(PLACES_MAX))?;
    }
    Ok(())
}

impl From<Parts> for wire::Ring {
    fn from(parts: Parts) -> Self {
        let places = places(&parts.members);
        let numbers = |seats: &[Seat]| seats.iter().map(|seat| seat.0).collect();
        Self {
            cluster: parts.cluster.0,
            epoch: parts.epoch.0,
            strategy: wire::Strategy::from(parts.strategy).into(),
            partitions: parts.partitions.count(),
            replicas: parts.replicas.into(),
            voters: numbers(&parts.voters),
            deposed: numbers(&parts.deposed),
            layout: Some(from_layout(&parts.layout, &places)),
            target: parts.target.as_ref().map(|target| from_layout(target, &places)),
            since: from_since(parts.epoch, &parts.since),
            is_held: parts.is_held,
            reason: wire::Reason::from(parts.reason).into(),
            decided_at: parts.decided_at.0,
            members: parts.members.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<wire::Ring> for Parts {
    type Error = WireError;

    fn try_from(ring: wire::Ring) -> Result<Self, WireError> {
        let count =
            in_range("the number of partitions", ring.partitions, 1, Partitions::MAX.into())?;
        let partitions = Partitions::any(count).expect("it is in its range");
        // What a record's version can hold.
        let epoch = in_range("a ring's epoch", ring.epoch, 1, u32::MAX.into()).map(Epoch)?;
        let members: Vec<_> =
            ring.members.into_iter().map(Member::try_from).collect::<Result<_, _>>()?;
        let layout = ring.layout.ok_or(WireError::Missing { what: "a ring's layout" })?;
        let to_layout = |layout| to_layout(&layout, partitions, &members);
        let seats = |numbers: Vec<u64>| numbers.into_iter().map(Seat).collect();
        Ok(Self {
            cluster: ClusterId(ring.cluster),
            epoch,
            strategy: strategy(ring.strategy)?,
            partitions,
            replicas: replicas(ring.replicas)?,
            voters: seats(ring.voters),
            deposed: seats(ring.deposed),
            layout: to_layout(layout)?,
            target: ring.target.map(to_layout).transpose()?,
            since: to_since(epoch, partitions, ring.since)?,
            is_held: ring.is_held,
            reason: reason(ring.reason)?,
            decided_at: Wall(ring.decided_at),
            members,
        })
    }
}

/// Where each member stands among the others.
fn places(members: &[Member]) -> BTreeMap<Seat, u16> {
    assert!(members.len() <= PLACES_MAX, "{} members have no places", members.len());
    members.iter().map(Member::seat).zip(0..=u16::MAX).collect()
}

fn from_layout(layout: &Layout, places: &BTreeMap<Seat, u16>) -> wire::Layout {
    let place = |seat| places.get(seat).expect("a ring's owners are its members").to_le_bytes();
    let bytes = bytes_of_place(places.len());
    let lists = layout.lists().iter().flat_map(|seat| place(seat).into_iter().take(bytes));
    let width = u32::try_from(layout.width()).expect("at most as many as there are replicas");
    wire::Layout { replicas: layout.replicas().into(), width, lists: lists.collect() }
}

fn to_layout(
    layout: &wire::Layout,
    partitions: Partitions,
    members: &[Member],
) -> Result<Layout, WireError> {
    let width: u8 =
        in_range("the length of a preference list", layout.width, 1, REPLICAS_MAX.into())?;
    let replicas = replicas(layout.replicas)?;
    let bytes = bytes_of_place(members.len());
    let expected = partitions.count() as usize * usize::from(width) * bytes;
    let found = layout.lists.len();
    if found != expected {
        let detail = format!("its lists have {found} bytes and not {expected}");
        return Err(WireError::Malformed { what: "a ring", detail });
    }
    let seats: Vec<_> = members.iter().map(Member::seat).collect();
    let seat = |place: &[u8]| {
        let place = place.iter().rev().fold(0, |high, low| high << 8 | usize::from(*low));
        let unknown = format!("member {place} of {} is in its lists", seats.len());
        seats.get(place).copied().ok_or(WireError::Malformed { what: "a ring", detail: unknown })
    };
    let lists = layout.lists.chunks(bytes).map(seat).collect::<Result<_, _>>()?;
    Ok(Layout::new(replicas, width.into(), lists))
}

fn bytes_of_place(members: usize) -> usize {
    if members <= BYTE_PLACES_MAX { 1 } else { 2 }
}

fn from_since(epoch: Epoch, since: &[Epoch]) -> Bytes {
    let mut runs = Vec::new();
    for run in since.chunk_by(|one, other| one == other) {
        encode_varint(epoch.0 - run[0].0, &mut runs);
        encode_varint(run.len() as u64, &mut runs);
    }
    runs.into()
}

fn to_since(
    epoch: Epoch,
    partitions: Partitions,
    mut runs: Bytes,
) -> Result<Vec<Epoch>, WireError> {
    let mut since = Vec::new();
    while runs.has_remaining() {
        let age = number(&mut runs)?;
        let age: u64 = in_range("the age of a partition's layout", age, 0, epoch.0)?;
        let left = partitions.count() as usize - since.len();
        let length: usize = in_range("partitions in a row", number(&mut runs)?, 1, left as u64)?;
        since.extend(iter::repeat_n(Epoch(epoch.0 - age), length));
    }
    Ok(since)
}

fn number(runs: &mut Bytes) -> Result<u64, WireError> {
    decode_varint(runs).map_err(|error| WireError::malformed("the age of partitions", &error))
}

fn replicas(count: u32) -> Result<u8, WireError> {
    in_range("the number of owners", count, 1, REPLICAS_MAX.into())
}

impl From<Strategy> for wire::Strategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Balanced => Self::Balanced,
            Strategy::Tokens => Self::Tokens,
            Strategy::Rendezvous => Self::Rendezvous,
            Strategy::Modulo => Self::Modulo,
            Strategy::Full => Self::Full,
        }
    }
}

fn strategy(value: i32) -> Result<Strategy, WireError> {
    match wire::Strategy::try_from(value) {
        Ok(wire::Strategy::Balanced) => Ok(Strategy::Balanced),
        Ok(wire::Strategy::Tokens) => Ok(Strategy::Tokens),
        Ok(wire::Strategy::Rendezvous) => Ok(Strategy::Rendezvous),
        Ok(wire::Strategy::Modulo) => Ok(Strategy::Modulo),
        Ok(wire::Strategy::Full) => Ok(Strategy::Full),
        Ok(wire::Strategy::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "a ring's strategy", value })
        }
    }
}

impl From<Reason> for wire::Reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Founded => Self::Founded,
            Reason::Moving => Self::Moving,
            Reason::Settled => Self::Settled,
            Reason::Cancelled => Self::Cancelled,
            Reason::Replaced => Self::Replaced,
            Reason::Primacy => Self::Primacy,
            Reason::Held => Self::Held,
            Reason::Recovered => Self::Recovered,
        }
    }
}

fn reason(value: i32) -> Result<Reason, WireError> {
    match wire::Reason::try_from(value) {
        Ok(wire::Reason::Founded) => Ok(Reason::Founded),
        Ok(wire::Reason::Moving) => Ok(Reason::Moving),
        Ok(wire::Reason::Settled) => Ok(Reason::Settled),
        Ok(wire::Reason::Cancelled) => Ok(Reason::Cancelled),
        Ok(wire::Reason::Replaced) => Ok(Reason::Replaced),
        Ok(wire::Reason::Primacy) => Ok(Reason::Primacy),
        Ok(wire::Reason::Held) => Ok(Reason::Held),
        Ok(wire::Reason::Recovered) => Ok(Reason::Recovered),
        Ok(wire::Reason::Unspecified) | Err(_) => {
            Err(WireError::NoSuchValue { what: "why there is a ring", value })
        }
    }
}
