//! Asking who is at an address, for sources that know addresses and no names.
//!
//! A link is made to a node by its name, and much of what lists nodes lists addresses alone. Whoever
//! answers at one says who it is: [`crate::Facts::who_is_at`] asks, and [`WhoIs`] is who asks for it.

#[cfg(test)]
#[cfg(feature = "dns")]
pub(crate) mod town;

use futures::future::BoxFuture;
use peer_ring_core::id::NodeName;
use thiserror::Error;

/// Asks nodes who they are. A running node does so for its source; a test of a source may stand in
/// for it.
pub trait WhoIs: Send + Sync + 'static {
    /// The name of the node at this address, `host:port`; see [`crate::Facts::who_is_at`].
    fn who_is_at<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<NodeName, NoName>>;
}

/// Why an address has no name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoName {
    /// Nobody answers that can be understood. It may be any node, and the one that was there before
    /// may be there still.
    #[error("nobody says who is at {address}: {reason}")]
    NoAnswer {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
    /// A node of another cluster answers: none of this one's is there.
    #[error("at {address} is a node of another cluster: {reason}")]
    Foreign {
        /// The address.
        address: String,
        /// Which ones the two are of.
        reason: String,
    },
}

/// Nobody can be asked.
pub(crate) struct Nobody;

impl WhoIs for Nobody {
    fn who_is_at<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<NodeName, NoName>> {
        let (address, reason) = (address.to_owned(), "no node runs here that could ask".to_owned());
        Box::pin(std::future::ready(Err(NoName::NoAnswer { address, reason })))
    }
}
