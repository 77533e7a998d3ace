//! Bytes that somebody made up to do harm, or that only a faulty node would send.

use bytes::Bytes;
use peer_ring_core::peer::{Request, Response};
use peer_ring_proto::wire::{self, message::Body};
use peer_ring_proto::{Frame, Limits, RawFrame, WireError, WireVersion, decode};
use prost::Message as _;

use crate::samples;

pub fn refused(body: Body) -> WireError {
    let message = wire::Message { epoch: 1, request_id: 2, body: Some(body) };
    decode(message.encode_to_vec().into(), &Limits::default()).unwrap_err()
}

pub fn frame(bytes: impl Into<Bytes>) -> Result<Frame, WireError> {
    Frame::decode(RawFrame(bytes.into()), WireVersion::V1, &Limits::default())
}

/// A field that holds bytes: its number below 16, its payload.
pub fn field(number: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encode_length_delimiter(payload.len(), &mut bytes).unwrap();
    bytes.extend_from_slice(payload);
    bytes
}

fn is_malformed(error: &WireError) -> bool {
    matches!(error, WireError::Malformed { .. })
}

#[test]
fn a_declared_length_is_not_believed() {
    let whole = field(3, &field(3, b"command"));
    for length in [&[127][..], &[255, 255, 255, 255, 7], &[255; 9], &[255; 12]] {
        let message = [&[26][..], length, b"few"].concat();
        let nested = field(3, &message);
        for bytes in [message.clone(), nested, [&whole[..], &message].concat()] {
            let error = decode(bytes.into(), &Limits::default()).unwrap_err();
            assert!(is_malformed(&error), "{error}");
        }
        for bytes in [[&[34][..], length].concat(), field(4, &[&[10][..], length].concat())] {
            assert!(is_malformed(&frame(bytes).unwrap_err()));
        }
    }
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let groups = [vec![11; 500_000], vec![12; 500_000]].concat();
    assert!(is_malformed(&frame(groups.clone()).unwrap_err()));
    for body in [3, 5, 8] {
        let error = decode(field(body, &groups).into(), &Limits::default()).unwrap_err();
        assert!(is_malformed(&error), "{error}");
    }
    let mut boxes = Vec::new();
    (0..1000).for_each(|_| boxes = field(15, &boxes));
    let read = decode(field(5, &boxes).into(), &Limits::default());
    assert!(read.is_ok(), "boxes in an unknown field are stepped over: {read:?}");
}

#[test]
fn more_messages_than_allowed_are_refused_before_the_rest_is_read() {
    let alive = field(1, &field(12, b""));
    let limits = Limits::default();
    let batch = field(4, &alive.repeat(limits.batch_messages_max));
    assert!(frame(batch).is_ok());
    let batch = field(4, &alive.repeat(limits.batch_messages_max * 10));
    let (count, count_max) = (limits.batch_messages_max + 1, limits.batch_messages_max);
    let wrong = WireError::TooMany { what: "messages of a batch", count, count_max };
    assert_eq!(frame(batch), Err(wrong));
    let empty = field(4, &field(1, b"").repeat(1_000_000));
    assert_eq!(frame(empty), Err(WireError::Missing { what: "a message's body" }));
}

#[test]
fn empty_records_are_counted_before_they_take_memory() {
    let limits = Limits::default();
    let (count, count_max) = (limits.records_max + 1, limits.records_max);
    let wrong = WireError::TooMany { what: "records of a message", count, count_max };
    let half = field(2, b"").repeat(limits.records_max / 2);
    let apply = field(5, &half);
    assert!(decode(apply.repeat(2).into(), &limits).is_ok());
    assert_eq!(decode(apply.repeat(3).into(), &limits), Err(wrong.clone()), "parts are merged");
    let million = field(5, &field(2, b"").repeat(1_000_000));
    assert_eq!(decode(million.into(), &limits), Err(wrong.clone()));
    let keys = vec![Bytes::new(); count];
    assert_eq!(refused(Body::Fetch(wire::Fetch { partition: 1, keys })), wrong);
    let records = || vec![wire::Entry::default(); count];
    assert_eq!(refused(Body::Fetched(wire::Fetched { records: records() })), wrong);
    let copied = wire::Copied { records: records(), ..Default::default() };
    assert_eq!(refused(Body::Copied(copied)), wrong);
}

#[test]
fn empty_records_do_not_add_up_over_the_messages_of_a_batch() {
    let limits = Limits::default();
    let half = field(1, &field(5, &field(2, b"").repeat(limits.records_max / 2)));
    assert!(frame(field(4, &half.repeat(2))).is_ok());
    let (count, count_max) = (limits.records_max * 3 / 2, limits.records_max);
    let what = "records of a batch";
    let refused = frame(field(4, &half.repeat(20)));
    assert_eq!(refused, Err(WireError::TooMany { what, count, count_max }));
}

