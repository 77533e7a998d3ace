//! What a replica says on behalf of its own node's copying and draining, and hears of others'.

use bytes::Bytes;

use crate::peer::{Entry, Request};
use crate::record::Freshness;
use crate::replica::page::{self, Outline, PAGE_RECORDS_MAX};
use crate::replica::{Errand, ReplicaStore};

impl ReplicaStore {
    /// The keys of `held` under which there is nothing here, or something older.
    pub(super) fn lacking(&self, held: Vec<(Bytes, Freshness)>) -> Vec<Bytes> {
        let is_lacking = |(key, freshness): &(Bytes, Freshness)| {
            self.table.get(key).is_none_or(|record| record.freshness < *freshness)
        };
        held.into_iter().filter(is_lacking).map(|(key, _)| key).collect()
    }

    /// The request that says what is wanted of a peer.
    pub(super) fn put_into_words(&self, errand: Errand) -> Request {
        let (partition, table) = (self.partition, self.table.as_ref());
        match errand {
            Errand::Copy { after, node } => {
                let Outline { until, digest } = page::outline(table, after.as_deref());
                Request::Copy { partition, after, until, digest, node }
            }
            Errand::Compare { after } => {
                let Outline { until, digest } = page::outline(table, after.as_deref());
                Request::Compare { partition, after, until, digest }
            }
            Errand::Offer { after, until } => {
                let held = page::held(table, after.as_deref(), until.as_deref());
                Request::Offer { partition, held }
            }
            Errand::Give { keys } => {
                // Keys of one page at the most: what they name fits one message.
                let keys = keys.into_iter().take(PAGE_RECORDS_MAX);
                let entry = |key: Bytes| Some((self.table.get(&key)?.to_record(), key));
                let records = keys.filter_map(entry).map(|(record, key)| Entry { key, record });
                Request::Apply { partition, records: records.collect(), as_primary: false }
            }
        }
    }
}
