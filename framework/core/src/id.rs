//! Names and numbers, each its own type so that none is taken for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

/// Longest name of a node, zone or cluster, in bytes.
pub const NAME_BYTES_MAX: usize = 253;

/// The name of a node's seat, for example `n1` or a pod's name: what placement hashes.
///
/// Letters, digits, `.`, `_` and `-`, at most [`NAME_BYTES_MAX`] bytes, not empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// Validates and takes a name.
    ///
    /// # Errors
    /// [`BadName`] when it is empty, too long, or has a character that is not allowed.
    pub fn new(name: &str) -> Result<Self, BadName> {
        check_name(name)?;
        Ok(Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number by which this name's seat is known between nodes.
    #[must_use]
    pub fn seat(&self) -> Seat {
        Seat(xxh3_64(self.0.as_bytes()))
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a name of a node, zone, cluster or namespace.
///
/// # Errors
/// [`BadName`] says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), BadName> {
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(BadName::TooLong { bytes: name.len() });
    }
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    match name.chars().find(odd) {
        Some(found) => Err(BadName::Character { found }),
        None => Ok(()),
    }
}

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadName {
    /// It has no characters.
    #[error("a name must not be empty")]
    Empty,
    /// It is longer than [`NAME_BYTES_MAX`].
    #[error("a name must not be longer than {NAME_BYTES_MAX} bytes, this one has {bytes}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It has a character other than letters, digits, `.`, `_` and `-`.
    #[error("a name has letters, digits, '.', '_' and '-' only, not {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
}

/// A place in the ring, kept by whoever bears its name: the xxh3-64 hash of a [`NodeName`].
///
/// Two names with one hash cannot be members of one ring; building the ring refuses them.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(pub u64);

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seat:{:016x}", self.0)
    }
}

/// The identity of a node's data: fresh for a node that starts with none. Never zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct NodeId(pub u64);

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The identity of a cluster, drawn when it is founded; zero before that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ClusterId(pub u64);

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster:{:016x}", self.0)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// One of the cluster's slices of the key space, whose number is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId(pub u16);

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number of a ring in its chain; every peer message carries the sender's.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch before any ring.
    pub const NONE: Self = Self(0);

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number in the 32 bits that it takes up in a record.
    pub(crate) fn packed(self) -> u32 {
        u32::try_from(self.0).expect("what is not credible is refused at the door")
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which actor of a node a message or an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Desk {
    /// The one that keeps membership and the ring.
    Control,
    /// The shard with this index.
    Shard(u8),
}

/// Matches a peer's answer to the request it answers; unique within one start of a node, and
/// most likely among several (see [`RequestIds`]).
///
/// The low eight bits say which of the node's actors asked, so that an answer finds its way
/// without a table: 255 is the control actor, lower numbers are shards. The top bit marks
/// background work, which travels on its own lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl RequestId {
    /// The id of the `count`-th request of `desk`.
    #[must_use]
    pub fn new(desk: Desk, count: u64) -> Self {
        let low = match desk {
            Desk::Control => 255,
            Desk::Shard(index) => {
                assert!(index < 255, "a node has at most 255 shards");
                u64::from(index)
            }
        };
        assert!(count >> 55 == 0, "55 bits of requests last a thousand years");
        Self(count << 8 | low)
    }

    /// The same request as background work.
    #[must_use]
    pub fn in_background(self) -> Self {
        Self(self.0 | 1 << 63)
    }

    /// Whether it is background work.
    #[must_use]
    pub fn is_background(self) -> bool {
        self.0 >> 63 == 1
    }

    /// Which actor of the asking node waits for the answer.
    #[must_use]
    pub fn desk(self) -> Desk {
        match (self.0 & 255) as u8 {
            255 => Desk::Control,
            index => Desk::Shard(index),
        }
    }
}

/// Gives out the request ids of one desk.
///
/// It starts at a place that follows from the node's id, which is fresh for a node that starts
/// without data: an answer to what an earlier start asked finds nobody who waits for it.
#[derive(Clone, Debug)]
pub struct RequestIds {
    desk: Desk,
    last: u64,
}

impl RequestIds {
    /// The ids of `desk` at the node `node`.
    #[must_use]
    pub fn new(desk: Desk, node: NodeId) -> Self {
        Self { desk, last: xxh3_64(&node.0.to_le_bytes()) >> 10 }
    }

    /// An id that it has not given out before.
    pub fn draw(&mut self) -> RequestId {
        self.last += 1;
        RequestId::new(self.desk, self.last)
    }
}

/// Names a waiting caller to the runtime, which alone knows who that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(pub u64);

/// An app as peers know it: the low half of the xxh3-64 hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(pub u32);

impl AppId {
    /// The id of the app called `name`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
    pub fn of(name: &str) -> Self {
        Self(xxh3_64(name.as_bytes()) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_knows_its_desk() {
        for desk in [Desk::Control, Desk::Shard(0), Desk::Shard(254)] {
            let id = RequestId::new(desk, 77);
            assert_eq!(id.desk(), desk);
            assert!(!id.is_background());
            assert_eq!(id.in_background().desk(), desk);
            assert!(id.in_background().is_background());
        }
    }

    #[test]
    fn the_ids_of_two_starts_of_a_node_are_far_apart() {
        let mut before = RequestIds::new(Desk::Shard(0), NodeId(1));
        let mut after = RequestIds::new(Desk::Shard(0), NodeId(2));
        assert!(before.draw().0.abs_diff(after.draw().0) > 1 << 40);
    }

    #[test]
    fn names_are_checked_at_the_door() {
        assert!(NodeName::new("pod-0.peer_ring").is_ok());
        assert_eq!(NodeName::new("").unwrap_err(), BadName::Empty);
        assert_eq!(NodeName::new("a b").unwrap_err(), BadName::Character { found: ' ' });
        let long = "x".repeat(254);
        assert_eq!(NodeName::new(&long).unwrap_err(), BadName::TooLong { bytes: 254 });
    }
}