#[test]
fn sizes_are_bounded_each_by_its_own_limit() {
    let limits = Limits {
        frame_bytes_max: 4000,
        message_bytes_max: 2000,
        command_bytes_max: 10,
        reply_bytes_max: 11,
        seen_bytes_max: 12,
        key_bytes_max: 13,
        value_bytes_max: 14,
        ..Limits::default()
    };
    let long = || Bytes::from(vec![0; 15]);
    let key = wire::Entry { key: long(), ..Default::default() };
    let value = wire::Entry { value: Some(long()), ..Default::default() };
    let executed = |reply, seen| Body::Executed(wire::Executed { reply, seen });
    let fetched = |entry| Body::Fetched(wire::Fetched { records: vec![entry] });
    let table = [
        (Body::Execute(wire::Execute { command: long(), ..Default::default() }), "a command", 10),
        (executed(long(), Bytes::new()), "a reply", 11),
        (executed(Bytes::new(), long()), "what a command read", 12),
        (fetched(key), "a key", 13),
        (fetched(value), "a value", 14),
        (Body::Fetch(wire::Fetch { partition: 0, keys: vec![long()] }), "a key", 13),
        (Body::Copy(wire::Copy { after: Some(long()), ..Default::default() }), "a key", 13),
    ];
    for (body, what, bytes_max) in table {
        let message = wire::Message { epoch: 1, request_id: 2, body: Some(body) };
        let refused = decode(message.encode_to_vec().into(), &limits);
        assert_eq!(refused, Err(WireError::TooLarge { what, bytes: 15, bytes_max }));
    }
    let refused = decode(vec![0; 2001].into(), &limits);
    let bytes_max = 2000;
    assert_eq!(refused, Err(WireError::TooLarge { what: "a message", bytes: 2001, bytes_max }));
    let refused = Frame::decode(RawFrame(vec![0; 4001].into()), WireVersion::V2, &limits);
    let bytes_max = 4000;
    assert_eq!(refused, Err(WireError::TooLarge { what: "a frame", bytes: 4001, bytes_max }));
}

#[test]
fn a_frame_says_exactly_one_thing() {
    assert_eq!(frame(Bytes::new()), Err(WireError::Missing { what: "a frame's body" }));
    let unknown = field(9, b"from a newer version");
    assert_eq!(frame(unknown.clone()), Err(WireError::Missing { what: "a frame's body" }));
    let number = [32, 1];
    assert!(is_malformed(&frame(number.to_vec()).unwrap_err()), "a batch is no number");
    assert!(is_malformed(&frame(field(4, &[8, 1])).unwrap_err()), "nor is a message");
    let two = [field(4, b""), field(5, b"")].concat();
    assert_eq!(frame(two), Err(WireError::TwoBodies { first: 4, second: 5 }));
    let newer = [unknown, field(4, b"")].concat();
    assert_eq!(frame(newer), Ok(Frame::Batch(vec![])));
}

#[test]
fn a_goodbye_is_readable_to_older_versions_and_harmless_in_a_log() {
    let goodbye = |code, text: &str| {
        let goodbye = wire::Goodbye { code, text: text.into() };
        let body = Some(wire::frame::Body::Goodbye(goodbye));
        frame(wire::Frame { body, checksum: None }.encode_to_vec())
    };
    let Frame::Goodbye(read) = goodbye(99, "no\r\n\u{1b}[2Jmore").unwrap() else {
        panic!("a goodbye");
    };
    assert_eq!(read.code, peer_ring_proto::hello::RefusalCode::Other);
    assert_eq!(read.text, "no   [2Jmore");
    assert_eq!(goodbye(0, ""), Err(WireError::NoSuchValue { what: "a goodbye's code", value: 0 }));
    assert!(matches!(goodbye(1, &"x".repeat(5000)), Err(WireError::TooLarge { .. })));
}

#[test]
fn a_message_without_a_body_is_refused_and_an_unknown_field_is_not() {
    let missing = WireError::Missing { what: "a message's body" };
    assert_eq!(decode(Bytes::new(), &Limits::default()), Err(missing.clone()));
    assert_eq!(decode(field(15, b"newer").into(), &Limits::default()), Err(missing));
    let newer = [field(12, &field(15, b"newer")), field(15, b"newer")].concat();
    let message = decode(newer.into(), &Limits::default()).unwrap();
    let alive = samples::response(Response::Alive);
    let probe = samples::request(Request::Probe);
    assert_eq!(samples::kind(&message), samples::kind(&alive));
    assert_ne!(samples::kind(&message), samples::kind(&probe));
}
