//! Recordings: whatever was recorded is read again, and whatever is not whole is known for it.

use std::time::Duration;

use peer_ring_core::actor::{Instant, Now, Wall};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{AppId, CallerId, Desk, NodeId, NodeName, RequestId, Seat};
use peer_ring_core::key::{Key, Partitions};
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::peer::{Body, Lane, Request};
use peer_ring_core::ring::Strategy as Placement;
use peer_ring_core::view::View;
use peer_ring_core::wiring::{ControlIn, ControlOut, ShardIn, ShardOut};
use peer_ring_proto::flight::{
    Digest, End, Ending, FlightError, Header, Recorded, Recorder, Recording, Step, record,
};
use proptest::prelude::*;

use crate::arbitrary::{bytes, message, plan};

fn header() -> Header {
    Header { shards: 2, ..Header::new("c", NodeName::new("n1").unwrap(), NodeId(7)) }
}

fn name() -> impl Strategy<Value = NodeName> {
    "[a-z][a-z0-9.-]{0,20}".prop_map(|name| NodeName::new(&name).unwrap())
}

fn sighting() -> impl Strategy<Value = Sighting> {
    let id = proptest::option::of((1..=u64::MAX).prop_map(NodeId));
    let zone = proptest::option::of("[a-z]{0,3}");
    let metadata = proptest::collection::btree_map(".{0,9}", ".{0,9}", 0..3);
    (name(), id, ".{0,30}", zone, any::<u32>(), metadata).prop_map(
        |(name, id, address, zone, weight, metadata)| {
            let zone = zone.map(Into::into);
            Sighting { name, id, address, zone, weight, metadata }
        },
    )
}

