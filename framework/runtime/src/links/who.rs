//! Asking who is at an address: a handshake of which no link comes.
//!
//! It is made of the words of any other, on a connection of its own: hello, and welcome or goodbye.
//! No link, and nobody who dials, is told of it on either side. A node answers to any of its
//! cluster, known or not, and before it has a ring; one of another cluster is refused.

use futures::FutureExt;
use futures::future::BoxFuture;
use peer_ring_core::id::NodeName;
use peer_ring_discovery::{NoName, WhoIs};
use peer_ring_proto::hello::{self, Hello, HelloRefusal, Identity, Purpose, RefusalCode, Welcome};
use peer_ring_proto::{Frame, RawFrame};
use tokio::time::timeout;

use crate::links::dial::{DialError, greet};
use crate::links::{Links, spoken};

/// So many addresses are asked at once; whoever wants to know more waits for a turn.
pub(super) const ASKED_AT_ONCE_MAX: usize = 32;

impl Links {
    /// What this node answers to one that asks who is there.
    pub(super) fn introduce(&self, theirs: &Identity) -> Result<RawFrame, HelloRefusal> {
        let identity = self.identity();
        let protocol = hello::introduce(&identity, theirs)?;
        Ok(Frame::Welcome(Welcome { identity, protocol }).encode(spoken(protocol)))
    }

    async fn ask_who(&self, address: &str) -> Result<NodeName, NoName> {
        let _turn = self.0.turns_to_ask.acquire().await.expect("it is never closed");
        let limit = self.0.settings.connect_timeout;
        let identity = self.identity();
        let hello = Hello { identity: identity.clone(), purpose: Purpose::Who };
        let answer = timeout(limit, greet(self, address, hello)).await;
        let theirs = match answer.unwrap_or(Err(DialError::TimedOut(limit))) {
            Ok(made) => made.welcome.identity,
            Err(DialError::Refused(goodbye)) => {
                return Err(no_name(address, goodbye.code, goodbye.text));
            }
            Err(error) => return Err(no_name(address, RefusalCode::Other, error.to_string())),
        };
        match hello::introduce(&identity, &theirs) {
            Ok(_) => Ok(theirs.name),
            Err(refusal) => Err(no_name(address, refusal.code(), refusal.to_string())),
        }
    }
}

impl WhoIs for Links {
    fn who_is_at<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<NodeName, NoName>> {
        self.ask_who(address).boxed()
    }
}

/// What a node's name could not be learnt for.
fn no_name(address: &str, code: RefusalCode, reason: String) -> NoName {
    let address = address.to_owned();
    match code {
        RefusalCode::ForeignCluster => NoName::Foreign { address, reason },
        // One that may well be of this cluster, and cannot be understood.
        RefusalCode::IncompatibleProtocol
        | RefusalCode::NameInUse
        | RefusalCode::NodeIdInUse
        | RefusalCode::DifferentRing
        | RefusalCode::FoundedApart
        | RefusalCode::Itself
        | RefusalCode::Other => NoName::NoAnswer { address, reason },
    }
}
