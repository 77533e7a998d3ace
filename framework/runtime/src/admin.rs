//! The HTTP routes by which a node is watched and operated: for orchestrators, monitoring and
//! people.
//!
//! | route | what it tells, or does |
//! |---|---|
//! | `GET /healthz` | that the process answers |
//! | `GET /readyz` | whether the node can do its part: the ring names it, and it has its data |
//! | `GET /safe-to-stop` | whether every partition keeps a majority of its owners without it |
//! | `GET /metrics` | OpenMetrics text |
//! | `GET /v1/ring` | the members, and which of them own which partition |
//! | `GET /v1/ring/owners/{key}` | who owns a key, percent-encoded |
//! | `GET /v1/ring/plan?remove=n2&weight=n1=2` | what a change would come to |
//! | `POST /v1/ring/apply` | makes it: `{"remove": ["n2"], "weights": {"n1": 2}, "epoch": 7}`, all of it optional |
//! | `POST /v1/ring/cancel` | gives up the change that is under way, and holds others |
//! | `POST /v1/ring/recover` | goes on without voters that are gone for good: `{"lost": ["n2"]}` |
//! | `GET /v1/ring/history` | the rings of the past |
//! | `GET /v1/transfers` | what moves to and from this node, and how far its peers are |
//! | `GET /v1/replicated` | whether everybody has all that it is to have |
//! | `POST /v1/leave` | hands over what the node owns; `GET` says whether that is done |
//!
//! A question about readiness is answered with 200 or 503, and a reason. An order that is refused
//! says why, and whether it may have happened: only when nobody knows whether it was decided. They
//! need no more than a [`Handle`], and fit into any axum router.

mod moving;
mod operate;

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use peer_ring_core::app::App;
use peer_ring_core::id::{PartitionId, Seat};
use peer_ring_core::key::Key;
use peer_ring_core::ring::{Member, Ring};
use peer_ring_core::view::{PeerState, View};
use serde_json::{Value, json};

use crate::handle::Handle;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const OWNERS: &str = "/v1/ring/owners/";

/// The admin routes of `handle`'s node.
pub fn router<A: App + Sync>(handle: Handle<A>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "healthy": true })) }))
        .route("/metrics", get(metrics))
        .route("/v1/ring", get(ring))
        .route("/v1/ring/owners/{*key}", get(owners))
        .merge(operate::router())
        .merge(moving::router())
        .with_state(handle)
}

async fn metrics<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], handle.render_metrics().await).into_response()
}

async fn ring<A: App + Sync>(State(handle): State<Handle<A>>) -> Response {
    let view = handle.view();
    match &view.ring {
        Some(ring) => {
            let here = handle.name().seat();
            let mut answer = ring_as_json(handle.cluster(), here, ring, &view);
            answer["stuck"] = handle.stuck().await.map(|stuck| stuck.to_string()).into();
            Json(answer).into_response()
        }
        None => match handle.stuck().await {
            Some(stuck) => refuse(StatusCode::SERVICE_UNAVAILABLE, "not_ready", &stuck.to_string()),
            None => no_ring(),
        },
    }
}

async fn owners<A: App + Sync>(State(handle): State<Handle<A>>, uri: Uri) -> Response {
    let key = uri.path().strip_prefix(OWNERS).and_then(percent_decoded);
    let Some(key) = key else {
        let message = "the key is not percent-encoded as it should be";
        return refuse(StatusCode::BAD_REQUEST, "bad_path", message);
    };
    let view = handle.view();
    match &view.ring {
        Some(ring) => {
            let partition = ring.partition(Key::new(&key));
            Json(json!({
                "epoch": ring.epoch().0,
                "partition": partition.0,
                "owners": owner_names(ring, partition),
            }))
            .into_response()
        }
        None => no_ring(),
    }
}

fn no_ring() -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "this node has no ring yet")
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    // Whoever did not hear the decision does not know it.
    let may_have_happened = status == StatusCode::GATEWAY_TIMEOUT;
    let error = json!({ "code": code, "message": message, "may_have_happened": may_have_happened });
    (status, Json(json!({ "error": error }))).into_response()
}

