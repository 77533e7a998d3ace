//! Which links stand, and which are being dialled or asked for.

use std::collections::BTreeMap;

use peer_ring_core::id::{NodeId, NodeName, Seat};
use peer_ring_core::peer::Lane;
use peer_ring_proto::hello::Identity;
use tokio::sync::watch;

use crate::links::Outbound;
use crate::stats::LinkStats;

#[derive(Default)]
pub(super) struct Table {
    links: BTreeMap<(Seat, Lane), Link>,
    dialling: BTreeMap<(Seat, Lane), watch::Sender<bool>>,
    count: u64,
}

struct Link {
    number: u64,
    name: NodeName,
    id: NodeId,
    outbound: Outbound,
}

impl Table {
    /// Who else holds a link from this seat, if it is not the node `id`.
    pub fn other_holder(&self, seat: Seat, id: NodeId) -> Option<NodeId> {
        let lanes = [Lane::Foreground, Lane::Background];
        let held = lanes.iter().filter_map(|lane| self.links.get(&(seat, *lane)));
        held.map(|link| link.id).find(|held| *held != id)
    }

    /// Enters a link, and closes the one that stood before on its lane. Its number, and whether
    /// there was one.
    pub fn enter(&mut self, peer: &Identity, lane: Lane, outbound: Outbound) -> (u64, bool) {
        self.count += 1;
        let link = Link { number: self.count, name: peer.name.clone(), id: peer.node, outbound };
        let before = self.links.insert((peer.name.seat(), lane), link);
        if let Some(before) = &before {
            before.outbound.close();
        }
        (self.count, before.is_some())
    }

    /// Takes a link out. Whether it was still the current one of its lane.
    pub fn leave(&mut self, seat: Seat, lane: Lane, number: u64) -> bool {
        let is_current = self.links.get(&(seat, lane)).is_some_and(|link| link.number == number);
        if is_current {
            self.links.remove(&(seat, lane));
        }
        is_current
    }

    /// Whether a link to this peer stands on this lane.
    pub fn stands(&self, seat: Seat, lane: Lane) -> bool {
        self.links.contains_key(&(seat, lane))
    }

    /// Stops whoever dials this peer on this lane, and returns what stops the next one.
    pub fn begin_dialling(&mut self, seat: Seat, lane: Lane) -> watch::Receiver<bool> {
        let (stop, stopped) = watch::channel(false);
        if let Some(before) = self.dialling.insert((seat, lane), stop) {
            before.send_replace(true);
        }
        stopped
    }

    pub fn end_dialling(&mut self, seat: Seat) {
        for lane in [Lane::Foreground, Lane::Background] {
            if let Some(stop) = self.dialling.remove(&(seat, lane)) {
                stop.send_replace(true);
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
