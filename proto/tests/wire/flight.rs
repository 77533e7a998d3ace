//! Recordings: whatever was recorded is read again, and whatever is not whole is known for it.

use std::time::Duration;

use peer_ring_core::actor::{Instant, Now, Wall};
use peer_ring_core::chain::{Ballot, State};
use peer_ring_core::coordinator::Ask;
use peer_ring_core::failure::Failure;
use peer_ring_core::id::{
    AppId, CallerId, ClusterId, Desk, Epoch, NodeId, NodeName, RequestId, Seat,
};
use peer_ring_core::key::{Key, Partitions};
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::peer::{Body, Lane, Request};
use peer_ring_core::ring::Strategy as Placement;
use peer_ring_core::standing::{Progress, Report};
use peer_ring_core::steward::{Change, ChangeMode, Order, OrderRefused};
use peer_ring_core::view::View;
use peer_ring_core::wiring::{ControlIn, ControlOut, ControlSettings, ShardIn, ShardOut};
use peer_ring_core::{coordinator, membership, ring_view, steward, transfer};
use peer_ring_proto::flight::{
    Digest, End, Ending, FlightError, Header, Recorded, Recorder, Recording, Step, record,
};
use proptest::prelude::*;

use crate::arbitrary::{bytes, member, message, plan, state};
use crate::rings;

