//! What a node keeps: it comes back as it was, or not at all.

use bytes::Bytes;
use peer_ring_core::chain::State;
use peer_ring_core::id::NodeId;
use peer_ring_core::identity::Kept;
use peer_ring_proto::kept::{KeptError, VERSION, decode, encode};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::arbitrary::state;
use crate::{golden, rings};

const WHO: Kept = Kept { id: NodeId(0x1122_3344_5566_7788), vote: NodeId(0x8877_6655_4433_2211) };

fn some() -> Bytes {
    encode(WHO, &rings::state())
}

/// A file with these bytes before its checksum, which is right.
fn sealed(mut covered: Vec<u8>) -> Bytes {
    let checksum = xxh3_64(&covered);
    covered.extend_from_slice(&checksum.to_le_bytes());
    covered.into()
}

proptest! {
    #[test]
    fn what_is_kept_comes_back_as_it_was(state in state(), who in (1..=u64::MAX, 1..=u64::MAX)) {
        let who = Kept { id: NodeId(who.0), vote: NodeId(who.1) };
        prop_assert_eq!(decode(encode(who, &state)), Ok((who, state)));
    }

    #[test]
    fn noise_is_nothing_that_was_kept(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        has_head in any::<bool>(),
    ) {
        let head = if has_head { &some()[..19] } else { &[][..] };
        let read = decode([head, &noise].concat().into());
        prop_assert!(read.is_err(), "{:?}", read);
    }
}

#[test]
fn what_was_kept_by_the_first_version_is_read_for_ever() {
    let files = [("nothing", encode(WHO, &State::default())), ("votes", some())];
    let golden = golden::file("kept", &files);
    assert_eq!(golden, files.map(|(word, file)| (word.to_owned(), file)));
    assert_eq!(decode(golden[0].1.clone()), Ok((WHO, State::default())));
    assert_eq!(decode(golden[1].1.clone()), Ok((WHO, rings::state())));
}

#[test]
fn a_file_that_was_cut_anywhere_is_torn() {
    let whole = some();
    for bytes in 0..whole.len() {
        let Err(KeptError::Torn { bytes: found, expected }) = decode(whole.slice(..bytes)) else {
            panic!("{bytes} of {} bytes are taken for something", whole.len());
        };
        assert!(found == bytes && expected > bytes && expected <= whole.len());
    }
}

#[test]
fn no_flipped_bit_is_believed() {
    let whole = some();
    for bit in 0..whole.len() * 8 {
        let mut bad = whole.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        let error = decode(bad.into()).unwrap_err();
        let is_expected = match bit / 8 {
            0..=13 => error == KeptError::Foreign,
            14 => matches!(error, KeptError::Damaged { .. }),
            // A length that is too great is that of a file of which something is missing.
            15..=18 => matches!(error, KeptError::Torn { .. } | KeptError::Damaged { .. }),
            _ => matches!(error, KeptError::Damaged { .. }),
        };
        assert!(is_expected, "bit {bit}: {error}");
    }
}

#[test]
fn a_file_with_something_after_its_end_is_damaged() {
    let longer = [&some()[..], b"more"].concat();
    assert!(matches!(decode(longer.into()), Err(KeptError::Damaged { .. })));
    let mut longer = some().to_vec();
    longer.truncate(longer.len() - 8);
    longer.push(0);
    assert!(matches!(decode(sealed(longer)), Err(KeptError::Damaged { .. })));
}

#[test]
fn a_file_of_a_newer_version_is_refused_by_its_number() {
    let mut newer = some().to_vec();
    newer.truncate(newer.len() - 8);
    newer[14] = VERSION + 1;
    let error = decode(sealed(newer)).unwrap_err();
    assert_eq!(error, KeptError::Version { found: VERSION + 1 });
    assert!(error.to_string().starts_with("it is of version 2, and this build reads version 1"));
}

#[test]
fn nobody_is_nobody() {
    let nobody = encode(Kept { id: NodeId(0), ..WHO }, &State::default());
    assert!(matches!(decode(nobody), Err(KeptError::Malformed(_))));
    let nobody = encode(Kept { vote: NodeId(0), ..WHO }, &State::default());
    assert!(matches!(decode(nobody), Err(KeptError::Malformed(_))));
}