fn control_input() -> impl Strategy<Value = ControlIn> {
    let link = |(seat, id)| ControlIn::LinkUp { seat: Seat(seat), id: NodeId(id) };
    let peer = |(from, message)| ControlIn::Peer { from: Seat(from), message };
    prop_oneof![
        sighting().prop_map(|sighting| ControlIn::Fact(Fact::Seen(sighting))),
        name().prop_map(|name| ControlIn::Fact(Fact::Lost(name))),
        Just(()).prop_map(|()| ControlIn::Fact(Fact::Settled)),
        any::<(u64, u64)>().prop_map(link),
        any::<u64>().prop_map(|seat| ControlIn::LinkDown { seat: Seat(seat) }),
        (any::<u64>(), message()).prop_map(peer),
        Just(()).prop_map(|()| ControlIn::Leave),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    (any::<(u32, u64, u64)>(), plan(), bytes(600)).prop_map(
        |((app, at, timeout), plan, command)| {
            let timeout = Duration::from_nanos(timeout);
            Ask { app: AppId(app), key: Key::at(at), plan, command, timeout }
        },
    )
}

fn shard_input() -> impl Strategy<Value = ShardIn> {
    let undelivered = |(to, id, may_have_arrived)| ShardIn::Undelivered {
        to: Seat(to),
        id: RequestId(id),
        may_have_arrived,
    };
    let lost = |(seat, is_background)| ShardIn::LinkLost {
        seat: Seat(seat),
        lane: if is_background { Lane::Background } else { Lane::Foreground },
    };
    prop_oneof![
        (any::<u64>(), ask())
            .prop_map(|(caller, ask)| ShardIn::Ask { caller: CallerId(caller), ask }),
        any::<u64>().prop_map(|caller| ShardIn::Abandon(CallerId(caller))),
        (any::<u64>(), message())
            .prop_map(|(from, message)| ShardIn::Peer { from: Seat(from), message }),
        any::<(u64, u64, bool)>().prop_map(undelivered),
        any::<(u64, bool)>().prop_map(lost),
    ]
}

fn at(tick: u64) -> Now {
    Now { tick: Instant(tick), wall: Wall(tick ^ 5) }
}

/// A file with one entry.
fn file_of<I: Recorded>(desk: Desk, now: Now, input: Option<&I>) -> Vec<u8> {
    let mut file = header().encode();
    let mut recorder = Recorder::new(desk);
    recorder.begin(now, input);
    file.extend_from_slice(recorder.end([].iter() as std::slice::Iter<'_, ShardOut>, false));
    file
}

fn read(file: &[u8]) -> Recording {
    Recording::read(file.to_vec().into()).unwrap()
}

proptest! {
    #[test]
    fn what_control_was_given_is_read_again(input in control_input(), tick in any::<u64>()) {
        let recording = read(&file_of(Desk::Control, at(tick), Some(&input)));
        let entry = recording.entry(0).unwrap();
        prop_assert_eq!(entry.now, at(tick));
        let Step::Control(again) = entry.step else { panic!("{:?}", entry.step) };
        prop_assert_eq!(format!("{again:?}"), format!("{input:?}"));
    }

    #[test]
    fn what_a_shard_was_given_is_read_again(input in shard_input(), index in 0..2_u8) {
        let recording = read(&file_of(Desk::Shard(index), at(1), Some(&input)));
        let Step::Shard(of, again) = recording.entry(0).unwrap().step else { panic!("no input") };
        prop_assert_eq!((of, format!("{again:?}")), (index, format!("{input:?}")));
    }

    #[test]
    fn a_header_is_read_again(
        cluster in ".{0,9}",
        name in name(),
        numbers in any::<[u32; 9]>(),
        shards in 1..=254_u8,
        partitions in 1..=Partitions::MAX,
        strategy in proptest::sample::select(&Placement::ALL[..]),
        apps in proptest::collection::vec(".{0,9}", 0..3),
    ) {
        let span = |at: usize| Duration::from_nanos(numbers[at].into());
        let mut header = Header::new(&cluster, name, NodeId(numbers[0].into()));
        header.started = Wall(numbers[1].into());
        header.shards = shards;
        header.ring.partitions = Partitions::any(partitions).unwrap();
        header.ring.strategy = strategy;
        header.membership.probe_interval = span(2);
        header.membership.suspect_after = span(3);
        header.membership.down_after = span(4);
        header.coordinator.hedge_after_min = span(5);
        header.coordinator.hedge_after_max = span(6);
        header.coordinator.inflight_max = numbers[7] as usize;
        header.coordinator.inflight_bytes_max = numbers[8] as usize;
        header.apps = apps;
        let recording = read(&header.encode());
        prop_assert_eq!(recording.header(), &header);
    }

    #[test]
    fn noise_in_a_record_is_refused_or_read(
        desk in prop_oneof![Just(255), Just(254), 0..3_u8],
        kind in 0..14_u8,
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let payload = [&[desk][..], &[0; 16], &[kind], &noise].concat();
        let mut file = header().encode();
        record::put(&mut file, &payload);
        if let Ok(recording) = Recording::read(file.into()) {
            (0..recording.len()).for_each(|number| drop(recording.entry(number)));
        }
    }

    #[test]
    fn noise_is_no_recording(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(Recording::read(noise.into()).unwrap_err(), FlightError::NotARecording);
    }
}

#[test]
fn a_length_that_is_a_lie_is_refused_and_allocates_nothing() {
    for kind in [1_u8, 7, 9] {
        let payload = [&[if kind == 1 { 255 } else { 0 }][..], &[0; 16], &[kind], &[0xff; 60]];
        let mut file = header().encode();
        record::put(&mut file, &payload.concat());
        let error = read(&file).entry(0).unwrap_err();
        assert!(matches!(error, FlightError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_recording_that_was_cut_anywhere_is_read_up_to_there() {
    let mut file = header().encode();
    let mut recorder = Recorder::new(Desk::Shard(0));
    let mut ends = vec![file.len()];
    for tick in 0..5 {
        recorder.begin(at(tick), Some(&ShardIn::Abandon(CallerId(tick))));
        file.extend_from_slice(recorder.end(Vec::<ShardOut>::new().iter(), false));
        ends.push(file.len());
    }
    for length in 0..file.len() {
        let read = Recording::read(file[..length].to_vec().into());
        if length < ends[0] {
            let error = read.unwrap_err();
            assert!(matches!(error, FlightError::NotARecording | FlightError::NoHeader), "{error}");
            continue;
        }
        let recording = read.unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count() - 1;
        assert_eq!(recording.len(), whole);
        let lost_bytes = length - ends[whole];
        assert_eq!(recording.ending(), &Ending::Cut { lost_bytes });
    }
}

#[test]
fn a_recording_of_another_version_is_refused_by_its_number() {
    let mut file = header().encode();
    file[16] = 9;
    let error = Recording::read(file.into()).unwrap_err();
    assert_eq!(error, FlightError::Version { found: 9 });
    let said = "this recording is of version 9, and this build reads version 2";
    assert_eq!(error.to_string(), said);
}

#[test]
fn a_recording_says_why_it_ended_and_has_nothing_after() {
    for end in [End::Stopped, End::Full, End::Behind] {
        let mut file = header().encode();
        file.extend_from_slice(&end.encode());
        file.extend_from_slice(b"whatever");
        assert_eq!(read(&file).ending(), &Ending::Said(end));
    }
}

#[test]
fn entries_are_in_the_order_of_time_and_control_comes_first() {
    let mut file = header().encode();
    let turns = [(Desk::Shard(1), 5), (Desk::Shard(0), 3), (Desk::Control, 3), (Desk::Shard(1), 5)];
    for (desk, tick) in turns {
        let mut recorder = Recorder::new(desk);
        recorder.begin::<ShardIn>(at(tick), None);
        file.extend_from_slice(recorder.end(Vec::<ShardOut>::new().iter(), false));
    }
    let recording = read(&file);
    let order: Vec<_> = (0..4)
        .map(|number| recording.entry(number).unwrap())
        .map(|entry| (entry.step.desk(), entry.now.tick.0))
        .collect();
    let expected =
        [(Desk::Control, 3), (Desk::Shard(0), 3), (Desk::Shard(1), 5), (Desk::Shard(1), 5)];
    assert_eq!(order, expected);
}

#[test]
fn a_view_is_known_by_its_turn_and_a_wake_by_its_desk() {
    let view = read(&file_of(Desk::Shard(1), at(1), Some(&ShardIn::View(View::default()))));
    assert!(matches!(view.entry(0).unwrap().step, Step::NextView(1)));
    let wake = read(&file_of::<ShardIn>(Desk::Shard(1), at(1), None));
    assert!(matches!(wake.entry(0).unwrap().step, Step::Wake(Desk::Shard(1))));
}

#[test]
fn digests_tell_orders_apart() {
    let reply = |caller, result| ShardOut::Reply { caller: CallerId(caller), result };
    let probe = |id| {
        let body = Body::Request { id: RequestId(id), request: Request::Probe };
        peer_ring_core::peer::Message { epoch: peer_ring_core::id::Epoch(1), body }
    };
    let shard = [
        reply(1, Ok(b"a".as_slice().into())),
        reply(1, Ok(b"b".as_slice().into())),
        reply(2, Ok(b"a".as_slice().into())),
        reply(1, Err(Failure::Overloaded)),
        reply(1, Err(Failure::NotReady)),
        ShardOut::Send { to: Seat(1), message: probe(1) },
        ShardOut::Send { to: Seat(1), message: probe(2) },
        ShardOut::Send { to: Seat(2), message: probe(1) },
    ];
    let control = [
        ControlOut::Disconnect { seat: Seat(1) },
        ControlOut::Send { to: Seat(1), message: probe(1) },
        ControlOut::View(View::default()),
    ];
    let mut scratch = Vec::new();
    let mut hashes: Vec<_> =
        shard.iter().map(|order| Digest::of([order].into_iter(), &mut scratch).hash).collect();
    let both = Digest::of(shard.iter(), &mut scratch);
    assert_eq!(both.count, 8);
    hashes.push(both.hash);
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 9);
    let mut hashes: Vec<_> =
        control.iter().map(|order| Digest::of([order].into_iter(), &mut scratch).hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
    let none = Digest::of(Vec::<ShardOut>::new().iter(), &mut scratch);
    assert_eq!(none, Digest::default());
}
