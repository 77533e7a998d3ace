//! Any message, and any frame, within the limits.

mod ring;

use std::sync::Arc;

use bytes::Bytes;
use peer_ring_core::app::{Kind, Plan, Reconcile};
use peer_ring_core::failure::{Failure, SizeOf};
use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{AppId, ClusterId, Epoch, NodeId, NodeName, PartitionId, RequestId};
use peer_ring_core::key::Key;
use peer_ring_core::peer::{Body, Entry, Execute, Lane, Message, Refusal, Request, Response};
use peer_ring_core::quorum::Need;
use peer_ring_core::record::{Freshness, Record, Version};
use peer_ring_proto::hello::{Goodbye, Hello, Identity, Protocols, Purpose, RefusalCode, Welcome};
use peer_ring_proto::{Chunk, Frame, Limits, WireVersion};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

pub use ring::{member, ring, state};
use ring::{standing, word};

/// Limits that arbitrary messages reach.
pub fn limits() -> Limits {
    Limits {
        frame_bytes_max: 2048,
        chunk_bytes_max: 256,
        message_bytes_max: 2000,
        batch_messages_max: 5,
        chunk_streams_max: 2,
        reassembly_bytes_max: 4000,
        command_bytes_max: 600,
        reply_bytes_max: 600,
        seen_bytes_max: 100,
        key_bytes_max: 40,
        value_bytes_max: 300,
        records_max: 4,
        members_max: 5,
        capabilities_max: 3,
        text_bytes_max: 40,
    }
}

/// Bytes, at most so many.
pub fn bytes(bytes_max: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..=bytes_max).prop_map(Bytes::from)
}

/// Numbers of all lengths: uniform ones are nearly always long.
pub fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(number, shift)| number >> shift)
}

fn record_version() -> impl Strategy<Value = Version> {
    (number(), number(), number()).prop_map(|(epoch, stamp, node)| Version {
        epoch: Epoch(epoch),
        stamp: Stamp(stamp),
        node: NodeId(node),
    })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let value = option::of(bytes(limits().value_bytes_max));
    let entry = (bytes(limits().key_bytes_max), record_version(), number(), number(), value);
    let entry = entry.prop_map(|(key, version, touched, expires, value)| {
        let freshness = Freshness { version, touched: Stamp(touched), expires };
        Entry { key, record: Record { freshness, value } }
    });
    vec(entry, 0..=limits().records_max)
}

/// Any plan.
pub fn plan() -> impl Strategy<Value = Plan> {
    let kind = prop_oneof![Just(Kind::Read), Just(Kind::Write), Just(Kind::Owner)];
    let exactly = (1..=u8::MAX).prop_map(Need::exactly);
    let need = prop_oneof![Just(Need::Majority), Just(Need::All), exactly];
    let reconcile = prop_oneof![Just(Reconcile::Freshest), Just(Reconcile::App)];
    (kind, 1..=16u8, need, reconcile).prop_map(|(kind, n, need, reconcile)| Plan {
        kind,
        n,
        need,
        reconcile,
    })
}

/// Where a page begins and ends, and a digest.
fn page() -> impl Strategy<Value = (Option<Bytes>, Option<Bytes>, u64)> {
    let key = || option::of(bytes(limits().key_bytes_max));
    (key(), key(), any::<u64>())
}

fn request() -> BoxedStrategy<Request> {
    let partition = || any::<u16>().prop_map(PartitionId);
    let app = || any::<u32>().prop_map(AppId);
    let command = || bytes(limits().command_bytes_max);
    let key = || number().prop_map(Key::at);
    let table_key = || bytes(limits().key_bytes_max);
    prop_oneof![
        (partition(), app(), command(), option::of(record_version()), any::<bool>()).prop_map(
            |(partition, app, command, stamp, wants_seen)| {
                Request::Execute(Execute { partition, app, command, stamp, wants_seen })
            }
        ),
        (partition(), entries(), any::<bool>()).prop_map(|(partition, records, as_primary)| {
            Request::Apply { partition, records, as_primary }
        }),
        (partition(), vec(table_key(), 0..=limits().records_max))
            .prop_map(|(partition, keys)| Request::Fetch { partition, keys }),
        (partition(), page(), option::of(1..=u64::MAX)).prop_map(
            |(partition, (after, until, digest), node)| {
                Request::Copy { partition, after, until, digest, node: node.map(NodeId) }
            }
        ),
        (partition(), page()).prop_map(|(partition, (after, until, digest))| {
            Request::Compare { partition, after, until, digest }
        }),
        (partition(), entries()).prop_map(|(partition, entries)| {
            let held = entries.into_iter().map(|entry| (entry.key, entry.record.freshness));
            Request::Offer { partition, held: held.collect() }
        }),
        (app(), key(), plan(), command(), any::<u32>()).prop_map(
            |(app, key, plan, command, timeout_ms)| {
                Request::Forward { app, key, plan, command, timeout_ms }
            }
        ),
        key().prop_map(|key| Request::Cancel { key }),
        Just(Request::Probe),
    ]
    .boxed()
}

