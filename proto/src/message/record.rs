//! Records under their keys.

use bytes::Bytes;
use peer_ring_core::hlc::Stamp;
use peer_ring_core::id::{Epoch, NodeId};
use peer_ring_core::peer::Entry;
use peer_ring_core::record::{Freshness, Record, Version};

use crate::wire;

impl From<Entry> for wire::Entry {
    fn from(entry: Entry) -> Self {
        let Entry { key, record: Record { freshness, value } } = entry;
        Self {
            key,
            value,
            epoch: freshness.version.epoch.0,
            stamp: freshness.version.stamp.0,
            stamp_node: freshness.version.node.0,
            touched: freshness.touched.0,
            expires: freshness.expires,
        }
    }
}

impl From<wire::Entry> for Entry {
    fn from(entry: wire::Entry) -> Self {
        let version = Version {
            epoch: Epoch(entry.epoch),
            stamp: Stamp(entry.stamp),
            node: NodeId(entry.stamp_node),
        };
        let touched = Stamp(entry.touched);
        let freshness = Freshness { version, touched, expires: entry.expires };
        Self { key: entry.key, record: Record { freshness, value: entry.value } }
    }
}

pub(super) fn into_entries(records: Vec<Entry>) -> Vec<wire::Entry> {
    records.into_iter().map(Into::into).collect()
}

pub(super) fn from_entries(records: Vec<wire::Entry>) -> Vec<Entry> {
    records.into_iter().map(Into::into).collect()
}

pub(super) fn into_held((key, freshness): (Bytes, Freshness)) -> wire::Held {
    wire::Held {
        key,
        epoch: freshness.version.epoch.0,
        stamp: freshness.version.stamp.0,
        stamp_node: freshness.version.node.0,
        touched: freshness.touched.0,
        expires: freshness.expires,
    }
}

pub(super) fn from_held(held: wire::Held) -> (Bytes, Freshness) {
    let version = Version {
        epoch: Epoch(held.epoch),
        stamp: Stamp(held.stamp),
        node: NodeId(held.stamp_node),
    };
    let touched = Stamp(held.touched);
    (held.key, Freshness { version, touched, expires: held.expires })
}
