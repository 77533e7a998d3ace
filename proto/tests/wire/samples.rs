//! Fixed values: at least one of every kind of message and of frame.

use bytes::Bytes;
use peer_ring_core::app::{Kind, Plan};
use peer_ring_core::chain::Word;
use peer_ring_core::failure::{Failure, SizeOf};
use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{AppId, ClusterId, Epoch, NodeId, NodeName, PartitionId, RequestId};
use peer_ring_core::key::Key;
use peer_ring_core::peer::{Body, Entry, Execute, Lane, Message, Refusal, Request, Response};
use peer_ring_core::quorum::Need;
use peer_ring_core::record::{Freshness, Record, Version};
use peer_ring_proto::hello::{Goodbye, Hello, Identity, Protocols, Purpose, RefusalCode, Welcome};
use peer_ring_proto::{Chunk, Frame};

use crate::rings;

const VERSION: Version = Version {
    epoch: Epoch(0),
    stamp: Stamp(0x018b_cfe5_6800_0001),
    node: NodeId(0x1122_3344_5566_7788),
};
const PARTITION: PartitionId = PartitionId(258);
const DIGEST: u64 = 0xd1d2_d3d4_d5d6_d7d8;
const APP: AppId = AppId(0xaabb_ccdd);

/// The kind of a message: the name of its golden file. A new kind does not compile until it has
/// one here.
pub fn kind(message: &Message) -> &'static str {
    match &message.body {
        Body::Leaving => "leaving",
        Body::Standing(_) => "standing",
        Body::Ring(_) => "ring",
        Body::Chain(word) => match word {
            Word::Prepare { .. } => "prepare",
            Word::Promise { .. } => "promise",
            Word::Accept { .. } => "accept",
            Word::Accepted { .. } => "accepted",
            Word::Reject { .. } => "reject",
        },
        Body::Request { request, .. } => match request {
            Request::Execute(_) => "execute",
            Request::Apply { .. } => "apply",
            Request::Fetch { .. } => "fetch",
            Request::Copy { .. } => "copy",
            Request::Compare { .. } => "compare",
            Request::Offer { .. } => "offer",
            Request::Forward { .. } => "forward",
            Request::Cancel { .. } => "cancel",
            Request::Probe => "probe",
        },
        Body::Response { response, .. } => match response {
            Response::Executed { .. } => "executed",
            Response::Superseded { .. } => "superseded",
            Response::Applied => "applied",
            Response::Fetched { .. } => "fetched",
            Response::Copied { .. } => "copied",
            Response::Compared { .. } => "compared",
            Response::Lacking { .. } => "lacking",
            Response::Forwarded(_) => "forwarded",
            Response::Alive => "alive",
            Response::Refused(_) => "refused",
        },
    }
}

