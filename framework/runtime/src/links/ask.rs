//! Asking: a node that its peer ought to dial, and does not, asks the peer why.
//!
//! Who dials is decided by names, so a node whose peers do not know its address, or know another
//! node's under its name, would wait for ever and never learn of it. After a while without a link
//! it says hello to the peer. That never makes a link: the peer refuses, as what is wrong when it
//! knows that, and otherwise because it dials itself. The answer is logged, and counts like the
//! answer to a node that dials.

use peer_ring_core::id::NodeName;
use peer_ring_core::peer::Lane;
use tokio::time::sleep;

use crate::links::dial::{self, Complaint};
use crate::links::{Links, lock};

/// By so many of the longest pauses between attempts, a peer that runs has dialled.
const PAUSES: u32 = 2;

/// Asks the peer at this address for as long as it has no link to this node.
pub(super) async fn keep_asking(links: &Links, peer: &NodeName, address: &str) {
    let pause = links.0.settings.backoff_max * PAUSES;
    let mut complaint = Complaint::default();
    loop {
        sleep(pause).await;
        if lock(&links.0.table).stands(peer.seat(), Lane::Foreground) {
            complaint = Complaint::default();
            continue;
        }
        if let Err(error) = dial::dial(links, peer, address, Lane::Foreground).await {
            complaint.say(peer, address, Lane::Foreground, &error);
            links.weigh(peer, &error);
        }
    }
}
