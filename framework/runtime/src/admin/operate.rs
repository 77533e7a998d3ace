//! The routes by which a node is operated: what the ring would become, orders to change it, what
//! moves, and whether the node may go.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use peer_ring_core::app::App;
use peer_ring_core::id::{Epoch, NodeName};
use peer_ring_core::steward::{Change, Order, OrderRefused, Past, Plan};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{percent_decoded, refuse};
use crate::handle::Handle;
use crate::operate::OrderError;

/// The routes.
pub(super) fn router<A: App + Sync>() -> axum::Router<Handle<A>> {
    axum::Router::new()
        .route("/v1/ring/plan", get(plan))
        .route("/v1/ring/apply", post(apply))
        .route("/v1/ring/cancel", post(cancel))
        .route("/v1/ring/recover", post(recover))
        .route("/v1/ring/history", get(history))
        .route("/v1/leave", get(has_left).post(leave))
}

/// What an operator wants changed, as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    epoch: Option<u64>,
    remove: Vec<String>,
    weights: std::collections::BTreeMap<String, u32>,
}

/// Whom an operator gives up, as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lost {
    lost: Vec<String>,
}

async fn plan<A: App + Sync>(State(handle): State<Handle<A>>, uri: Uri) -> Response {
    match change_of_query(uri.query().unwrap_or_default()) {
        Ok(change) => match handle.plan(change).await {
            Ok(plan) => Json(plan_as_json(&plan)).into_response(),
            Err(error) => refused(&error),
        },
        Err(problem) => bad_request(&problem),
    }
}

async fn apply<A: App + Sync>(State(handle): State<Handle<A>>, body: Bytes) -> Response {
    let body = if body.is_empty() { &b"{}"[..] } else { &body[..] };
    let wanted: Wanted = match serde_json::from_slice(body) {
        Ok(wanted) => wanted,
        Err(error) => return bad_request(&error.to_string()),
    };
    match wanted.change() {
        Ok(change) => {
            ordered(&handle, Order::Apply { epoch: wanted.epoch.map(Epoch), change }).await
        }
        Err(problem) => bad_request(&problem),
    }
}

async fn cancel<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    ordered(&handle, Order::Cancel).await
}

async fn recover<A: App + Sync>(State(handle): State<Handle<A>>, body: Bytes) -> Response {
    let lost = match serde_json::from_slice::<Lost>(&body) {
        Ok(Lost { lost }) => names(lost.iter()),
        Err(error) => return bad_request(&error.to_string()),
    };
    match lost {
        Ok(lost) if lost.is_empty() => bad_request("nobody is named who is lost"),
        Ok(lost) => ordered(&handle, Order::Recover { lost }).await,
        Err(problem) => bad_request(&problem),
    }
}

async fn history<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    let history = handle.history().await;
    Json(json!({ "history": history.iter().map(past_as_json).collect::<Vec<_>>() })).into_response()
}

async fn leave<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    ordered(&handle, Order::Leave).await
}

async fn has_left<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    Json(json!({ "left": handle.has_left() })).into_response()
}

async fn ordered<A: App + Sync>(handle: &Handle<A>, order: Order) -> Response {
    match handle.order(order).await {
        Ok(epoch) => Json(json!({ "epoch": epoch.0 })).into_response(),
        Err(error) => refused(&error),
    }
}

fn bad_request(problem: &str) -> Response {
    refuse(StatusCode::BAD_REQUEST, "bad_request", problem)
}