/// One message, with a word that says what is special about it.
pub type Sample = (&'static str, Message);

pub fn request(request: Request) -> Message {
    Message { epoch: Epoch(7), body: Body::Request { id: RequestId(0x12_3405), request } }
}

pub fn response(response: Response) -> Message {
    Message { epoch: Epoch(7), body: Body::Response { id: RequestId(0x12_3405), response } }
}

pub fn messages() -> Vec<Sample> {
    let mut all = requests();
    all.extend(responses());
    all.extend(rings::words());
    all
}

pub fn execute(stamp: Option<Version>, wants_seen: bool, command: Bytes) -> Message {
    request(Request::Execute(Execute {
        partition: PARTITION,
        app: APP,
        command,
        stamp,
        wants_seen,
    }))
}

fn entries() -> Vec<Entry> {
    let freshness = Freshness { version: VERSION, touched: Stamp(3), expires: 1_700_000_000_000 };
    let untouched = Freshness { version: VERSION, touched: Stamp::ZERO, expires: 0 };
    let entry = |key: &'static str, freshness, value: Option<&'static str>| Entry {
        key: Bytes::from(key),
        record: Record { freshness, value: value.map(Bytes::from) },
    };
    vec![
        entry("full", freshness, Some("value")),
        entry("empty", untouched, Some("")),
        entry("tombstone", untouched, None),
    ]
}

fn held() -> Vec<(Bytes, Freshness)> {
    entries().into_iter().take(2).map(|entry| (entry.key, entry.record.freshness)).collect()
}

fn copy(
    after: Option<&'static str>,
    until: Option<&'static str>,
    digest: u64,
    node: Option<NodeId>,
) -> Message {
    let (after, until) = (after.map(Bytes::from), until.map(Bytes::from));
    request(Request::Copy { partition: PARTITION, after, until, digest, node })
}

fn compare(after: Option<&'static str>, until: Option<&'static str>, digest: u64) -> Message {
    let (after, until) = (after.map(Bytes::from), until.map(Bytes::from));
    request(Request::Compare { partition: PARTITION, after, until, digest })
}

fn forward(plan: Plan) -> Message {
    let (key, command) = (Key::at(0xfedc_ba98_7654_3210), "do".into());
    request(Request::Forward { app: APP, key, plan, command, timeout_ms: 1500 })
}

fn requests() -> Vec<Sample> {
    let partition = PARTITION;
    let apply = |records, as_primary| request(Request::Apply { partition, records, as_primary });
    vec![
        ("write", execute(Some(VERSION), false, "do".into())),
        ("read", execute(None, true, "do".into())),
        ("never_written", execute(Some(Version::NONE), false, Bytes::new())),
        ("primary", apply(entries(), true)),
        ("nothing", apply(vec![], false)),
        ("two", request(Request::Fetch { partition, keys: vec!["a".into(), "".into()] })),
        ("first", copy(None, None, 0, None)),
        ("next", copy(Some("k"), None, 0, None)),
        ("empty_key", copy(Some(""), None, 0, None)),
        ("page", copy(Some("k"), Some("m"), DIGEST, None)),
        ("empty_until", copy(None, Some(""), 0, None)),
        ("whole", compare(None, None, 0)),
        ("part", compare(Some("k"), Some("m"), DIGEST)),
        ("last", compare(Some("m"), None, DIGEST)),
        ("two", request(Request::Offer { partition, held: held() })),
        ("nothing", request(Request::Offer { partition, held: vec![] })),
        ("read", forward(Plan::read(3, 2))),
        ("write", forward(Plan::quorum(16, 255).reconciled_by_app())),
        ("majority", forward(Plan::new(Kind::Owner, 5, Need::Majority))),
        ("all", forward(Plan::new(Kind::Owner, 1, Need::All))),
        ("key", request(Request::Cancel { key: Key::at(1) })),
        ("probe", request(Request::Probe)),
    ]
}

/// What version 1 does not say.
pub fn since_version_2() -> Vec<Sample> {
    let node = Some(VERSION.node);
    let page = copy(Some("k"), Some("m"), DIGEST, node);
    let (first, next) = (copy(None, None, 0, node), copy(Some("k"), None, 0, node));
    vec![("first_of_node", first), ("next_of_node", next), ("page_of_node", page)]
}

fn responses() -> Vec<Sample> {
    let forwarded = |outcome| response(Response::Forwarded(outcome));
    let refused = |refusal| response(Response::Refused(refusal));
    let copied = |records, upto: Option<&'static str>, is_blank| {
        let upto = upto.map(Bytes::from);
        response(Response::Copied { records, upto, is_blank })
    };
    let mut all = vec![
        ("plain", response(Response::Executed { reply: "done".into(), seen: Bytes::new() })),
        ("seen", response(Response::Executed { reply: "done".into(), seen: "read".into() })),
        ("by", response(Response::Superseded { by: VERSION })),
        ("applied", response(Response::Applied)),
        ("three", response(Response::Fetched { records: entries() })),
        ("page", copied(entries(), Some("tombstone"), false)),
        ("blank", copied(vec![], None, true)),
        ("same", copied(vec![], Some("m"), false)),
        ("same", response(Response::Compared { is_same: true })),
        ("other", response(Response::Compared { is_same: false })),
        ("two", response(Response::Lacking { keys: vec!["a".into(), "".into()] })),
        ("nothing", response(Response::Lacking { keys: vec![] })),
        ("reply", forwarded(Ok("done".into()))),
        ("empty_reply", forwarded(Ok(Bytes::new()))),
        ("alive", response(Response::Alive)),
        ("not_owner", refused(Refusal::NotOwner)),
        ("wrong_epoch", refused(Refusal::WrongEpoch)),
        ("not_primary", refused(Refusal::NotPrimary)),
        ("blank", refused(Refusal::Blank)),
        ("overloaded", refused(Refusal::Overloaded)),
        ("unknown_app", refused(Refusal::UnknownApp)),
        ("bad_command", refused(Refusal::BadCommand)),
        ("not_ready", refused(Refusal::NotReady)),
        ("behind", refused(Refusal::Behind)),
    ];
    all.extend(failures().map(|(word, failure)| (word, forwarded(Err(failure)))));
    all
}