fn header() -> Header {
    let mut header = Header::new("c", NodeName::new("n1").unwrap(), NodeId(7));
    header.control.shards = 2;
    header
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
        (any::<u8>(), report()).prop_map(|(index, report)| ControlIn::Shard { index, report }),
        (any::<u64>(), order())
            .prop_map(|(caller, order)| ControlIn::Order { caller: CallerId(caller), order }),
        any::<u64>().prop_map(ControlIn::Kept),
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

fn control_settings() -> impl Strategy<Value = ControlSettings> {
    let ring = (proptest::sample::select(&Placement::ALL[..]), 1..=Partitions::MAX, any::<u8>());
    let ring = ring.prop_map(|(strategy, partitions, replicas)| ring_view::Settings {
        strategy,
        partitions: Partitions::any(partitions).unwrap(),
        replicas,
    });
    let spans = any::<[u32; 7]>().prop_map(|spans| spans.map(|s| Duration::from_nanos(s.into())));
    let is = any::<[bool; 2]>();
    (member(), any::<[u32; 4]>(), ring, spans, is, 1..=254_u8, state()).prop_map(
        |(me, [founding, expect, bytes, wire], ring, spans, [is_manual, evicts], shards, kept)| {
            let [
                probe_interval,
                suspect_after,
                down_after,
                settle_delay,
                evict,
                patience,
                alone_for,
            ] = spans;
            let membership = membership::Settings { probe_interval, suspect_after, down_after };
            let steward = steward::Settings {
                bootstrap_expect: expect as usize,
                alone_for,
                change: if is_manual { ChangeMode::Manual } else { ChangeMode::Automatic },
                settle_delay,
                evict_after: evicts.then_some(evict),
                patience,
                bytes_per_second: bytes.into(),
            };
            let founding = ClusterId(founding.into());
            ControlSettings { me, founding, membership, ring, steward, wire, shards, kept }
        },
    )
}

fn header_of_any_node() -> impl Strategy<Value = Header> {
    let apps = proptest::collection::vec(".{0,9}", 0..3);
    (".{0,9}", control_settings(), any::<[u32; 9]>(), any::<bool>(), apps).prop_map(
        |(cluster, control, numbers, has_records, apps)| {
            let span = |at: usize| Duration::from_nanos(numbers[at].into());
            let coordinator = coordinator::Settings {
                inflight_max: numbers[1] as usize,
                inflight_bytes_max: numbers[2] as usize,
                hedge_after_min: span(3),
                hedge_after_max: span(4),
            };
            let transfers = transfer::Settings {
                pages_max: numbers[5] as usize,
                bytes_per_second: numbers[6].into(),
                timeout: span(7),
                foreground_max: numbers[8] as usize,
            };
            let started = Wall(numbers[0].into());
            Header { cluster, started, control, coordinator, transfers, has_records, apps }
        },
    )
}

fn order() -> impl Strategy<Value = Order> {
    let names = || proptest::collection::vec(name(), 0..3);
    let weights = proptest::collection::vec((name(), any::<u32>()), 0..3);
    let epoch = proptest::option::of(any::<u64>().prop_map(Epoch));
    prop_oneof![
        (epoch, names(), weights).prop_map(|(epoch, remove, weights)| Order::Apply {
            epoch,
            change: Change { remove, weights }
        }),
        Just(Order::Cancel),
        Just(Order::Leave),
        names().prop_map(|lost| Order::Recover { lost }),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let progress = |(epoch, pending, strays, bytes)| {
        Report::Progress(Progress { epoch: Epoch(epoch), pending, strays, bytes })
    };
    prop_oneof![
        any::<(u64, u32, u32, u64)>().prop_map(progress),
        any::<u64>().prop_map(|seat| Report::OtherRing(Seat(seat))),
    ]
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
    fn a_header_is_read_again(header in header_of_any_node()) {
        let recording = read(&header.encode());
        prop_assert_eq!(recording.header(), &header);
    }

    #[test]
    fn noise_in_a_record_is_refused_or_read(
        desk in prop_oneof![Just(255), Just(254), 0..3_u8],
        kind in 0..18_u8,
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
    for order in [1, 4] {
        let lost = [&[255][..], &[0; 16], &[15], &[0; 8], &[order], &[1; 9], &[0xff; 60]].concat();
        let mut file = header().encode();
        record::put(&mut file, &lost);
        let error = read(&file).entry(0).unwrap_err();
        assert_eq!(error, FlightError::Malformed { what: "an entry", part: "order" });
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
    let said = "this recording is of version 9, and this build reads version 4";
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
    let keep = |number, state| ControlOut::Keep { number, state };
    let answer = |caller, result| ControlOut::Answer { caller: CallerId(caller), result };
    let shard = [
        reply(1, Ok(b"a".as_slice().into())),
        reply(1, Ok(b"b".as_slice().into())),
        reply(2, Ok(b"a".as_slice().into())),
        reply(1, Err(Failure::Overloaded)),
        reply(1, Err(Failure::NotReady)),
        ShardOut::Send { to: Seat(1), message: probe(1) },
        ShardOut::Send { to: Seat(1), message: probe(2) },
        ShardOut::Send { to: Seat(2), message: probe(1) },
        ShardOut::Report(Report::OtherRing(Seat(1))),
        ShardOut::Report(Report::OtherRing(Seat(2))),
        ShardOut::Report(Report::Progress(Progress::default())),
        ShardOut::Report(Report::Progress(Progress { pending: 1, ..Progress::default() })),
        ShardOut::Report(Report::Progress(Progress { strays: 1, ..Progress::default() })),
    ];
    let control = [
        ControlOut::Disconnect { seat: Seat(1) },
        ControlOut::Send { to: Seat(1), message: probe(1) },
        ControlOut::View(View::default()),
        keep(1, State::default()),
        keep(2, State::default()),
        keep(1, rings::state()),
        keep(1, State { ring: None, ..rings::state() }),
        keep(1, State { accepted: None, ..rings::state() }),
        keep(1, State { promised: Ballot::default(), ..rings::state() }),
        answer(1, Ok(Epoch(1))),
        answer(2, Ok(Epoch(1))),
        answer(1, Ok(Epoch(2))),
        answer(1, Err(OrderRefused::Busy)),
        answer(1, Err(OrderRefused::Idle)),
        ControlOut::Left,
    ];
    let mut scratch = Vec::new();
    let mut hashes: Vec<_> =
        shard.iter().map(|order| Digest::of([order].into_iter(), &mut scratch).hash).collect();
    let both = Digest::of(shard.iter(), &mut scratch);
    assert_eq!(both.count, 13);
    hashes.push(both.hash);
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 14);
    let mut hashes: Vec<_> =
        control.iter().map(|order| Digest::of([order].into_iter(), &mut scratch).hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), control.len());
    let none = Digest::of(Vec::<ShardOut>::new().iter(), &mut scratch);
    assert_eq!(none, Digest::default());
}