fn response() -> BoxedStrategy<Response> {
    let reply = || bytes(limits().reply_bytes_max);
    prop_oneof![
        (reply(), bytes(limits().seen_bytes_max))
            .prop_map(|(reply, seen)| Response::Executed { reply, seen }),
        record_version().prop_map(|by| Response::Superseded { by }),
        Just(Response::Applied),
        entries().prop_map(|records| Response::Fetched { records }),
        (entries(), option::of(bytes(limits().key_bytes_max)), any::<bool>())
            .prop_map(|(records, upto, is_blank)| Response::Copied { records, upto, is_blank }),
        any::<bool>().prop_map(|is_same| Response::Compared { is_same }),
        vec(bytes(limits().key_bytes_max), 0..=limits().records_max)
            .prop_map(|keys| Response::Lacking { keys }),
        reply().prop_map(|reply| Response::Forwarded(Ok(reply))),
        failure().prop_map(|failure| Response::Forwarded(Err(failure))),
        Just(Response::Alive),
        refusal().prop_map(Response::Refused),
    ]
    .boxed()
}

fn refusal() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        Just(Refusal::NotOwner),
        Just(Refusal::WrongEpoch),
        Just(Refusal::NotPrimary),
        Just(Refusal::Blank),
        Just(Refusal::Overloaded),
        Just(Refusal::UnknownApp),
        Just(Refusal::BadCommand),
        Just(Refusal::NotReady),
        Just(Refusal::Behind),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    let size_of = prop_oneof![Just(SizeOf::Key), Just(SizeOf::Value), Just(SizeOf::Command)];
    let count = any::<(u8, u8, bool)>();
    prop_oneof![
        count.prop_map(|(acked, wanted, may_have_happened)| {
            Failure::QuorumNotMet { acked, wanted, may_have_happened }
        }),
        count.prop_map(|(acked, wanted, may_have_happened)| {
            Failure::TimedOut { acked, wanted, may_have_happened }
        }),
        Just(Failure::Overloaded),
        any::<u16>().prop_map(|partition| Failure::PrimaryDown { partition }),
        any::<u16>().prop_map(|partition| Failure::OwnersDown { partition }),
        Just(Failure::NotReady),
        any::<u16>().prop_map(|partition| Failure::PrimaryBlank { partition }),
        any::<u32>().prop_map(|app| Failure::UnknownApp { app }),
        Just(Failure::BadCommand),
        (size_of, number(), number()).prop_map(|(what, bytes, bytes_max)| Failure::TooLarge {
            what,
            bytes,
            bytes_max
        }),
        any::<bool>().prop_map(|may_have_happened| Failure::WrongEpoch { may_have_happened }),
        any::<bool>().prop_map(|may_have_happened| Failure::Stopping { may_have_happened }),
    ]
}

pub fn message() -> impl Strategy<Value = Message> {
    let id = || number().prop_map(RequestId);
    let body = prop_oneof![
        8 => (id(), request()).prop_map(|(id, request)| Body::Request { id, request }),
        8 => (id(), response()).prop_map(|(id, response)| Body::Response { id, response }),
        1 => Just(Body::Leaving),
        2 => standing().prop_map(|standing| Body::Standing(Box::new(standing))),
        2 => ring().prop_map(|ring| Body::Ring(Arc::new(ring))),
        3 => word().prop_map(Body::Chain),
    ];
    (number(), body).prop_map(|(epoch, body)| Message { epoch: Epoch(epoch), body })
}

/// Messages whose encoding does not exceed the limit; `entries` alone may.
pub fn messages(count_max: usize) -> impl Strategy<Value = Vec<Message>> {
    let bytes_max = limits().message_bytes_max;
    let fits = message().prop_filter("too large", move |message| {
        peer_ring_proto::encoded_len(message, WireVersion::NEWEST) <= bytes_max
    });
    vec(fits, 0..=count_max)
}

fn identity() -> impl Strategy<Value = Identity> {
    let name = || "[a-zA-Z0-9._-]{1,20}";
    let protocols = (1..=u32::MAX).prop_flat_map(|max| (1..=max, Just(max)));
    let capabilities = btree_set(name(), 0..=limits().capabilities_max);
    let ring = (number(), any::<u64>(), any::<u64>());
    (name(), name(), 1..=u64::MAX, number(), protocols, capabilities, ring).prop_map(
        |(cluster, name, node, incarnation, (min, max), capabilities, ring)| {
            let (ring_epoch, ring_fingerprint, cluster_id) = ring;
            Identity {
                cluster,
                name: NodeName::new(&name).unwrap(),
                node: NodeId(node),
                incarnation,
                protocols: Protocols { min, max },
                capabilities,
                ring_epoch: Epoch(ring_epoch),
                ring_fingerprint,
                cluster_id: ClusterId(cluster_id),
            }
        },
    )
}

pub fn version() -> impl Strategy<Value = WireVersion> {
    prop_oneof![Just(WireVersion::V1), Just(WireVersion::V2)]
}

pub fn frame() -> impl Strategy<Value = Frame> {
    let link = |lane| Just(Purpose::Link(lane));
    let purpose = prop_oneof![link(Lane::Foreground), link(Lane::Background), Just(Purpose::Who)];
    let code = (0..RefusalCode::ALL.len()).prop_map(|at| RefusalCode::ALL[at]);
    prop_oneof![
        (identity(), purpose)
            .prop_map(|(identity, purpose)| Frame::Hello(Hello { identity, purpose })),
        (identity(), 1..=u32::MAX)
            .prop_map(|(identity, protocol)| Frame::Welcome(Welcome { identity, protocol })),
        (code, "[ -~]{0,40}").prop_map(|(code, text)| Frame::Goodbye(Goodbye { code, text })),
        messages(3).prop_map(Frame::Batch),
        (any::<u64>(), bytes(limits().chunk_bytes_max), any::<bool>())
            .prop_map(|(stream, bytes, is_last)| Frame::Chunk(Chunk { stream, bytes, is_last })),
    ]
}
