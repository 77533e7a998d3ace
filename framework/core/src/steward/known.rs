//! What one node knows of the others: what they say of themselves, and whether they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::id::{ClusterId, NodeId, Seat};
use crate::ring::{Member, Ring};
use crate::standing::{Standing, Wants};
use crate::view::{Health, PeerState};

/// Peers' standings, this node's own among them, and their health.
#[derive(Debug)]
pub struct Known {
    seat: Seat,
    standings: BTreeMap<Seat, Standing>,
    health: Arc<Health>,
}

impl Known {
    /// What the node of this standing knows at its start.
    #[must_use]
    pub fn new(own: Standing) -> Self {
        let seat = own.member.seat();
        Self { seat, standings: [(seat, own)].into(), health: Arc::default() }
    }

    /// This node's own standing.
    #[must_use]
    pub fn own(&self) -> &Standing {
        &self.standings[&self.seat]
    }

    /// This node's own standing, to be changed.
    pub fn own_mut(&mut self) -> &mut Standing {
        self.standings.get_mut(&self.seat).expect("it is there from the start")
    }

    /// Takes note of what a peer says of itself. Whether more than bytes are new in that.
    pub fn hear(&mut self, standing: Standing) -> bool {
        let seat = standing.member.seat();
        if seat == self.seat {
            return false;
        }
        let bytes = standing.bytes;
        let before = self.standings.insert(seat, standing);
        before.is_none_or(|before| self.standings[&seat] != Standing { bytes, ..before })
    }

    /// Takes note of who is there, and forgets who is no peer any more.
    pub fn see(&mut self, health: Arc<Health>) {
        self.health = health;
        let (own, health) = (self.seat, &self.health);
        self.standings.retain(|seat, _| *seat == own || health.knows(*seat));
    }

    /// What the node on `seat` said last.
    #[must_use]
    pub fn standing(&self, seat: Seat) -> Option<&Standing> {
        self.standings.get(&seat)
    }

    /// What everybody said last, in the order of their seats.
    pub fn standings(&self) -> impl Iterator<Item = (Seat, &Standing)> {
        self.standings.iter().map(|(seat, standing)| (*seat, standing))
    }

    /// The peers that are there, in the order of their seats.
    pub fn peers(&self) -> impl Iterator<Item = Seat> {
        let peers = self.health.peers().iter().filter(|peer| peer.state != PeerState::Down);
        peers.map(|peer| peer.seat)
    }

    /// Whether the node on `seat` is there, as far as this one sees.
    #[must_use]
    pub fn is_there(&self, seat: Seat) -> bool {
        seat == self.seat || self.health.state(seat) != PeerState::Down
    }

    /// Whether a link to the node on `seat` has ever stood.
    #[must_use]
    pub fn was_linked(&self, seat: Seat) -> bool {
        self.health.id(seat).is_some()
    }

    /// What a node that is there said last; `None` when it is not, or said nothing. What its
    /// predecessor on its seat said does not count.
    #[must_use]
    pub fn present(&self, seat: Seat) -> Option<&Standing> {
        let is_same =
            |it: &&Standing| seat == self.seat || self.health.id(seat) == Some(it.member.id);
        self.standing(seat).filter(|_| self.is_there(seat)).filter(is_same)
    }

    /// Those of `seats` that this node cannot reach.
    #[must_use]
    pub fn unreachable(&self, seats: impl Iterator<Item = Seat>) -> Vec<Seat> {
        let mut down: Vec<_> = seats.filter(|seat| !self.is_there(*seat)).collect();
        down.sort_unstable();
        down
    }

    /// The members that more than half of the voters cannot reach, by what those say that are
    /// there: one node's broken link takes nobody out.
    #[must_use]
    pub fn down(&self, ring: &Ring) -> BTreeSet<Seat> {
        let voters = ring.voters();
        let witnesses: Vec<_> = voters.iter().filter_map(|seat| self.present(*seat)).collect();
        let is_down = |seat: &Seat| {
            let says = |it: &&&Standing| it.down.binary_search(seat).is_ok();
            witnesses.iter().filter(says).count() * 2 > voters.len()
        };
        ring.members().iter().map(Member::seat).filter(is_down).collect()
    }

    /// As whom those vote who sit there now. Of who is not there this says nothing: another one may
    /// have followed it, and may be the very one whose vote is asked for.
    #[must_use]
    pub fn votes(&self) -> BTreeMap<Seat, NodeId> {
        let votes = self.standings.keys().filter_map(|seat| self.present(*seat));
        votes.map(|standing| (standing.member.seat(), standing.member.vote)).collect()
    }

    /// The members of `ring` that came back as somebody else and know this ring, as they are now;
    /// and those whose votes an operator took for lost, though they were not.
    ///
    /// One that does not know it may be who was there before another one was named. It would take
    /// itself for the owner that it was, and has not what the other one acknowledged.
    #[must_use]
    pub fn back(&self, ring: &Ring) -> Vec<Member> {
        let changed = |member: &Member| {
            let standing = self.present(member.seat())?;
            let now = Some(&standing.member).filter(|_| standing.epoch == ring.epoch())?;
            let is_other = now.id != member.id || now.vote != member.vote;
            (is_other || ring.may_vote_again(member)).then(|| now.clone())
        };
        ring.members().iter().filter_map(changed).collect()
    }

    /// Nodes that are there, are no members, and want to be, in the order of their seats; those of
    /// another cluster are not among them.
    #[must_use]
    pub fn waiting(&self, ring: &Ring) -> Vec<Member> {
        let waits = |(seat, standing): &(Seat, &Standing)| {
            let is_foreign = ![ring.cluster(), ClusterId::default()].contains(&standing.cluster);
            standing.wants == Wants::Stay
                && self.present(*seat).is_some()
                && ring.member(*seat).is_none()
                && !is_foreign
        };
        self.standings().filter(waits).map(|(_, standing)| standing.member.clone()).collect()
    }

    /// Members that want to go, in the order of their seats.
    #[must_use]
    pub fn leaving(&self, ring: &Ring) -> Vec<Seat> {
        let leaves = |(seat, it): &(Seat, &Standing)| {
            let member = ring.member(*seat);
            it.wants == Wants::Leave && member.is_some_and(|member| member.id == it.member.id)
        };
        self.standings().filter(leaves).map(|(seat, _)| seat).collect()
    }

    /// Whether all members speak the same newest version of the wire, as far as they have said.
    #[must_use]
    pub fn is_of_one_version(&self, ring: &Ring) -> bool {
        let own = self.own().wire;
        let standings = ring.members().iter().filter_map(|it| self.standing(it.seat()));
        standings.map(|it| it.wire).all(|wire| wire == own)
    }

    /// The members of `ring` among `targets` of which something is still awaited: who is not there,
    /// or not as whom it is named, or misses something under this ring.
    pub fn laggards<'a>(
        &'a self,
        ring: &'a Ring,
        targets: &'a BTreeSet<Seat>,
    ) -> impl Iterator<Item = &'a Member> {
        let is_whole = |member: &&Member| {
            self.present(member.seat()).is_some_and(|it| {
                it.epoch == ring.epoch() && it.pending == 0 && it.member.id == member.id
            })
        };
        let targets = ring.members().iter().filter(|member| targets.contains(&member.seat()));
        targets.filter(move |member| !is_whole(member))
    }
}
