//! Founding a cluster: when that is safe, who holds it up, and an operator's word that somebody is
//! gone.
//!
//! A node that knows no ring cannot know that there is none: it may have forgotten, and those who
//! know may be out of its sight. So it founds nothing before discovery has said all it knows; nor
//! while it is not among more than half of those whom discovery names; nor by itself before the
//! members of a cluster that it may have been in had the time to come to it, as they do.

use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Instant, Now, Outbox};
use crate::id::{ClusterId, Epoch, NodeName};
use crate::ring::{Blueprint, Member, Ring, RingError};
use crate::ring_view::{Out, RingView};
use crate::standing::Wants;
use crate::steward::{OrderRefused, Stuck};

/// Nodes that discovery names and that say nothing are waited for so long before a cluster is
/// founded without them, if they are few: they may have a ring.
const PATIENCE: Duration = Duration::from_secs(5);

impl RingView {
    /// Who founds a cluster, if it is time for that.
    pub(super) fn founders(&self) -> Option<Vec<Member>> {
        let founders = self.enough_founders()?;
        let waited = self.watched_at.since(self.settled_at?);
        let silent = self.silent_peers().count();
        let is_too_soon = silent > 0 && waited < PATIENCE;
        let is_outnumbered = silent >= founders.len();
        let is_left_alone = founders.len() > 1 || waited >= self.settings.alone_for;
        (!is_too_soon && !is_outnumbered && is_left_alone).then_some(founders)
    }

    /// When a cluster may be founded that was not founded up to now, if nothing else happens.
    pub(super) fn founding_at(&self) -> Option<Instant> {
        let settled_at = self.settled_at.filter(|_| self.ring().is_none())?;
        let moments = [PATIENCE, self.settings.alone_for].map(|span| settled_at + span);
        moments.into_iter().filter(|at| *at > self.watched_at).min()
    }

    /// Everybody who is there, in the order of their names, if nobody has a ring.
    fn without_ring(&self) -> Option<Vec<Member>> {
        let own = self.known.own();
        let peers: Vec<_> = self.known.peers().filter_map(|it| self.known.present(it)).collect();
        if own.wants == Wants::Leave || peers.iter().any(|peer| peer.epoch != Epoch::NONE) {
            return None;
        }
        let mut founders: Vec<_> = peers.iter().map(|peer| peer.member.clone()).collect();
        founders.push(own.member.clone());
        founders.sort_by(|a, b| a.name.cmp(&b.name));
        Some(founders)
    }

    fn enough_founders(&self) -> Option<Vec<Member>> {
        self.without_ring().filter(|it| it.len() >= self.settings.bootstrap_expect)
    }

    /// Whom discovery names and who does not answer.
    fn silent_peers(&self) -> impl Iterator<Item = &NodeName> {
        let named = self.discovered.iter();
        named.filter(|(seat, _)| self.known.present(**seat).is_none()).map(|(_, name)| name)
    }

    /// Whom a first ring names that others have accepted, and who is not there to answer about it.
    fn silent_founders(&self) -> impl Iterator<Item = &Member> {
        let adopted = self.adopted.iter();
        let silent =
            adopted.flat_map(|(ring, seats)| seats.iter().filter_map(|it| ring.member(*it)));
        silent.filter(|member| self.known.present(member.seat()).is_none())
    }

    pub(super) fn first_ring(&self, now: Now, founders: &[Member]) -> Result<Ring, RingError> {
        let blueprint = Blueprint {
            epoch: Epoch::NONE.next(),
            strategy: self.ring.strategy,
            partitions: self.ring.partitions,
            replicas: self.ring.replicas,
            members: founders.to_vec(),
        };
        // Others may still take an earlier wish for one that may be decided: that was another cluster.
        let wish = self.proposer.attempts().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Ring::found(ClusterId(self.founding.0 ^ wish), now.wall, blueprint)
    }

    /// Begins the next attempt when one has taken too long, or gives up. Takes note of who did not
    /// answer about a first ring that others have accepted.
    pub(super) fn propose_again(&mut self, now: Now, out: &mut Outbox<Out>) {
        let is_over = self.proposer.due().is_some_and(|due| due <= now.tick);
        if let Some((ring, silent)) = self.proposer.adopted().filter(|_| is_over) {
            self.adopted = Some((Arc::clone(ring), silent));
        }
        let was_busy = self.proposer.is_busy();
        if let Some(word) = self.proposer.wake(now) {
            self.say_to_voters(now, &word, out);
        }
        if was_busy && !self.proposer.is_busy() {
            self.give_up_orders(out);
        }
    }

    /// Why no ring can be decided; `None` when one can, as far as this node sees.
    #[must_use]
    pub fn stuck(&self) -> Option<Stuck> {
        if let Some(ring) = self.ring() {
            return Stuck::of(ring, &self.known);
        }
        let silent: Vec<_> = self.silent_founders().map(|member| member.name.clone()).collect();
        if !silent.is_empty() {
            return Some(Stuck::Founding { silent });
        }
        let waited = self.watched_at.since(self.settled_at?);
        let founders = self.enough_founders()?.len();
        let mut silent: Vec<_> = self.silent_peers().cloned().collect();
        silent.sort_unstable();
        let is_outnumbered = silent.len() >= founders && waited >= PATIENCE;
        is_outnumbered.then_some(Stuck::Outnumbered { founders, silent })
    }

    /// The ring to be proposed when those who hold up the founding are gone for good. If one has
    /// been accepted that they may have decided, it is that one, as if they had accepted it, too:
    /// fewer than its other members found nothing on an operator's word about these.
    pub(super) fn found_without(
        &mut self,
        now: Now,
        lost: &[NodeName],
    ) -> Result<Arc<Ring>, OrderRefused> {
        let Some(Stuck::Founding { silent } | Stuck::Outnumbered { silent, .. }) = self.stuck()
        else {
            return Err(OrderRefused::NoRing);
        };
        for name in lost {
            if self.known.present(name.seat()).is_some() {
                return Err(OrderRefused::NotLost { name: name.clone() });
            }
            if !silent.contains(name) {
                return Err(OrderRefused::NotAMember { name: name.clone() });
            }
        }
        if silent.iter().any(|name| !lost.contains(name)) {
            return Err(OrderRefused::NotDecided);
        }
        let gone: Vec<_> = self.silent_founders().map(|it| (it.seat(), it.vote)).collect();
        let Some((ring, _)) = self.adopted.as_ref().filter(|_| !gone.is_empty()) else {
            let founders = self.without_ring().ok_or(OrderRefused::NoRing)?;
            return Ok(Arc::new(self.first_ring(now, &founders)?));
        };
        self.gone.extend(gone);
        Ok(Arc::clone(ring))
    }
}
