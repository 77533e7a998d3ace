//! What a node says of itself, to every peer, whenever it changes and now and then.

use crate::id::{ClusterId, Epoch, Seat};
use crate::ring::Member;

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which cluster its ring is of; none while it has no ring.
    pub cluster: ClusterId,
    /// Its ring; [`Epoch::NONE`] while it has none.
    pub epoch: Epoch,
    /// Who it is, as it wants to be a member.
    pub member: Member,
    /// Whether it wants to be one.
    pub wants: Wants,
    /// The newest version of the wire that it speaks.
    pub wire: u32,
    /// How many partitions it is to have under its ring and does not have whole yet.
    pub pending: u32,
    /// How many partitions it still holds something of that are others' under its ring.
    pub strays: u32,
    /// Bytes of keys and values that it holds.
    pub bytes: u64,
    /// The peers that it cannot reach, in order.
    pub down: Vec<Seat>,
}

/// Whether a node wants to be a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wants {
    /// It does.
    #[default]
    Stay,
    /// It wants to hand over what it owns, and go.
    Leave,
}

/// What a shard tells the control actor of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// How far its replicas are.
    Progress(Progress),
    /// This peer knows another ring: one of the two must learn the other's.
    OtherRing(Seat),
}

/// How far the replicas of a shard are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Under which ring.
    pub epoch: Epoch,
    /// How many replicas are to have under it what they do not have yet.
    pub pending: u32,
    /// How many hold something that is others' under it.
    pub strays: u32,
    /// Bytes of keys and values that they hold.
    pub bytes: u64,
}
