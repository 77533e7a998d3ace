//! What a message costs, in release:
//! `cargo test --release -p peer-ring-proto --test wire -- --ignored --nocapture --test-threads=1`.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use peer_ring_core::hlc::Stamp;
use peer_ring_core::peer::{Message, Response};
use peer_ring_core::record::Version;
use peer_ring_proto::{Frame, Limits, Packer, WireVersion, decode, encode};

use crate::{samples, sizes};

const BATCH: u32 = 64;
const BATCHES: u32 = 2_000;
const RUNS: u32 = 7;

/// What packing a message takes, and decoding and dropping it, in batches; the best of some runs.
fn measure(message: &Message, version: WireVersion) -> (Duration, Duration) {
    let limits = Limits::default();
    let mut packer = Packer::new(&limits, version);
    let mut run = || {
        let (mut packing, mut decoding) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..BATCHES {
            let batch: Vec<_> = (0..BATCH).map(|_| message.clone()).collect();
            let began = Instant::now();
            for message in batch {
                packer.push(message).unwrap();
            }
            let frame = packer.pop().unwrap();
            packing += began.elapsed();
            let began = Instant::now();
            drop(black_box(Frame::decode(frame, version, &limits).unwrap()));
            decoding += began.elapsed();
        }
        (packing / BATCHES / BATCH, decoding / BATCHES / BATCH)
    };
    (0..RUNS).map(|_| run()).min_by_key(|(packing, decoding)| *packing + *decoding).unwrap()
}

#[test]
#[ignore = "a measurement, for release builds"]
fn a_message_costs_less_than_300_ns_both_ways() {
    let payload = Bytes::from(vec![7; 100]);
    let version = Version { stamp: Stamp(1 << 60), ..Version::NONE };
    let executed = Response::Executed { reply: payload.clone(), seen: Bytes::new() };
    for (what, message) in [
        ("execute", samples::execute(Some(version), false, payload)),
        ("executed", samples::response(executed)),
        ("applied", samples::response(Response::Applied)),
    ] {
        for version in WireVersion::ALL {
            let (packing, decoding) = measure(&message, version);
            println!("{what:>9}: {packing:?} to pack and {decoding:?} to decode in v{version}");
            assert!(packing + decoding < Duration::from_nanos(300));
        }
    }
}

#[test]
#[ignore = "a measurement, for release builds"]
fn a_ring_of_a_thousand_members_costs_less_than_50_ms_both_ways() {
    let message = sizes::thousand();
    let limits = Limits::default();
    let run = || {
        let began = Instant::now();
        let bytes = encode(&message, WireVersion::NEWEST);
        let encoding = began.elapsed();
        let began = Instant::now();
        drop(black_box(decode(bytes, &limits).unwrap()));
        (encoding, began.elapsed())
    };
    let best = (0..RUNS).map(|_| run()).min_by_key(|(encoding, decoding)| *encoding + *decoding);
    let (encoding, decoding) = best.unwrap();
    println!("a big ring: {encoding:?} to encode and {decoding:?} to decode");
    assert!(encoding + decoding < Duration::from_millis(50));
}
