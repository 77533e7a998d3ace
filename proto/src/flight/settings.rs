//! What a node's actors were built from, as bytes, and back.

use std::time::Duration;

use bytes::Bytes;
use peer_ring_core::chain::State;
use peer_ring_core::id::ClusterId;
use peer_ring_core::identity::Kept;
use peer_ring_core::key::Partitions;
use peer_ring_core::ring::Member;
use peer_ring_core::steward::ChangeMode;
use peer_ring_core::wiring::ControlSettings;
use peer_ring_core::{coordinator, membership, ring_view, steward, transfer};
use prost::Message as _;

use crate::error::WireError;
use crate::flight::FlightError;
use crate::flight::cursor::{Cursor, put_bytes, put_span, put_u32, put_u64};
use crate::kept;
use crate::wire;

/// Lays down what a control actor is made of.
pub(super) fn put_control(into: &mut Vec<u8>, settings: &ControlSettings) {
    let ControlSettings { me, founding, membership, ring, steward, wire, shards, kept } = settings;
    put_bytes(into, &wire::Member::from(me.clone()).encode_to_vec());
    put_u64(into, founding.0);
    put_membership(into, membership);
    put_ring(into, ring);
    put_steward(into, steward);
    put_u32(into, *wire);
    into.push(*shards);
    let who = Kept { id: me.id, vote: me.vote };
    put_bytes(into, &kept::to_content(who, kept).encode_to_vec());
}

/// Takes up what a control actor is made of.
pub(super) fn take_control(cursor: &mut Cursor) -> Result<ControlSettings, FlightError> {
    let me = take_member(cursor.bytes("node")?)?;
    let founding = ClusterId(cursor.u64("cluster's identity")?);
    let membership = take_membership(cursor)?;
    let ring = take_ring(cursor)?;
    let steward = take_steward(cursor)?;
    let wire = cursor.u32("newest wire")?;
    let shards = cursor.u8("shards")?;
    if shards == 0 || shards == u8::MAX {
        return cursor.wrong("shards");
    }
    let kept = take_kept(cursor.bytes("kept")?)?;
    Ok(ControlSettings { me, founding, membership, ring, steward, wire, shards, kept })
}

fn take_member(bytes: Bytes) -> Result<Member, WireError> {
    let member =
        wire::Member::decode(bytes).map_err(|error| WireError::malformed("a node", &error))?;
    member.try_into()
}

fn take_kept(bytes: Bytes) -> Result<State, WireError> {
    let kept = wire::Kept::decode(bytes)
        .map_err(|error| WireError::malformed("what a node keeps", &error))?;
    kept::to_state(kept)
}

fn put_membership(into: &mut Vec<u8>, settings: &membership::Settings) {
    let membership::Settings { probe_interval, suspect_after, down_after } = settings;
    for span in [probe_interval, suspect_after, down_after] {
        put_span(into, *span);
    }
}

fn take_membership(cursor: &mut Cursor) -> Result<membership::Settings, FlightError> {
    Ok(membership::Settings {
        probe_interval: cursor.span("membership")?,
        suspect_after: cursor.span("membership")?,
        down_after: cursor.span("membership")?,
    })
}

fn put_ring(into: &mut Vec<u8>, settings: &ring_view::Settings) {
    let ring_view::Settings { strategy, partitions, replicas } = settings;
    put_bytes(into, strategy.as_str().as_bytes());
    put_u32(into, partitions.count());
    into.push(*replicas);
}

fn take_ring(cursor: &mut Cursor) -> Result<ring_view::Settings, FlightError> {
    let Ok(strategy) = cursor.text("strategy")?.parse() else {
        return cursor.wrong("strategy");
    };
    let Some(partitions) = Partitions::any(cursor.u32("partitions")?) else {
        return cursor.wrong("partitions");
    };
    Ok(ring_view::Settings { strategy, partitions, replicas: cursor.u8("replicas")? })
}

fn put_steward(into: &mut Vec<u8>, settings: &steward::Settings) {
    let steward::Settings {
        bootstrap_expect,
        alone_for,
        change,
        settle_delay,
        evict_after,
        patience,
        bytes_per_second,
    } = settings;
    put_u64(into, *bootstrap_expect as u64);
    put_span(into, *alone_for);
    into.push(match change {
        ChangeMode::Automatic => 0,
        ChangeMode::Manual => 1,
    });
    put_span(into, *settle_delay);
    into.push(evict_after.is_some().into());
    put_span(into, evict_after.unwrap_or_default());
    put_span(into, *patience);
    put_u64(into, *bytes_per_second);
}

fn take_steward(cursor: &mut Cursor) -> Result<steward::Settings, FlightError> {
    let bootstrap_expect = cursor.size("steward")?;
    let alone_for = cursor.span("steward")?;
    let is_manual = cursor.flag("steward")?;
    let change = if is_manual { ChangeMode::Manual } else { ChangeMode::Automatic };
    let settle_delay = cursor.span("steward")?;
    let evicts = cursor.flag("steward")?;
    let evict_after: Option<Duration> = Some(cursor.span("steward")?).filter(|_| evicts);
    let patience = cursor.span("steward")?;
    let bytes_per_second = cursor.u64("steward")?;
    Ok(steward::Settings {
        bootstrap_expect,
        alone_for,
        change,
        settle_delay,
        evict_after,
        patience,
        bytes_per_second,
    })
}

/// Lays down the bounds of coordinators.
pub(super) fn put_coordinator(into: &mut Vec<u8>, settings: &coordinator::Settings) {
    let coordinator::Settings {
        inflight_max,
        inflight_bytes_max,
        hedge_after_min,
        hedge_after_max,
    } = settings;
    put_u64(into, *inflight_max as u64);
    put_u64(into, *inflight_bytes_max as u64);
    put_span(into, *hedge_after_min);
    put_span(into, *hedge_after_max);
}

/// Takes up the bounds of coordinators.
pub(super) fn take_coordinator(cursor: &mut Cursor) -> Result<coordinator::Settings, FlightError> {
    Ok(coordinator::Settings {
        inflight_max: cursor.size("coordinator")?,
        inflight_bytes_max: cursor.size("coordinator")?,
        hedge_after_min: cursor.span("coordinator")?,
        hedge_after_max: cursor.span("coordinator")?,
    })
}

/// Lays down the bounds within which data is moved.
pub(super) fn put_transfers(into: &mut Vec<u8>, settings: &transfer::Settings) {
    let transfer::Settings { pages_max, bytes_per_second, timeout, foreground_max } = settings;
    put_u64(into, *pages_max as u64);
    put_u64(into, *bytes_per_second);
    put_span(into, *timeout);
    put_u64(into, *foreground_max as u64);
}

/// Takes up the bounds within which data is moved.
pub(super) fn take_transfers(cursor: &mut Cursor) -> Result<transfer::Settings, FlightError> {
    Ok(transfer::Settings {
        pages_max: cursor.size("transfers")?,
        bytes_per_second: cursor.u64("transfers")?,
        timeout: cursor.span("transfers")?,
        foreground_max: cursor.size("transfers")?,
    })
}
