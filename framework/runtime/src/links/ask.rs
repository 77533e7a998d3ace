//! Asking: a node that its peer ought to dial, and does not, asks the peer why.
//!
//! Who dials is decided by names, so a node whose peers do not know its address, or know another
//! node's under its name, would wait for ever and never learn of it. After a while without a link
//! it says hello to the peer. One that does not know where this node is lets it in, and that is how
//! a node joins a cluster which was not told of it. Any other refuses: with what is wrong, when it
//! knows that, or else because it dials itself. The answer is logged, and counts like the answer to
//! a node that dials.

use std::time::Duration;

use peer_ring_core::id::NodeName;
use peer_ring_core::peer::Lane;
use tokio::time::sleep;

use crate::links::dial::{self, Complaint, DialError};
use crate::links::{Links, lock};

/// By so many of the longest pauses between attempts, a peer that runs has dialled.
const PAUSES: u32 = 2;

/// How long a peer has that may just be about to dial, before it is asked for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Asks the peer at this address for as long as it has no link to this node.
pub(super) async fn keep_asking(links: &Links, peer: &NodeName, address: &str, lane: Lane) {
    let pause_max = links.0.settings.backoff_max * PAUSES;
    let mut pause = FIRST_PAUSE.min(pause_max);
    let mut complaint = Complaint::default();
    loop {
        sleep(pause).await;
        if lock(&links.0.table).stands(peer.seat(), lane) {
            complaint = Complaint::default();
            pause = pause_max;
            continue;
        }
        match dial::dial(links, peer, address, lane).await {
            Ok(made) => {
                complaint = Complaint::default();
                dial::run(links, peer, lane, made).await;
            }
            Err(error) => {
                // One that refuses may be dialling at this moment, as it ought to.
                if pause == pause_max || !matches!(error, DialError::Refused(_)) {
                    complaint.say(peer, address, lane, &error);
                }
                links.weigh(peer, &error);
            }
        }
        pause = (pause * 2).min(pause_max);
    }
}
