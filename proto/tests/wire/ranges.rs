//! Well-formed bytes that say what cannot be.

use peer_ring_core::id::BadName;
use peer_ring_proto::wire::{self, forwarded::Outcome, message::Body};
use peer_ring_proto::{Frame, RawFrame, WireError, WireVersion};
use prost::Message as _;

use crate::hostile::{frame, refused};
use crate::samples;

#[test]
fn numbers_outside_their_range_are_refused() {
    let plan = wire::Plan { kind: 1, n: 3, need: 3, need_count: 2, reconcile: 1 };
    let forward = |plan| Body::Forward(wire::Forward { plan: Some(plan), ..Default::default() });
    let failure =
        |failure| Body::Forwarded(wire::Forwarded { outcome: Some(Outcome::Failure(failure)) });
    let code = |code| wire::Failure { code, ..Default::default() };
    let table = [
        (
            Body::Copy(wire::Copy { partition: 65_536, ..Default::default() }),
            "a partition is 65536",
        ),
        (forward(wire::Plan { n: 0, ..plan }), "a plan's n is 0, and must be from 1 to 16"),
        (forward(wire::Plan { n: 17, ..plan }), "a plan's n is 17, and must be from 1 to 16"),
        (forward(wire::Plan { need_count: 0, ..plan }), "a plan's need is 0, and must be from 1"),
        (forward(wire::Plan { need_count: 256, ..plan }), "a plan's need is 256"),
        (forward(wire::Plan { need: 0, ..plan }), "a plan's need has no value 0"),
        (forward(wire::Plan { kind: 0, ..plan }), "a plan's kind has no value 0"),
        (forward(wire::Plan { kind: 4, ..plan }), "a plan's kind has no value 4"),
        (forward(wire::Plan { reconcile: 0, ..plan }), "a plan's reconcile has no value 0"),
        (Body::Forward(wire::Forward::default()), "a forwarded command's plan is missing"),
        (Body::Forwarded(wire::Forwarded::default()), "a forwarded command's outcome is missing"),
        (Body::Refused(wire::Refused { refusal: 0 }), "a refusal has no value 0"),
        (Body::Refused(wire::Refused { refusal: -1 }), "a refusal has no value -1"),
        (failure(code(0)), "a failure has no value 0"),
        (failure(code(10)), "what was too large has no value 0"),
        (failure(wire::Failure { acked: 256, ..code(1) }), "replicas that acknowledged is 256"),
        (failure(wire::Failure { partition: 65_536, ..code(4) }), "a partition is 65536"),
    ];
    for (body, text) in table {
        let error = refused(body).to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn a_handshake_names_a_node_or_is_refused() {
    let RawFrame(good) = samples::frames().remove(0).2.encode(WireVersion::V1);
    let Some(wire::frame::Body::Hello(good)) = wire::Frame::decode(good).unwrap().body else {
        panic!("the first sample is a hello");
    };
    let identity = good.identity.clone().unwrap();
    let hello = |identity| frame_of(wire::Hello { identity: Some(identity), purpose: 1 });
    assert!(hello(identity.clone()).is_ok());
    let with = |change: fn(&mut wire::Identity)| {
        let mut identity = identity.clone();
        change(&mut identity);
        hello(identity).unwrap_err()
    };
    let reason = BadName::Empty;
    assert_eq!(
        with(|i| i.cluster.clear()),
        WireError::BadName { what: "a cluster's name", reason }
    );
    let reason = BadName::Character { found: '\n' };
    assert_eq!(with(|i| i.name.push('\n')), WireError::BadName { what: "a node's name", reason });
    assert!(matches!(with(|i| i.capabilities[0].clear()), WireError::BadName { .. }));
    let many = with(|i| i.capabilities = vec!["a".into(); 1000]);
    assert_eq!(many, WireError::TooMany { what: "capabilities", count: 65, count_max: 64 });
    assert!(matches!(with(|i| i.node = 0), WireError::OutOfRange { what: "a node's id", .. }));
    assert!(matches!(with(|i| i.protocol_min = 0), WireError::OutOfRange { .. }));
    assert!(matches!(with(|i| i.protocol_max = 0), WireError::OutOfRange { min: 1, .. }));
    for value in [0, 4] {
        let hello = wire::Hello { identity: Some(identity.clone()), purpose: value };
        let wrong = WireError::NoSuchValue { what: "a stream's purpose", value };
        assert_eq!(frame_of(hello), Err(wrong));
    }
    assert!(matches!(frame_of(wire::Hello::default()), Err(WireError::NoSuchValue { .. })));
}

fn frame_of(hello: wire::Hello) -> Result<Frame, WireError> {
    frame(
        wire::Frame { body: Some(wire::frame::Body::Hello(hello)), checksum: None }.encode_to_vec(),
    )
}
