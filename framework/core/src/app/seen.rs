//! What a handler read, as bytes: equal bytes from two replicas mean that they hold the same.
//!
//! Comparing two answers is then one comparison of memory; only when they differ is anything
//! decoded. Entries stand in the order in which the handler read: key length (4 bytes), key,
//! epoch (4 bytes), stamp, node, touched, expires (8 bytes each), all little-endian.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::hlc::Stamp;
use crate::id::{Epoch, NodeId};
use crate::record::{Freshness, Version};

const NUMBERS_BYTES: usize = 36;

/// Adds one read to the list.
pub fn note(list: &mut BytesMut, key: &[u8], freshness: Freshness) {
    list.reserve(4 + key.len() + NUMBERS_BYTES);
    list.put_u32_le(u32::try_from(key.len()).expect("keys are bounded at the door"));
    list.put_slice(key);
    list.put_u32_le(freshness.version.epoch.packed());
    list.put_u64_le(freshness.version.stamp.0);
    list.put_u64_le(freshness.version.node.0);
    list.put_u64_le(freshness.touched.0);
    list.put_u64_le(freshness.expires);
}

/// Reads a list back; `None` when it is none.
#[must_use]
pub fn entries(mut list: Bytes) -> Option<Vec<(Bytes, Freshness)>> {
    let mut found = Vec::new();
    while list.has_remaining() {
        let key_bytes = list.try_get_u32_le().ok()? as usize;
        if list.remaining() < key_bytes + NUMBERS_BYTES {
            return None;
        }
        let key = list.split_to(key_bytes);
        let epoch = Epoch(list.get_u32_le().into());
        let (stamp, node) = (Stamp(list.get_u64_le()), NodeId(list.get_u64_le()));
        let version = Version { epoch, stamp, node };
        let touched = Stamp(list.get_u64_le());
        found.push((key, Freshness { version, touched, expires: list.get_u64_le() }));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_noted_is_read_back(reads in prop::collection::vec((any::<Vec<u8>>(), any::<(u32, [u64; 4])>()), 0..5)) {
            let mut list = BytesMut::new();
            let mut wanted = Vec::new();
            for (key, (epoch, [stamp, node, touched, expires])) in reads {
                let epoch = Epoch(epoch.into());
                let version = Version { epoch, stamp: Stamp(stamp), node: NodeId(node) };
                let freshness = Freshness { version, touched: Stamp(touched), expires };
                note(&mut list, &key, freshness);
                wanted.push((Bytes::from(key), freshness));
            }
            prop_assert_eq!(entries(list.freeze()), Some(wanted));
        }

        #[test]
        fn random_bytes_are_refused_or_read(noise in any::<Vec<u8>>()) {
            let _ = entries(Bytes::from(noise));
        }
    }
}