fn failures() -> impl Iterator<Item = (&'static str, Failure)> {
    let too_large = |what| Failure::TooLarge { what, bytes: 70_000, bytes_max: 65_536 };
    let all = [
        Failure::QuorumNotMet { acked: 1, wanted: 2, may_have_happened: true },
        Failure::TimedOut { acked: 0, wanted: 3, may_have_happened: false },
        Failure::Overloaded,
        Failure::PrimaryDown { partition: 255 },
        Failure::OwnersDown { partition: 0 },
        Failure::NotReady,
        Failure::PrimaryBlank { partition: u16::MAX },
        Failure::UnknownApp { app: 0xaabb_ccdd },
        Failure::BadCommand,
        too_large(SizeOf::Key),
        Failure::WrongEpoch { may_have_happened: true },
        Failure::Stopping { may_have_happened: false },
    ];
    let value = ("too_large_value", too_large(SizeOf::Value));
    let command = ("too_large_command", too_large(SizeOf::Command));
    all.into_iter().map(|failure| (failure.code(), failure)).chain([value, command])
}

pub fn identity() -> Identity {
    Identity {
        cluster: "shop".into(),
        name: NodeName::new("n1").unwrap(),
        node: NodeId(0x1122_3344_5566_7788),
        incarnation: 1_700_000_000_000,
        protocols: Protocols { min: 1, max: 2 },
        capabilities: ["resume".into(), "zstd".into()].into(),
        ring_epoch: Epoch(7),
        ring_fingerprint: 0xa1a2_a3a4_a5a6_a7a8,
        cluster_id: ClusterId(0),
    }
}

/// Frames under the names of their golden files.
pub fn frames() -> Vec<(&'static str, &'static str, Frame)> {
    let hello = |purpose| Frame::Hello(Hello { identity: identity(), purpose });
    let chunk = |is_last| Frame::Chunk(Chunk { stream: 9, bytes: "piece".into(), is_last });
    let batch = vec![response(Response::Applied), execute(None, false, "do".into())];
    let young = Identity { ring_fingerprint: 0, ring_epoch: Epoch(0), ..identity() };
    let founded = Identity { cluster_id: ClusterId(0xc1c2_c3c4_c5c6_c7c8), ..identity() };
    let of_founded = Hello { identity: founded.clone(), purpose: Purpose::Link(Lane::Foreground) };
    let mut all = vec![
        ("hello", "foreground", hello(Purpose::Link(Lane::Foreground))),
        ("hello", "background", hello(Purpose::Link(Lane::Background))),
        ("welcome", "ring", Frame::Welcome(Welcome { identity: identity(), protocol: 2 })),
        ("welcome", "no_ring", Frame::Welcome(Welcome { identity: young, protocol: 1 })),
        ("hello", "founded", Frame::Hello(of_founded)),
        ("hello", "who", hello(Purpose::Who)),
        ("welcome", "founded", Frame::Welcome(Welcome { identity: founded, protocol: 2 })),
        ("batch", "two", Frame::Batch(batch)),
        ("batch", "nothing", Frame::Batch(vec![])),
        ("chunk", "more", chunk(false)),
        ("chunk", "last", chunk(true)),
    ];
    all.extend(RefusalCode::ALL.into_iter().map(|code| {
        ("goodbye", code.as_str(), Frame::Goodbye(Goodbye { code, text: "why".into() }))
    }));
    all
}
