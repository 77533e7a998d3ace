//! Why a link is refused, for programs and for operators.

use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName};
use thiserror::Error;

use crate::hello::{Goodbye, Protocols};

/// Why a link is refused. The text names both nodes, so that it reads the same in either's log,
/// and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HelloRefusal {
    /// The two were configured for different clusters.
    #[error(
        "node {} is of cluster {:?} and node {} of cluster {:?}: if they belong together, give \
         both the same cluster name; if not, take each out of the other's list of peers",
        .ours.0, .ours.1, .theirs.0, .theirs.1
    )]
    ForeignCluster {
        /// The refusing node and its cluster.
        ours: (NodeName, String),
        /// The refused node and its cluster.
        theirs: (NodeName, String),
    },
    /// There is no protocol that both speak.
    #[error(
        "node {} speaks protocols {} and node {} {}: upgrade the older one; versions that are \
         further apart than one release need a stop in between",
        .ours.0, .ours.1, .theirs.0, .theirs.1
    )]
    IncompatibleProtocol {
        /// The refusing node and what it speaks.
        ours: (NodeName, Protocols),
        /// The refused node and what it speaks.
        theirs: (NodeName, Protocols),
    },
    /// Another process, with other data or another run of it, bears this name.
    #[error(
        "the name {name} is in use by the node with id {holder}: give each node a name of its \
         own, or stop the one that runs under this name first"
    )]
    NameInUse {
        /// The name.
        name: NodeName,
        /// Who bears it.
        holder: NodeId,
    },
    /// Two nodes of different names have one data identity.
    #[error(
        "nodes {ours} and {theirs} both have the id {node}: one's data directory is a copy of \
         the other's; empty it on the node that is new, and it will be filled by its peers"
    )]
    NodeIdInUse {
        /// The id.
        node: NodeId,
        /// The refusing node.
        ours: NodeName,
        /// The refused node.
        theirs: NodeName,
    },
    /// The clusters of the two have one name, and each was founded on its own.
    #[error(
        "node {} is of cluster {}, which was founded apart from cluster {} of node {}: two such \
         clusters never become one; keep one of them, and of the other stop each node, remove \
         its data, and start it again, so that it joins; where nodes start together, let \
         bootstrap_expect say how many they are",
        .ours.0, .ours.1, .theirs.1, .theirs.0
    )]
    FoundedApart {
        /// The refusing node and the identity of its cluster.
        ours: (NodeName, ClusterId),
        /// The refused node and the identity of its cluster.
        theirs: (NodeName, ClusterId),
    },
    /// The two have different rings of the same number, of one cluster: that must not be.
    #[error(
        "nodes {} and {} of one cluster are both at ring epoch {epoch}, with different rings \
         ({:016x} and {:016x}): that may only be when each was recovered by an operator without \
         the other, and is else a bug to be reported; stop one of the two, remove its data, and \
         start it again, so that it joins",
        .ours.0, .theirs.0, .ours.1, .theirs.1
    )]
    DifferentRing {
        /// The number of both rings.
        epoch: Epoch,
        /// The refusing node and the fingerprint of its ring.
        ours: (NodeName, u64),
        /// The refused node and the fingerprint of its ring.
        theirs: (NodeName, u64),
    },
    /// The node has reached itself.
    #[error(
        "node {name} has reached itself: harmless when its own address is in its list of peers; \
         otherwise another node's address leads here"
    )]
    Itself {
        /// The node.
        name: NodeName,
    },
    /// The refusing node is the one that makes the links between the two.
    #[error(
        "node {ours} makes the links to node {theirs}, by the order of their names: if it does \
         not, its log says why; most likely its list of members has another address for {theirs}"
    )]
    OursToDial {
        /// The refusing node.
        ours: NodeName,
        /// The refused node.
        theirs: NodeName,
    },
}

impl HelloRefusal {
    /// The word for programs.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::ForeignCluster { .. } => RefusalCode::ForeignCluster,
            Self::IncompatibleProtocol { .. } => RefusalCode::IncompatibleProtocol,
            Self::NameInUse { .. } => RefusalCode::NameInUse,
            Self::NodeIdInUse { .. } => RefusalCode::NodeIdInUse,
            Self::DifferentRing { .. } => RefusalCode::DifferentRing,
            Self::FoundedApart { .. } => RefusalCode::FoundedApart,
            Self::Itself { .. } => RefusalCode::Itself,
            Self::OursToDial { .. } => RefusalCode::Other,
        }
    }
}

impl From<&HelloRefusal> for Goodbye {
    fn from(refusal: &HelloRefusal) -> Self {
        Self { code: refusal.code(), text: refusal.to_string() }
    }
}

/// Why a link is refused, in a word; see [`HelloRefusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// See [`HelloRefusal::ForeignCluster`].
    ForeignCluster,
    /// See [`HelloRefusal::IncompatibleProtocol`].
    IncompatibleProtocol,
    /// See [`HelloRefusal::NameInUse`].
    NameInUse,
    /// See [`HelloRefusal::NodeIdInUse`].
    NodeIdInUse,
    /// See [`HelloRefusal::DifferentRing`].
    DifferentRing,
    /// See [`HelloRefusal::FoundedApart`].
    FoundedApart,
    /// See [`HelloRefusal::Itself`].
    Itself,
    /// Only the text says: the refusing node dials itself, or a newer version has a reason of its
    /// own.
    Other,
}

impl RefusalCode {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ForeignCluster,
        Self::IncompatibleProtocol,
        Self::NameInUse,
        Self::NodeIdInUse,
        Self::DifferentRing,
        Self::FoundedApart,
        Self::Itself,
        Self::Other,
    ];

    /// A stable word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForeignCluster => "foreign_cluster",
            Self::IncompatibleProtocol => "incompatible_protocol",
            Self::NameInUse => "name_in_use",
            Self::NodeIdInUse => "node_id_in_use",
            Self::DifferentRing => "different_ring",
            Self::FoundedApart => "founded_apart",
            Self::Itself => "itself",
            Self::Other => "other",
        }
    }
}
