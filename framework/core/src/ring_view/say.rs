//! What a node tells its peers: where it stands, and the ring.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::actor::{Instant, Now, Outbox};
use crate::id::{Epoch, Seat};
use crate::peer::Body;
use crate::ring_view::{Out, RingView, STANDING_PAUSE};
use crate::standing::Standing;
use crate::view::Health;

/// A peer is told a ring, or asked for one, no more often than this.
const RING_PAUSE: Duration = Duration::from_millis(200);

/// What was told, to whom, and when.
#[derive(Debug, Default)]
pub(super) struct Told {
    standing: Option<Standing>,
    at: Instant,
    /// By peer: the last ring that it was told, or asked about, and when.
    rings: BTreeMap<Seat, (Epoch, Instant)>,
}

impl Told {
    /// When the standing is told again.
    pub fn again_at(&self) -> Instant {
        self.at + STANDING_PAUSE
    }

    /// Forgets what was told to who is no peer any more.
    pub fn forget_all_but(&mut self, peers: &Health) {
        self.rings.retain(|seat, _| peers.knows(*seat));
    }

    /// Whether it is time to exchange rings with `peer`, of which `epoch` is one; then it is done.
    fn is_time(&mut self, now: Now, peer: Seat, epoch: Epoch) -> bool {
        let last = self.rings.get(&peer);
        let is_time =
            last.is_none_or(|(told, at)| *told != epoch || now.tick.since(*at) >= RING_PAUSE);
        if is_time {
            self.rings.insert(peer, (epoch, now.tick));
        }
        is_time
    }
}

impl RingView {
    /// Tells everybody where this node stands, if that has changed in more than bytes.
    pub(super) fn tell_standing(&mut self, now: Now, out: &mut Outbox<Out>) {
        let own = self.known.own();
        let is_news = self
            .told
            .standing
            .as_ref()
            .is_none_or(|told| Standing { bytes: own.bytes, ..told.clone() } != *own);
        if is_news {
            self.tell_standing_again(now, out);
        }
    }

    pub(super) fn tell_standing_again(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.told.at = now.tick;
        self.told.standing = Some(self.known.own().clone());
        let peers: Vec<_> = self.known.peers().collect();
        for peer in peers {
            self.tell_standing_to(peer, out);
        }
    }

    pub(super) fn tell_standing_to(&self, peer: Seat, out: &mut Outbox<Out>) {
        let body = Body::Standing(Box::new(self.known.own().clone()));
        out.push(Out::Say { to: peer, body });
    }

    pub(super) fn heard_standing(&mut self, now: Now, standing: Standing, out: &mut Outbox<Out>) {
        let (peer, epoch) = (standing.member.seat(), standing.epoch);
        let is_news = self.known.hear(standing);
        if epoch != self.epoch() {
            self.compare_rings(now, peer, out);
        }
        if is_news {
            self.look_whether_left(out);
            self.steer(now, out);
        }
    }

    /// Tells a peer the ring if it knows an earlier one, and where this node stands if a later one:
    /// then it tells the ring.
    pub(super) fn compare_rings(&mut self, now: Now, peer: Seat, out: &mut Outbox<Out>) {
        let theirs = self.known.standing(peer).map_or(Epoch::NONE, |standing| standing.epoch);
        if theirs < self.epoch() {
            self.tell_ring(now, peer, out);
        } else if self.told.is_time(now, peer, theirs) {
            self.tell_standing_to(peer, out);
        }
    }

    /// Tells a peer the ring, unless it was told just now.
    pub(super) fn tell_ring(&mut self, now: Now, peer: Seat, out: &mut Outbox<Out>) {
        let Some(ring) = self.ring().cloned() else {
            return;
        };
        if peer != self.seat && self.told.is_time(now, peer, ring.epoch()) {
            out.push(Out::Say { to: peer, body: Body::Ring(ring) });
        }
    }

    pub(super) fn tell_everybody_ring(&mut self, now: Now, out: &mut Outbox<Out>) {
        let peers: Vec<_> = self.known.peers().collect();
        for peer in peers {
            self.tell_ring(now, peer, out);
        }
    }
}
