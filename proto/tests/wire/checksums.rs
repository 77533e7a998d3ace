//! Frames that were changed on their way, and links whose two ends speak different versions.

use bytes::Bytes;
use peer_ring_core::peer::{Request, Response};
use peer_ring_proto::{Frame, Limits, RawFrame, WireError, WireVersion};

use crate::hostile::field;
use crate::samples;

fn read(bytes: impl Into<Bytes>, version: WireVersion) -> Result<Frame, WireError> {
    Frame::decode(RawFrame(bytes.into()), version, &Limits::default())
}

fn batch() -> Frame {
    let probe = samples::request(Request::Probe);
    Frame::Batch(vec![samples::response(Response::Applied), probe])
}

fn is_seen(read: &Result<Frame, WireError>) -> bool {
    read.as_ref().is_err_and(WireError::is_damage)
}

#[test]
fn no_flipped_bit_gets_past_the_checksum() {
    for (_, _, frame) in samples::frames() {
        let RawFrame(good) = frame.encode(WireVersion::V2);
        for bit in 0..good.len() * 8 {
            let mut bad = good.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            let read = read(bad, WireVersion::V2);
            assert!(is_seen(&read), "bit {bit} of {good:?}: {read:?}");
        }
    }
}

#[test]
fn no_frame_that_was_cut_short_or_made_longer_gets_past_the_checksum() {
    let RawFrame(good) = batch().encode(WireVersion::V2);
    for bytes in 0..good.len() {
        let read = read(good.slice(..bytes), WireVersion::V2);
        assert!(is_seen(&read), "{bytes} bytes: {read:?}");
    }
    for more in [&b"\0"[..], &field(9, b"more"), &good] {
        assert!(is_seen(&read([&good[..], more].concat(), WireVersion::V2)));
    }
}

#[test]
fn a_frame_for_one_message_has_exactly_one() {
    let only = |messages: &[_], version| {
        let raw = Frame::Batch(messages.to_vec()).encode(version);
        raw.only_message(version, &Limits::default())
    };
    let probe = samples::request(Request::Probe);
    for version in WireVersion::ALL {
        assert_eq!(only(std::slice::from_ref(&probe), version), Ok(probe.clone()));
        assert!(matches!(only(&[], version), Err(WireError::Missing { .. })));
        let two = only(&[probe.clone(), probe.clone()], version);
        assert!(matches!(two, Err(WireError::TooMany { count: 2, .. })));
    }
}

#[test]
fn a_wrong_checksum_is_told_with_both_sides() {
    let RawFrame(good) = batch().encode(WireVersion::V2);
    let mut bad = good.to_vec();
    let last = bad.len() - 1;
    bad[last] ^= 0xff;
    let error = read(bad, WireVersion::V2).unwrap_err();
    let WireError::Checksum { said, found } = error else {
        panic!("{error}");
    };
    assert_eq!(said ^ found, 0xff << 56);
    assert!(error.to_string().contains(&format!("{said:016x}")), "{error}");
}

#[test]
fn a_frame_without_a_checksum_is_none_in_version_2() {
    let RawFrame(old) = batch().encode(WireVersion::V1);
    assert_eq!(read(old, WireVersion::V2), Err(WireError::NoChecksum));
    assert_eq!(read(Bytes::new(), WireVersion::V2), Err(WireError::NoChecksum));
}

#[test]
fn a_frame_of_version_2_is_one_to_a_node_that_knows_no_checksums() {
    for (kind, word, frame) in samples::frames() {
        let RawFrame(new) = frame.clone().encode(WireVersion::V2);
        assert_eq!(read(new, WireVersion::V1), Ok(frame), "{kind} {word}");
    }
}

#[test]
fn the_first_frame_of_a_stream_is_read_with_a_checksum_or_without() {
    let first = |bytes: Bytes| Frame::decode_first(RawFrame(bytes), &Limits::default());
    for (_, _, frame) in samples::frames() {
        for version in WireVersion::ALL {
            let RawFrame(bytes) = frame.clone().encode(version);
            assert_eq!(first(bytes), Ok(frame.clone()));
        }
        let RawFrame(good) = frame.encode(WireVersion::V2);
        let mut bad = good.to_vec();
        bad[3] ^= 1;
        assert!(first(bad.into()).is_err());
    }
}

#[test]
fn what_version_1_does_not_say_is_absent_there() {
    for (word, message) in samples::since_version_2() {
        let RawFrame(old) = Frame::Batch(vec![message.clone()]).encode(WireVersion::V1);
        let Ok(Frame::Batch(read)) = read(old, WireVersion::V1) else {
            panic!("a batch");
        };
        assert_ne!(read, [message], "{word}");
    }
}
