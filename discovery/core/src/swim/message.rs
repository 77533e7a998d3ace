//! What an agent hears and says.

use std::net::SocketAddr;

use peer_ring_core::membership::Fact;

use super::key::Keys;

/// What can happen to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum In {
    /// A datagram came.
    Datagram {
        /// From where.
        from: SocketAddr,
        /// What it says.
        bytes: Vec<u8>,
    },
    /// The seeds are at these addresses now.
    Seeds(Vec<SocketAddr>),
    /// Peers send gossip to this node there from now on.
    Moved(SocketAddr),
    /// These keys are in use from now on.
    Keys(Keys),
    /// This node leaves the cluster.
    Leave,
}

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Send a datagram.
    Send {
        /// Whereto.
        to: SocketAddr,
        /// What it says.
        bytes: Vec<u8>,
    },
    /// Say this.
    Fact(Fact),
    /// Find out where the seeds are, and answer with [`In::Seeds`].
    Resolve,
    /// All goodbyes are said.
    Left,
}
