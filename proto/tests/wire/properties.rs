//! Whatever core says comes back as it was, and whatever else comes in does no harm.

use bytes::Bytes;
use peer_ring_core::peer::{Body, Message, Request};
use peer_ring_proto::wire;
use peer_ring_proto::{
    Chunk, Frame, Limits, Packer, RawFrame, Reassembler, WireError, WireVersion,
};
use peer_ring_proto::{decode, encode, encoded_len};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message as _;

use crate::arbitrary::{frame, limits, message, messages, version};

const NEWEST: WireVersion = WireVersion::NEWEST;

/// A small damage to some bytes.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    Repeat(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        1 => at().prop_map(Damage::Remove),
        1 => at().prop_map(Damage::Truncate),
        1 => (at(), at()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Bytes {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let place = |at: &Index| at.index(bytes.len());
        match damage {
            Damage::Set(at, byte) => {
                let at = place(at);
                bytes[at] = *byte;
            }
            Damage::Insert(at, byte) => bytes.insert(place(at), *byte),
            Damage::Remove(at) => {
                bytes.remove(place(at));
            }
            Damage::Truncate(at) => bytes.truncate(place(at)),
            Damage::Repeat(from, to) => {
                let (from, to) = (place(from).min(place(to)), place(from).max(place(to)));
                bytes.extend_from_within(from..to);
            }
        }
    }
    bytes.into()
}

/// What is left of `message` where only `version` is spoken.
fn without_nodes(version: WireVersion, mut message: Message) -> Message {
    if let Body::Request { request: Request::Copy { node, .. }, .. } = &mut message.body {
        *node = node.filter(|_| version >= WireVersion::V2);
    }
    message
}

fn as_said_in(version: WireVersion, frame: Frame) -> Frame {
    match frame {
        Frame::Batch(messages) => {
            Frame::Batch(messages.into_iter().map(|m| without_nodes(version, m)).collect())
        }
        other => other,
    }
}

/// Bytes are either refused, or a message within the limits that has an encoding of its own.
fn is_refused_or_sound(bytes: Bytes, limits: &Limits) {
    if let Ok(message) = decode(bytes.clone(), limits) {
        assert_eq!(limits.check(&message), Ok(()));
        assert!(wire::Message::decode(bytes).is_ok(), "prost reads what we read");
        assert_eq!(decode(encode(&message, NEWEST), &Limits::default()), Ok(message));
    }
}

fn is_refused_or_a_sound_frame(bytes: Bytes, limits: &Limits) {
    let Ok(frame) = Frame::decode(RawFrame(bytes.clone()), WireVersion::V1, limits) else {
        return;
    };
    assert!(wire::Frame::decode(bytes).is_ok(), "prost reads what we read");
    match &frame {
        Frame::Batch(messages) => {
            assert!(messages.len() <= limits.batch_messages_max);
            messages.iter().for_each(|m| assert_eq!(limits.check(m), Ok(())));
        }
        Frame::Hello(hello) => {
            assert!(hello.identity.capabilities.len() <= limits.capabilities_max);
        }
        Frame::Welcome(welcome) => {
            assert!(welcome.identity.capabilities.len() <= limits.capabilities_max);
        }
        Frame::Goodbye(goodbye) => assert!(goodbye.text.len() <= limits.text_bytes_max),
        Frame::Chunk(chunk) => assert!(chunk.bytes.len() <= limits.frame_bytes_max),
    }
    assert_eq!(Frame::decode(frame.clone().encode(NEWEST), NEWEST, &Limits::default()), Ok(frame));
}

