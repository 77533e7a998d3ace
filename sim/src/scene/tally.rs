//! The tally: sums that only a partition's primary adds to, for scenes about primaries.

use peer_ring_core::app::{App, Plan, Records};
use peer_ring_core::key::Key;
use serde::{Deserialize, Serialize};

/// Sums by key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally;

/// Adds to a sum, and answers what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {
    /// The sum's key.
    pub key: String,
    /// How much.
    pub by: u64,
    /// How many replicas there are.
    pub n: u8,
    /// How many of them must hold the new sum.
    pub w: u8,
}

impl App for Tally {
    const NAME: &'static str = "tally";
    type Command = Add;
    type Reply = u64;

    fn key(command: &Add) -> Key {
        Key::from(&command.key)
    }

    fn plan(&self, command: &Add) -> Plan {
        Plan::owner(command.n, command.w)
    }

    fn handle(&mut self, records: &mut Records<'_>, Add { key, by, .. }: Add) -> u64 {
        let sum = records.get_as::<u64>(&key).unwrap_or(0).saturating_add(by);
        records.put_as(&key, &sum);
        sum
    }
}
