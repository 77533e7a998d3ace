//! The routes that say how far a ring is that moves: for people who watch, and for orchestrators
//! that wait.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use peer_ring_core::app::App;
use peer_ring_core::id::Seat;
use peer_ring_core::standing::{Standing, Wants};
use peer_ring_core::transfer::{Transfer, Waits};
use peer_ring_core::view::{PeerState, View};
use serde_json::{Value, json};

use crate::handle::Handle;
use crate::readiness::NotYet;
use crate::stats::RingStats;

/// The routes.
pub(super) fn router<A: App + Sync>() -> axum::Router<Handle<A>> {
    axum::Router::new()
        .route("/readyz", get(readiness))
        .route("/safe-to-stop", get(safe_to_stop))
        .route("/v1/replicated", get(replicated))
        .route("/v1/transfers", get(transfers))
}

async fn readiness<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    let ready = handle.ready();
    let stuck = if ready.is_err() { handle.stuck().await } else { None };
    match stuck {
        // What an operator has to do says more than what the node lacks because of it.
        Some(stuck) => not_so("ready", &stuck),
        None => answer("ready", ready),
    }
}

async fn safe_to_stop<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    answer("safe", handle.safe_to_stop().await)
}

async fn replicated<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    answer("replicated", handle.replicated().await)
}

fn answer(what: &str, is_so: Result<(), NotYet>) -> Response {
    match is_so {
        Ok(()) => Json(json!({ what: true })).into_response(),
        Err(why) => not_so(what, &why),
    }
}

fn not_so(what: &str, why: &impl ToString) -> Response {
    let body = Json(json!({ what: false, "reason": why.to_string() }));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

async fn transfers<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    let (transfers, standings) = (handle.transfers().await, handle.standings().await);
    let (ring, view) = (handle.stats().await.ring, handle.view());
    let names = Names { handle: &handle, view: &view, standings: &standings };
    let nodes = standings.iter().map(|standing| standing_as_json(standing, &view));
    let own = own_as_json(&handle, ring);
    Json(json!({
        "epoch": ring.epoch,
        "is_moving": ring.is_moving,
        "node": own,
        "peers": nodes.collect::<Vec<_>>(),
        "transfers": transfers.iter().map(|it| names.transfer_as_json(it)).collect::<Vec<_>>(),
    }))
    .into_response()
}

fn own_as_json<A: App + Sync>(handle: &Handle<A>, ring: RingStats) -> Value {
    let progress = ring.progress;
    json!({
        "name": handle.name().as_str(),
        "epoch": ring.epoch,
        "pending": progress.map(|progress| progress.pending),
        "strays": progress.map(|progress| progress.strays),
        "bytes": progress.map(|progress| progress.bytes),
    })
}

fn standing_as_json(standing: &Standing, view: &View) -> Value {
    let state = view.health.state(standing.member.seat());
    let is_there = state == PeerState::Alive;
    json!({
        "name": standing.member.name.as_str(),
        "state": state.as_str(),
        "epoch": standing.epoch.0,
        // What somebody said who is gone by now says nothing.
        "pending": is_there.then_some(standing.pending),
        "strays": is_there.then_some(standing.strays),
        "bytes": is_there.then_some(standing.bytes),
        "leaves": standing.wants == Wants::Leave,
    })
}

/// Who sits where, as far as this node knows.
struct Names<'a, A> {
    handle: &'a Handle<A>,
    view: &'a View,
    standings: &'a [Standing],
}

impl<A: App + Sync> Names<'_, A> {
    fn of(&self, seat: Seat) -> String {
        if seat == self.handle.name().seat() {
            return self.handle.name().to_string();
        }
        let member = self.view.ring.as_ref().and_then(|ring| ring.member(seat));
        let peers = self.standings.iter().map(|standing| &standing.member);
        let known = member.or_else(|| peers.into_iter().find(|peer| peer.seat() == seat));
        known.map_or_else(|| format!("{seat:?}"), |member| member.name.to_string())
    }

    fn transfer_as_json(&self, transfer: &Transfer) -> Value {
        json!({
            "partition": transfer.partition.0,
            "kind": transfer.kind.as_str(),
            "peers": transfer.peers.iter().map(|seat| self.of(*seat)).collect::<Vec<_>>(),
            "bytes": transfer.bytes,
            "records": transfer.records,
            "waits": transfer.waits.map(|waits| self.waits_as_json(waits)),
        })
    }

    fn waits_as_json(&self, waits: Waits) -> Value {
        let (code, peer) = match waits {
            Waits::Silent(seat) => ("silent", Some(seat)),
            Waits::Blank(seat) => ("blank", Some(seat)),
            Waits::OtherRing(seat) => ("other_ring", Some(seat)),
            Waits::Busy(seat) => ("busy", Some(seat)),
            Waits::Turn => ("turn", None),
            Waits::Limit => ("limit", None),
            Waits::Foreground => ("foreground", None),
        };
        let peer = peer.map(|seat| self.of(seat));
        let of = peer.as_deref().unwrap_or_default();
        let text = match waits {
            Waits::Silent(_) => format!("{of} does not answer"),
            Waits::Blank(_) => format!("{of} started without its data, too"),
            Waits::OtherRing(_) => format!("{of} does not know the ring yet"),
            Waits::Busy(_) => format!("{of} has too much to do"),
            Waits::Turn => "others are before it".to_owned(),
            Waits::Limit => "transfers.bytes_per_second is reached".to_owned(),
            Waits::Foreground => "clients' commands go first".to_owned(),
        };
        json!({ "code": code, "peer": peer, "reason": text })
    }
}