/// All that comes out of `packer`, in the order in which it is complete.
fn receive(packer: &mut Packer, version: WireVersion, limits: &Limits) -> Vec<Message> {
    let mut reassembler = Reassembler::new(limits);
    let mut received = Vec::new();
    while let Some(raw) = packer.pop() {
        match Frame::decode(raw, version, limits).unwrap() {
            Frame::Batch(messages) => received.extend(messages),
            Frame::Chunk(chunk) => {
                let whole = reassembler.push(chunk).unwrap();
                received.extend(whole.map(|bytes| decode(bytes, limits).unwrap()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(reassembler.held_bytes(), 0);
    received
}

proptest! {
    #[test]
    fn a_message_comes_back_as_it_was(message in message()) {
        let bytes = encode(&message, NEWEST);
        prop_assert_eq!(bytes.len(), encoded_len(&message, NEWEST));
        prop_assert_eq!(limits().check(&message), Ok(()));
        prop_assert_eq!(decode(bytes, &Limits::default()), Ok(message));
    }

    #[test]
    fn a_frame_comes_back_as_it_was(frame in frame(), version in version()) {
        let frame = as_said_in(version, frame);
        let raw = frame.clone().encode(version);
        let bare = wire::Frame::decode(raw.0.clone()).unwrap();
        prop_assert_eq!(bare.checksum.is_some(), version.has_checksums());
        prop_assert_eq!(&bare.encode_to_vec(), &raw.0);
        prop_assert_eq!(Frame::decode(raw.clone(), version, &Limits::default()), Ok(frame.clone()));
        prop_assert_eq!(Frame::decode_first(raw, &Limits::default()), Ok(frame));
    }

    #[test]
    fn everything_packed_arrives_once(messages in messages(12), version in version()) {
        let messages: Vec<_> = messages.into_iter().map(|m| without_nodes(version, m)).collect();
        let mut packer = Packer::new(&limits(), version);
        messages.iter().for_each(|m| packer.push(m.clone()).unwrap());
        let received = receive(&mut packer, version, &limits());
        let is_small = |m: &&Message| encoded_len(m, version) <= limits().chunk_bytes_max;
        prop_assert_eq!(received.len(), messages.len());
        prop_assert!(received.iter().filter(is_small).eq(messages.iter().filter(is_small)));
        let is_big = |m: &&Message| !is_small(m);
        prop_assert!(received.iter().filter(is_big).eq(messages.iter().filter(is_big)));
    }

    #[test]
    fn a_frame_of_one_message_is_a_batch_of_one(message in message(), version in version()) {
        let message = without_nodes(version, message);
        let raw = RawFrame::of(message.clone(), version);
        prop_assert_eq!(&raw, &Frame::Batch(vec![message.clone()]).encode(version));
        prop_assert_eq!(raw.only_message(version, &Limits::default()), Ok(message));
    }

    #[test]
    fn noise_does_no_harm(noise in vec(any::<u8>(), 0..200)) {
        let noise = Bytes::from(noise);
        is_refused_or_sound(noise.clone(), &limits());
        is_refused_or_a_sound_frame(noise, &limits());
    }

    #[test]
    fn a_damaged_message_does_no_harm(message in message(), damages in vec(damage(), 1..4)) {
        is_refused_or_sound(damaged(&encode(&message, NEWEST), &damages), &limits());
    }

    #[test]
    fn a_damaged_frame_does_no_harm(frame in frame(), damages in vec(damage(), 1..4)) {
        let RawFrame(bytes) = frame.encode(WireVersion::V1);
        is_refused_or_a_sound_frame(damaged(&bytes, &damages), &limits());
    }

    #[test]
    fn a_damaged_frame_with_a_checksum_is_never_decoded(
        frame in frame(),
        damages in vec(damage(), 1..4),
    ) {
        let RawFrame(bytes) = frame.encode(WireVersion::V2);
        let damaged = damaged(&bytes, &damages);
        let refused = Frame::decode(RawFrame(damaged.clone()), WireVersion::V2, &Limits::default());
        let is_seen = refused.as_ref().is_err_and(WireError::is_damage);
        prop_assert_eq!(is_seen, damaged != bytes, "{:?}", refused);
    }

    #[test]
    fn odd_chunks_never_hold_more_than_the_limits(
        chunks in vec((0..6u64, 0..900usize, any::<bool>()), 0..40),
    ) {
        let mut reassembler = Reassembler::new(&limits());
        for (stream, bytes, is_last) in chunks {
            let bytes = Bytes::from(vec![1; bytes]);
            if let Ok(Some(whole)) = reassembler.push(Chunk { stream, bytes, is_last }) {
                prop_assert!(whole.len() <= limits().message_bytes_max);
            }
            prop_assert!(reassembler.held_bytes() <= limits().reassembly_bytes_max);
        }
    }
}
