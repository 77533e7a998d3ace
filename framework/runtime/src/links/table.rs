//! Which links stand, and which are being dialled or asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use peer_ring_core::id::{NodeId, NodeName, Seat};
use peer_ring_core::peer::Lane;
use peer_ring_proto::hello::Identity;
use tokio::sync::{Notify, watch};

use crate::links::Outbound;
use crate::stats::LinkStats;

#[derive(Default)]
pub(super) struct Table {
    links: BTreeMap<(Seat, Lane), Link>,
    dialling: BTreeMap<(Seat, Lane), Dialler>,
    count: u64,
}

/// What somebody who dials is told.
struct Dialler {
    /// To stop.
    stop: watch::Sender<bool>,
    /// Not to wait before the next attempt.
    hurry: Arc<Notify>,
}

/// What somebody who dials is told, at its end.
pub(super) struct Told {
    /// Turns true when it is to stop.
    pub stop: watch::Receiver<bool>,
    /// Says that the peer is there.
    pub hurry: Arc<Notify>,
}

struct Link {
    number: u64,
    name: NodeName,
    id: NodeId,
    made: MadeBy,
    outbound: Outbound,
}

/// Which end of a link made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MadeBy {
    /// This node dialled.
    Us,
    /// The peer did, or asked and was let in.
    Peer,
}

impl Table {
    /// Who else holds a link from this seat, if it is not the node `id`.
    pub fn other_holder(&self, seat: Seat, id: NodeId) -> Option<NodeId> {
        let lanes = [Lane::Foreground, Lane::Background];
        let held = lanes.iter().filter_map(|lane| self.links.get(&(seat, *lane)));
        held.map(|link| link.id).find(|held| *held != id)
    }

    /// Enters a link, and closes the one that stood before on its lane. Its number.
    pub fn enter(&mut self, peer: &Identity, lane: Lane, made: MadeBy, outbound: Outbound) -> u64 {
        self.count += 1;
        let (number, name) = (self.count, peer.name.clone());
        let link = Link { number, name, id: peer.node, made, outbound };
        let before = self.links.insert((peer.name.seat(), lane), link);
        if let Some(before) = before {
            before.outbound.close();
        }
        self.count
    }

    /// Takes a link out, unless a newer one has its place.
    pub fn leave(&mut self, seat: Seat, lane: Lane, number: u64) {
        if self.links.get(&(seat, lane)).is_some_and(|link| link.number == number) {
            self.links.remove(&(seat, lane));
        }
    }

    /// Whether a link to this peer stands on this lane.
    pub fn stands(&self, seat: Seat, lane: Lane) -> bool {
        self.links.contains_key(&(seat, lane))
    }

    /// Whether a link to this peer stands on this lane that the peer made.
    pub fn was_made_by_peer(&self, seat: Seat, lane: Lane) -> bool {
        self.links.get(&(seat, lane)).is_some_and(|link| link.made == MadeBy::Peer)
    }

    /// Stops whoever dials this peer on this lane, and returns what the next one is told.
    pub fn begin_dialling(&mut self, seat: Seat, lane: Lane) -> Told {
        let (sender, stop) = watch::channel(false);
        let hurry = Arc::<Notify>::default();
        let dialler = Dialler { stop: sender, hurry: Arc::clone(&hurry) };
        if let Some(before) = self.dialling.insert((seat, lane), dialler) {
            before.stop.send_replace(true);
        }
        Told { stop, hurry }
    }

    /// Lets whoever dials this peer on this lane try at once. Whether anybody does.
    pub fn hurry(&self, seat: Seat, lane: Lane) -> bool {
        let dialler = self.dialling.get(&(seat, lane));
        dialler.is_some_and(|dialler| {
            dialler.hurry.notify_one();
            true
        })
    }

    /// Stops whoever dials this peer, and closes its links.
    pub fn end_dialling(&mut self, seat: Seat) {
        for lane in [Lane::Foreground, Lane::Background] {
            if let Some(dialler) = self.dialling.remove(&(seat, lane)) {
                dialler.stop.send_replace(true);
            }
            if let Some(link) = self.links.get(&(seat, lane)) {
                link.outbound.close();
            }
        }
    }

    pub fn stats(&self) -> Vec<LinkStats> {
        let line = |(&(_, lane), link): (&(Seat, Lane), &Link)| {
            let (queued_bytes, sent, refused) = link.outbound.counts();
            let (peer, id) = (link.name.clone(), link.id);
            let wire = link.outbound.version();
            LinkStats { peer, id, lane, wire, queued_bytes, sent, refused }
        };
        self.links.iter().map(line).collect()
    }
}