/// A ring as JSON: owners of partitions are named by their place among the members, primaries
/// first, so that 32,768 partitions fit in a page.
fn ring_as_json(cluster: &str, here: Seat, ring: &Ring, view: &View) -> Value {
    let (loads, crowding) = (ring.balance(), ring.crowding());
    let members = ring.members().iter().zip(&loads).map(|(member, load)| {
        json!({
            "name": member.name.as_str(),
            "zone": member.zone.as_deref(),
            "weight": member.weight,
            "tenure": member.tenure.as_str(),
            "address": &*member.address,
            "is_voter": ring.voters().contains(&member.seat()),
            "is_deposed": ring.deposed().contains(&member.seat()),
            "state": state(member, here, view).as_str(),
            "owned": load.owned,
            "primaries": load.led,
        })
    });
    let places = |partition| -> Vec<Option<usize>> {
        let owners = ring.owners(partition, ring.replicas());
        let place = |seat: &Seat| ring.members().iter().position(|m| m.name.seat() == *seat);
        owners.iter().map(place).collect()
    };
    json!({
        "cluster": cluster,
        "cluster_id": ring.cluster().to_string(),
        "is_moving": ring.is_moving(),
        "is_held": ring.is_held(),
        "reason": ring.reason().as_str(),
        "epoch": ring.epoch().0,
        "fingerprint": format!("{:016x}", ring.fingerprint()),
        "strategy": ring.strategy().as_str(),
        "partitions": ring.partitions().count(),
        "replicas": ring.replicas(),
        "members": members.collect::<Vec<_>>(),
        "crowded": { "owners": crowding.owners, "fallbacks": crowding.fallbacks },
        "owners": ring.partitions().iter().map(places).collect::<Vec<_>>(),
    })
}

fn state(member: &Member, here: Seat, view: &View) -> PeerState {
    let seat = member.name.seat();
    if seat == here { PeerState::Alive } else { view.health.state(seat) }
}

fn owner_names(ring: &Ring, partition: PartitionId) -> Vec<&str> {
    let owners = ring.owners(partition, ring.replicas());
    owners.iter().filter_map(|seat| Some(ring.member(*seat)?.name.as_str())).collect()
}

/// The bytes of a part of a URL's path; `None` when a `%` is not followed by two hexadecimal
/// digits.
#[must_use]
pub fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        let number = digit(0)? * 16 + digit(1)?;
        bytes.push(u8::try_from(number).expect("two hexadecimal digits"));
        rest = after;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use peer_ring_core::id::{Epoch, NodeName};
    use peer_ring_core::key::Partitions;
    use peer_ring_core::ring::{Blueprint, Strategy};
    use peer_ring_core::view::{Health, PeerHealth};

    use super::*;

    fn three() -> Ring {
        let member = |name| Member::new(NodeName::new(name).unwrap());
        let blueprint = Blueprint {
            epoch: Epoch(4),
            strategy: Strategy::default(),
            partitions: Partitions::new(8).unwrap(),
            replicas: 2,
            members: ["a", "b", "c"].map(member).to_vec(),
        };
        Ring::build(blueprint, None).unwrap()
    }

    #[test]
    fn a_ring_says_who_owns_what_and_who_is_there() {
        let ring = three();
        let seat = |at: usize| ring.members()[at].name.seat();
        let alive = PeerHealth { seat: seat(1), state: PeerState::Alive, id: None };
        let health = Arc::new(Health::new(vec![alive]));
        let view = View { ring: Some(Arc::new(ring.clone())), health };
        let json = ring_as_json("test", seat(0), &ring, &view);
        assert_eq!(json["epoch"], 4);
        assert_eq!(json["strategy"], "balanced");
        assert_eq!(json["crowded"]["owners"], 0);
        let states: Vec<_> =
            (0..3).map(|at| json["members"][at]["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["alive", "alive", "down"]);
        let owned: u64 = (0..3).map(|at| json["members"][at]["owned"].as_u64().unwrap()).sum();
        assert_eq!(owned, 16);
        let first = json["owners"][0][0].as_u64().unwrap();
        assert_eq!(owner_names(&ring, PartitionId(0))[0], ["a", "b", "c"][first as usize]);
    }

    #[test]
    fn what_is_percent_encoded_may_be_any_bytes() {
        assert_eq!(percent_decoded("a%2Fb%ff"), Some(b"a/b\xff".to_vec()));
        assert_eq!(percent_decoded("a+b"), Some(b"a+b".to_vec()));
        for text in ["%", "%4", "%zz", "%+1"] {
            assert_eq!(percent_decoded(text), None);
        }
    }
}