fn refused(error: &OrderError) -> Response {
    use OrderRefused as Refused;
    let (status, code) = match error {
        OrderError::Refused(Refused::NoRing) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
        OrderError::Refused(Refused::Outdated { .. }) => (StatusCode::CONFLICT, "outdated"),
        OrderError::Refused(Refused::Busy) => (StatusCode::CONFLICT, "busy"),
        OrderError::Refused(Refused::Nothing) => (StatusCode::CONFLICT, "nothing"),
        OrderError::Refused(Refused::Idle) => (StatusCode::CONFLICT, "idle"),
        OrderError::Refused(Refused::NotAMember { .. }) => (StatusCode::NOT_FOUND, "no_member"),
        OrderError::Refused(Refused::NotLost { .. }) => (StatusCode::CONFLICT, "not_lost"),
        OrderError::Refused(Refused::NotNeeded) => (StatusCode::CONFLICT, "not_needed"),
        OrderError::Refused(Refused::Ring(_)) => (StatusCode::UNPROCESSABLE_ENTITY, "no_ring"),
        OrderError::Refused(Refused::NotDecided) | OrderError::Unanswered(_) => {
            (StatusCode::GATEWAY_TIMEOUT, "not_decided")
        }
        OrderError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    refuse(status, code, &error.to_string())
}

impl Wanted {
    fn change(&self) -> Result<Change, String> {
        let weights = names(self.weights.keys())?.into_iter().zip(self.weights.values().copied());
        Ok(Change { remove: names(self.remove.iter())?, weights: weights.collect() })
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> Result<Vec<NodeName>, String> {
    names.map(|name| NodeName::new(name).map_err(|bad| format!("{name:?}: {bad}"))).collect()
}

/// The change of `remove=n2&weight=n1=2`.
fn change_of_query(query: &str) -> Result<Change, String> {
    let mut change = Change::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or(format!("{part:?} says nothing"))?;
        let value = percent_decoded(value).and_then(|value| String::from_utf8(value).ok());
        let value = value.ok_or(format!("{part:?} is not percent-encoded as it should be"))?;
        let name = |name: &str| NodeName::new(name).map_err(|bad| format!("{part:?}: {bad}"));
        match key {
            "remove" => change.remove.push(name(&value)?),
            "weight" => {
                let weight = value.rsplit_once('=');
                let weight = weight.and_then(|(of, weight)| Some((of, weight.parse().ok()?)));
                let (of, weight) = weight.ok_or(format!("{part:?} is not weight=NAME=NUMBER"))?;
                change.weights.push((name(of)?, weight));
            }
            _ => return Err(format!("there is no parameter {key:?}, but remove and weight")),
        }
    }
    Ok(change)
}

fn plan_as_json(plan: &Plan) -> Value {
    let texts = |names: &[NodeName]| names.iter().map(NodeName::to_string).collect::<Vec<_>>();
    let loads = |loads: &[peer_ring_core::ring::report::Load]| {
        let load = |load: &peer_ring_core::ring::report::Load| json!({ "name": load.name.as_str(), "owned": load.owned, "primaries": load.led });
        loads.iter().map(load).collect::<Vec<_>>()
    };
    json!({
        "epoch": plan.epoch.0,
        "join": texts(&plan.join),
        "leave": texts(&plan.leave),
        "before": loads(&plan.before),
        "after": loads(&plan.after),
        "moves": { "gained": plan.moves.gained, "primaries": plan.moves.led_anew },
        "bytes": plan.bytes,
        "bytes_per_second": plan.bytes_per_second,
        "seconds": seconds(plan),
        "crowded": { "owners": plan.crowding.owners, "fallbacks": plan.crowding.fallbacks },
        "is_empty": plan.is_empty(),
        "waits": plan.waits,
    })
}

/// How long a plan takes at the configured limit: as long as its busiest receiver.
fn seconds(plan: &Plan) -> f64 {
    let gain = |name: &NodeName, owned: usize| {
        let before = plan.before.iter().find(|load| load.name == *name);
        owned.saturating_sub(before.map_or(0, |load| load.owned))
    };
    let most = plan.after.iter().map(|load| gain(&load.name, load.owned)).max().unwrap_or(0);
    // Who gains as much as it loses receives all the same.
    let least = plan.moves.gained.div_ceil(plan.after.len().max(1));
    let share = most.max(least) as f64 / plan.moves.gained.max(1) as f64;
    plan.bytes as f64 * share / plan.bytes_per_second.max(1) as f64
}

fn past_as_json(past: &Past) -> Value {
    let texts = |names: &[NodeName]| names.iter().map(NodeName::to_string).collect::<Vec<_>>();
    json!({
        "epoch": past.epoch.0,
        "reason": past.reason.as_str(),
        "decided_at_ms": past.decided_at.0,
        "joined": texts(&past.joined),
        "left": texts(&past.left),
        "moves": { "gained": past.moves.gained, "primaries": past.moves.led_anew },
    })
}

#[cfg(test)]
mod tests {
    use peer_ring_core::ring::report::{Crowding, Load, Moves};

    use super::*;

    fn name(name: &str) -> NodeName {
        NodeName::new(name).unwrap()
    }

    #[test]
    fn a_change_is_read_from_a_query() {
        let change = change_of_query("remove=n2&weight=n1%3D3&remove=n4&weight=n5=0").unwrap();
        assert_eq!(change.remove, [name("n2"), name("n4")]);
        assert_eq!(change.weights, [(name("n1"), 3), (name("n5"), 0)]);
        assert_eq!(change_of_query("").unwrap(), Change::default());
        for wrong in ["remove", "remove=", "weight=n1", "weight=n1=x", "add=n1", "remove=%zz"] {
            assert!(change_of_query(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_is_read_from_a_body_that_says_nothing_else() {
        let wanted: Wanted = serde_json::from_str(r#"{"remove": ["n2"], "epoch": 3}"#).unwrap();
        assert_eq!((wanted.epoch, wanted.change().unwrap().remove), (Some(3), vec![name("n2")]));
        assert!(serde_json::from_str::<Wanted>(r#"{"removed": ["n2"]}"#).is_err());
        assert!(Wanted { remove: vec!["a b".to_owned()], ..Wanted::default() }.change().is_err());
    }

    #[test]
    fn a_plan_takes_as_long_as_its_busiest_receiver() {
        let load = |of: &str, owned| Load { name: name(of), owned, led: 0 };
        let plan = Plan {
            epoch: Epoch(3),
            join: vec![name("n3"), name("n4")],
            leave: Vec::new(),
            before: vec![load("n1", 60), load("n2", 60)],
            after: vec![load("n1", 30), load("n2", 30), load("n3", 40), load("n4", 20)],
            moves: Moves { gained: 60, led_anew: 20 },
            bytes: 6_000,
            bytes_per_second: 1_000,
            crowding: Crowding::default(),
            waits: Some("an operator's order"),
        };
        let json = plan_as_json(&plan);
        assert_eq!(json["seconds"], 4.0);
        assert_eq!(json["join"][1], "n4");
        assert_eq!(json["after"][2]["owned"], 40);
        assert_eq!(json["waits"], "an operator's order");
    }

    #[test]
    fn a_refused_order_says_why_and_whether_to_try_again() {
        let status = |refused: OrderRefused| super::refused(&refused.into()).status();
        assert_eq!(status(OrderRefused::Busy), StatusCode::CONFLICT);
        assert_eq!(status(OrderRefused::NoRing), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status(OrderRefused::NotAMember { name: name("x") }), StatusCode::NOT_FOUND);
        assert_eq!(status(OrderRefused::NotDecided), StatusCode::GATEWAY_TIMEOUT);
    }
}
