//! The handshake: who each side is, and whether the two may talk.
//!
//! The side that opened the stream says [`Hello`]. The other decides with [`negotiate`] and says
//! [`Welcome`], or [`Goodbye`] with a code for programs and a text for the operator. The first
//! side then makes up its own mind with [`confirm`]: each refuses by itself, and both by the same
//! rules.
//!
//! A hello may also ask no more than who is there ([`Purpose::Who`]). Then both sides decide with
//! [`introduce`], which looks at the cluster's name and at nothing that only matters to a link.
//!
//! ```
//! use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName};
//! use peer_ring_core::peer::Lane;
//! use peer_ring_proto::hello::{Hello, Identity, Protocols, Purpose, RefusalCode, negotiate};
//!
//! let n1 = Identity {
//!     cluster: "shop".into(),
//!     name: NodeName::new("n1")?,
//!     node: NodeId(0x11),
//!     incarnation: 1_700_000_000_000,
//!     protocols: Protocols::OURS,
//!     capabilities: ["zstd".into()].into(),
//!     ring_epoch: Epoch(1),
//!     ring_fingerprint: 0xabc,
//!     cluster_id: ClusterId(0xc1),
//! };
//! let n2 = Identity { name: NodeName::new("n2")?, node: NodeId(0x22), ..n1.clone() };
//! let stray = Identity { cluster: "test".into(), ..n2.clone() };
//!
//! let purpose = Purpose::Link(Lane::Foreground);
//! let accepted = negotiate(&n1, &Hello { identity: n2, purpose }).unwrap();
//! assert_eq!(accepted.protocol, 2);
//! assert!(accepted.capabilities.contains("zstd"));
//!
//! let refusal = negotiate(&n1, &Hello { identity: stray, purpose }).unwrap_err();
//! assert_eq!(refusal.code(), RefusalCode::ForeignCluster);
//! # Ok::<(), peer_ring_core::id::BadName>(())
//! ```

mod refusal;
mod wire;

use std::collections::BTreeSet;
use std::fmt;

use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName};
use peer_ring_core::peer::Lane;

use crate::version::WireVersion;

pub use refusal::{HelloRefusal, RefusalCode};
pub(crate) use wire::{decode_goodbye, decode_hello, decode_welcome};

/// Who a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster it was configured for: a name as in [`peer_ring_core::id::check_name`].
    pub cluster: String,
    /// The name of its seat.
    pub name: NodeName,
    /// The identity of its data.
    pub node: NodeId,
    /// When this run of it started, in milliseconds since the Unix epoch: a later run has more.
    pub incarnation: u64,
    /// The protocols it speaks.
    pub protocols: Protocols,
    /// What it can do beyond the protocol: names as in [`peer_ring_core::id::check_name`].
    pub capabilities: BTreeSet<String>,
    /// The number of its ring.
    pub ring_epoch: Epoch,
    /// A hash of its ring; zero while it has none.
    pub ring_fingerprint: u64,
    /// The identity that its cluster was given when it was founded; zero while it has no ring.
    pub cluster_id: ClusterId,
}

/// Consecutive protocol numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols {
    /// The oldest.
    pub min: u32,
    /// The newest; not less than `min`.
    pub max: u32,
}

impl Protocols {
    /// What this version of peer-ring speaks.
    pub const OURS: Self =
        Self { min: WireVersion::V1.number(), max: WireVersion::NEWEST.number() };

    /// The newest that both speak.
    #[must_use]
    pub fn common(self, other: Self) -> Option<u32> {
        let newest = self.max.min(other.max);
        (self.contains(newest) && other.contains(newest)).then_some(newest)
    }

    /// Those of them up to `newest`: at least the oldest.
    #[must_use]
    pub fn at_most(self, newest: u32) -> Self {
        Self { max: self.max.min(newest).max(self.min), ..self }
    }

    /// Whether `protocol` is one of them.
    #[must_use]
    pub fn contains(self, protocol: u32) -> bool {
        (self.min..=self.max).contains(&protocol)
    }
}

impl fmt::Display for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

/// The first word of the side that opened the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Who it is.
    pub identity: Identity,
    /// What the stream is for.
    pub purpose: Purpose,
}

/// What a stream is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A link, on this lane.
    Link(Lane),
    /// To learn who answers: the answer is the last frame of the stream.
    Who,
}

/// The answer that accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Who the accepting side is.
    pub identity: Identity,
    /// The protocol that both speak from now on.
    pub protocol: u32,
}

