use peer_ring_core::id::{AppId, Epoch, PartitionId, RequestId};
use peer_ring_core::peer::{Body, Execute, Request, Response};

use super::*;
use crate::chunk::Reassembler;

const NEWEST: WireVersion = WireVersion::NEWEST;

fn execute(id: u64, command: Bytes) -> Message {
    let execute = Execute {
        partition: PartitionId(7),
        app: AppId(9),
        command,
        stamp: None,
        wants_seen: false,
    };
    let request = Request::Execute(execute);
    Message { epoch: Epoch(1), body: Body::Request { id: RequestId(id), request } }
}

fn small(id: u64) -> Message {
    let response = Response::Applied;
    Message { epoch: Epoch(1), body: Body::Response { id: RequestId(id), response } }
}

fn big(id: u64) -> Message {
    execute(id, vec![7; 250].into())
}

fn limits() -> Limits {
    Limits {
        frame_bytes_max: 200,
        chunk_bytes_max: 100,
        batch_messages_max: 10,
        command_bytes_max: 300,
        message_bytes_max: 320,
        ..Limits::default()
    }
}

/// What a receiver makes of all frames, each message under the number of its frame.
fn receive(packer: &mut Packer, limits: &Limits) -> Vec<(usize, Message)> {
    let mut reassembler = Reassembler::new(limits);
    let mut received = Vec::new();
    let frames = std::iter::from_fn(|| packer.pop());
    for (at, raw) in frames.enumerate() {
        match Frame::decode(raw, NEWEST, limits).unwrap() {
            Frame::Batch(messages) => received.extend(messages.into_iter().map(|m| (at, m))),
            Frame::Chunk(chunk) => {
                let whole = reassembler.push(chunk).unwrap();
                let whole = whole.map(|bytes| message::decode(bytes, limits).unwrap());
                received.extend(whole.map(|m| (at, m)));
            }
            other => panic!("{other:?}"),
        }
    }
    received
}

#[test]
fn what_one_turn_queued_goes_out_as_one_frame() {
    let mut packer = Packer::new(&limits(), NEWEST);
    let messages: Vec<_> = (0..5).map(small).collect();
    messages.iter().for_each(|m| packer.push(m.clone()).unwrap());
    let frame = packer.pop().unwrap();
    assert_eq!(packer.pop(), None);
    assert!(packer.is_empty());
    assert_eq!(frame, Frame::Batch(messages).encode(NEWEST), "it is what prost makes of it");
}

#[test]
fn a_frame_is_closed_before_it_is_over_its_bytes_or_messages() {
    let mut packer = Packer::new(&limits(), NEWEST);
    let messages: Vec<_> = (0..25).map(small).chain([execute(25, vec![1; 80].into())]).collect();
    messages.iter().cycle().take(52).for_each(|m| packer.push(m.clone()).unwrap());
    let received = receive(&mut packer, &limits());
    assert!(received.iter().map(|(_, m)| m).eq(messages.iter().cycle().take(52)));
    assert!(received.iter().all(|(at, _)| *at < 8));
}

#[test]
fn what_is_packed_is_what_the_link_speaks() {
    let mut packer = Packer::new(&limits(), WireVersion::V1);
    packer.push(small(1)).unwrap();
    assert_eq!(packer.pop().unwrap(), Frame::Batch(vec![small(1)]).encode(WireVersion::V1));
    packer.speak(WireVersion::V2);
    packer.push(small(1)).unwrap();
    assert_eq!(packer.pop().unwrap(), Frame::Batch(vec![small(1)]).encode(WireVersion::V2));
}

#[test]
#[should_panic(expected = "are encoded already")]
fn what_is_packed_already_is_not_said_anew() {
    let mut packer = Packer::new(&limits(), WireVersion::V1);
    packer.push(small(1)).unwrap();
    packer.speak(WireVersion::V2);
}

#[test]
fn small_messages_find_a_gap_between_chunks() {
    let mut packer = Packer::new(&limits(), NEWEST);
    packer.push(big(1)).unwrap();
    packer.push(big(2)).unwrap();
    packer.push(small(3)).unwrap();
    let received = receive(&mut packer, &limits());
    assert_eq!(received, [(0, small(3)), (3, big(1)), (6, big(2))]);
}

#[test]
fn what_is_pending_is_known_and_falls_to_zero() {
    let mut packer = Packer::new(&limits(), NEWEST);
    assert!(packer.is_empty());
    packer.push(big(1)).unwrap();
    packer.push(small(2)).unwrap();
    assert!(packer.pending_bytes() > 250);
    receive(&mut packer, &limits());
    assert_eq!(packer.pending_bytes(), 0);
}

#[test]
fn what_the_peer_would_refuse_is_not_sent() {
    let mut packer = Packer::new(&limits(), NEWEST);
    let command = execute(1, vec![0; 301].into());
    let wrong = WireError::TooLarge { what: "a command", bytes: 301, bytes_max: 300 };
    assert_eq!(packer.push(command), Err(wrong));
    let command = execute(1, vec![0; 300].into());
    let limits = Limits { message_bytes_max: 310, ..limits() };
    let refused = Packer::new(&limits, NEWEST).push(command).unwrap_err();
    assert!(matches!(refused, WireError::TooLarge { what: "a message", .. }), "{refused}");
    assert!(packer.is_empty());
}

#[test]
#[should_panic(expected = "does not fit into a frame")]
fn a_chunk_must_fit_into_a_frame() {
    let _ = Packer::new(&Limits { chunk_bytes_max: 150, ..limits() }, NEWEST);
}
