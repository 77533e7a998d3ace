//! Why there is no ring.

use thiserror::Error;

use crate::id::NodeName;
use crate::quorum::REPLICAS_MAX;
use crate::ring::Strategy;

/// Why no ring can be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RingError {
    /// Nobody could own anything.
    #[error("a ring needs at least one member with a weight above zero")]
    NoOwners,
    /// A name occurs twice.
    #[error("the name {name} occurs twice among the members")]
    DuplicateName {
        /// That name.
        name: NodeName,
    },
    /// Two names have one hash, so that their seats cannot be told apart.
    #[error("the names {one} and {other} have the same hash: rename one of them")]
    SeatCollision {
        /// The one.
        one: NodeName,
        /// The other.
        other: NodeName,
    },
    /// More owners per partition than a command can address, or none.
    #[error("{replicas} owners per partition: it must be 1 to {REPLICAS_MAX}")]
    Replicas {
        /// What was asked for.
        replicas: u8,
    },
    /// Every member would own everything, and there are more than a command can address.
    #[error(
        "the strategy full makes all {members} members owners: it takes {REPLICAS_MAX} at most"
    )]
    TooManyForFull {
        /// How many members have a weight above zero.
        members: usize,
    },
    /// What a peer or a disk says is no ring.
    #[error("that is no ring: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A number of partitions that the strategy does not take.
    #[error("{partitions} partitions: the strategy {strategy} takes powers of two only")]
    NotAPowerOfTwo {
        /// How many were asked for.
        partitions: u32,
        /// The strategy.
        strategy: Strategy,
    },
}