/// The answer that refuses: the last frame of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goodbye {
    /// Why, for programs.
    pub code: RefusalCode,
    /// What is wrong and what to do, for the log of whoever is refused.
    pub text: String,
}

/// What two nodes agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The newest protocol that both speak.
    pub protocol: u32,
    /// What both can do beyond it.
    pub capabilities: BTreeSet<String>,
}

/// Whether `ours` lets in the node that says `theirs`.
///
/// # Errors
/// [`HelloRefusal`] says why not, and what to do. Names in use elsewhere are for the caller to look
/// up.
pub fn negotiate(ours: &Identity, theirs: &Hello) -> Result<Accepted, HelloRefusal> {
    compare(ours, &theirs.identity)
}

/// Whether `ours`, which said hello, goes on with the node that says `theirs`.
///
/// # Errors
/// [`HelloRefusal`], as from [`negotiate`]; and when the chosen protocol is not one of ours.
pub fn confirm(ours: &Identity, theirs: &Welcome) -> Result<Accepted, HelloRefusal> {
    let accepted = compare(ours, &theirs.identity)?;
    if !ours.protocols.contains(theirs.protocol) {
        return Err(incompatible(ours, &theirs.identity));
    }
    Ok(Accepted { protocol: theirs.protocol, ..accepted })
}

/// Whether `ours` tells who it is to the node that says `theirs`, and takes its word for who that
/// is: the newest protocol that both speak. The two may be one node, and they may be such that one
/// would refuse a link to the other.
///
/// # Errors
/// [`HelloRefusal`] when they are of clusters of different names, or have no protocol in common.
pub fn introduce(ours: &Identity, theirs: &Identity) -> Result<u32, HelloRefusal> {
    if ours.cluster != theirs.cluster {
        return Err(HelloRefusal::ForeignCluster {
            ours: (ours.name.clone(), ours.cluster.clone()),
            theirs: (theirs.name.clone(), theirs.cluster.clone()),
        });
    }
    ours.protocols.common(theirs.protocols).ok_or_else(|| incompatible(ours, theirs))
}

fn compare(ours: &Identity, theirs: &Identity) -> Result<Accepted, HelloRefusal> {
    let protocol = introduce(ours, theirs)?;
    check_seats(ours, theirs)?;
    let is_founded =
        ours.cluster_id != ClusterId::default() && theirs.cluster_id != ClusterId::default();
    if is_founded && ours.cluster_id != theirs.cluster_id {
        return Err(HelloRefusal::FoundedApart {
            ours: (ours.name.clone(), ours.cluster_id),
            theirs: (theirs.name.clone(), theirs.cluster_id),
        });
    }
    let has_both_rings = ours.ring_fingerprint != 0 && theirs.ring_fingerprint != 0;
    let is_same_epoch = ours.ring_epoch == theirs.ring_epoch;
    if has_both_rings && is_same_epoch && ours.ring_fingerprint != theirs.ring_fingerprint {
        return Err(HelloRefusal::DifferentRing {
            epoch: ours.ring_epoch,
            ours: (ours.name.clone(), ours.ring_fingerprint),
            theirs: (theirs.name.clone(), theirs.ring_fingerprint),
        });
    }
    let capabilities = ours.capabilities.intersection(&theirs.capabilities).cloned().collect();
    Ok(Accepted { protocol, capabilities })
}

/// Two different processes must differ in the name of their seat and in the id of their data.
fn check_seats(ours: &Identity, theirs: &Identity) -> Result<(), HelloRefusal> {
    let node = ours.node;
    if ours.name == theirs.name {
        let name = ours.name.clone();
        let is_same_run = theirs.node == node && theirs.incarnation == ours.incarnation;
        return Err(if is_same_run {
            HelloRefusal::Itself { name }
        } else {
            HelloRefusal::NameInUse { name, holder: node }
        });
    }
    if theirs.node == node {
        let (ours, theirs) = (ours.name.clone(), theirs.name.clone());
        return Err(HelloRefusal::NodeIdInUse { node, ours, theirs });
    }
    Ok(())
}

fn incompatible(ours: &Identity, theirs: &Identity) -> HelloRefusal {
    HelloRefusal::IncompatibleProtocol {
        ours: (ours.name.clone(), ours.protocols),
        theirs: (theirs.name.clone(), theirs.protocols),
    }
}

#[cfg(test)]
#[path = "hello/tests.rs"]
mod tests;
