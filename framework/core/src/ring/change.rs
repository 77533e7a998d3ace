//! What a ring can become: the steps of a chain, each a pure function.
//!
//! A settled ring **begins** to move towards other members. A moving one is **settled** when all
//! who are to own something hold it, **cancelled** back to what it was, or **redirected** when who
//! was to own something is lost. Either may **replace** the identities of members that came back
//! with nothing, **depose** primaries that are down, and be held, or let go, by an operator.
//!
//! Whatever it is, only the partitions whose owners, targets or primaries change are laid out
//! anew, and only their requests are refused from those who do not know yet ([`Ring::since`]).

use std::collections::BTreeSet;

use crate::actor::Wall;
use crate::id::{ClusterId, Epoch, PartitionId, Seat};
use crate::ring::blueprint::{check_seats, place};
use crate::ring::{Blueprint, Member, Parts, Ring, RingError, Tenure};

/// Most members that decide about the next ring; with more, these are spread over zones.
pub const VOTERS_MAX: usize = 7;

/// How far an operator's recovery jumps ahead at least: past whatever the lost voters may have
/// decided. What two operators order at two nodes is most likely of two epochs: the later one holds.
const RECOVERY_EPOCHS: u64 = 1_000;
const RECOVERY_SPREAD: u64 = 1_000;

/// Why there is a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The cluster began.
    Founded,
    /// Partitions begin to move, or are redirected on their way.
    Moving,
    /// All that was to move has moved.
    Settled,
    /// What was to move stays where it was.
    Cancelled,
    /// Members came back with nothing and under new identities.
    Replaced,
    /// Primaries are down, or back.
    Primacy,
    /// An operator held changes, or let them go.
    Held,
    /// An operator went on without the voters that were lost.
    Recovered,
}

impl Reason {
    /// The reason as a lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Founded => "founded",
            Self::Moving => "moving",
            Self::Settled => "settled",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
            Self::Primacy => "primacy",
            Self::Held => "held",
            Self::Recovered => "recovered",
        }
    }
}

impl Ring {
    /// The first ring of a cluster.
    ///
    /// # Errors
    /// [`RingError`] when the blueprint cannot be a ring.
    pub fn found(cluster: ClusterId, now: Wall, blueprint: Blueprint) -> Result<Self, RingError> {
        let parts = Self::build(blueprint, None)?.parts;
        Ok(Self::of(Parts { cluster, decided_at: now, ..parts }))
    }

    /// The ring on its way to `members`, who are as they are to be; settled at once if nothing has
    /// to move for that. A ring that is moving already goes on from where its owners are.
    ///
    /// # Errors
    /// [`RingError`] when they cannot be the members of a ring.
    pub fn begin(&self, now: Wall, mut members: Vec<Member>) -> Result<Self, RingError> {
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let target = place(
            self.parts.strategy,
            self.parts.partitions,
            self.parts.replicas,
            &members,
            Some(self),
        )?;
        let is_settled = |member: &&Member| member.tenure != Tenure::Joining;
        let old: BTreeSet<_> =
            self.parts.members.iter().filter(is_settled).map(Member::seat).collect();
        let stays: BTreeSet<_> = members.iter().map(Member::seat).collect();
        for member in &mut members {
            let is_old = old.contains(&member.seat());
            member.tenure = if is_old { Tenure::Member } else { Tenure::Joining };
        }
        let leaves = |member: &&Member| is_settled(member) && !stays.contains(&member.seat());
        let leaving = self.parts.members.iter().filter(leaves).cloned();
        members.extend(leaving.map(|member| Member { tenure: Tenure::Leaving, ..member }));
        members.sort_by(|a, b| a.name.cmp(&b.name));
        check_seats(&members)?;
        let moving = Parts {
            members,
            target: Some(target),
            is_held: false,
            reason: Reason::Moving,
            ..self.to_parts()
        };
        let moving = self.succeed(now, moving);
        let mut partitions = self.parts.partitions.iter();
        let moves = partitions.any(|p| moving.targets(p, moving.target_replicas()).is_some());
        if moves { Ok(moving) } else { Ok(self.succeed(now, moving.settled_parts())) }
    }

    /// The ring in which all has arrived.
    ///
    /// # Panics
    /// When it is not moving.
    #[must_use]
    pub fn settle(&self, now: Wall) -> Self {
        self.succeed(now, self.settled_parts())
    }

    /// The ring in which all stays where it was, and nothing changes any more by itself.
    ///
    /// # Panics
    /// When it is not moving.
    #[must_use]
    pub fn cancel(&self, now: Wall) -> Self {
        assert!(self.is_moving(), "only what moves is cancelled");
        let mut parts =
            Parts { target: None, is_held: true, reason: Reason::Cancelled, ..self.to_parts() };
        parts.members.retain(|member| member.tenure != Tenure::Joining);
        parts.become_members();
        self.succeed(now, parts)
    }

    /// The ring in which those of `back` that are members are who they are now: other data, other
    /// votes, at another address. Those that neither come nor go vote, if so many may.
    #[must_use]
    pub fn replace(&self, now: Wall, back: &[Member]) -> Self {
        let mut parts = Parts { reason: Reason::Replaced, ..self.to_parts() };
        for member in &mut parts.members {
            if let Some(back) = back.iter().find(|back| back.name == member.name) {
                (member.id, member.vote) = (back.id, back.vote);
                member.address = back.address.clone();
                if may_vote_again(&parts.voters, member) {
                    parts.voters.push(back.seat());
                }
            }
        }
        parts.voters.sort_unstable();
        self.succeed(now, parts)
    }

    /// Whether `member` could vote and does not: it was left behind by a recovery, after which those
    /// who vote are few.
    #[must_use]
    pub fn may_vote_again(&self, member: &Member) -> bool {
        may_vote_again(&self.parts.voters, member)
    }

    /// The ring in which `deposed`, and nobody else, are not primaries where others could be.
    #[must_use]
    pub fn depose(&self, now: Wall, mut deposed: Vec<Seat>) -> Self {
        deposed.sort_unstable();
        deposed.dedup();
        self.succeed(now, Parts { deposed, reason: Reason::Primacy, ..self.to_parts() })
    }

    /// The ring that changes by itself no more, or again.
    #[must_use]
    pub fn hold(&self, now: Wall, is_held: bool) -> Self {
        self.succeed(now, Parts { is_held, reason: Reason::Held, ..self.to_parts() })
    }

    /// The ring in which `lost` decide nothing any more. They stay members, and are evicted like
    /// any that are down; what only they knew is gone.
    ///
    /// Its epoch is far ahead of what the lost ones may have decided without telling anybody, how
    /// far depends on the seat `by` where it was ordered.
    #[must_use]
    pub fn recover(&self, now: Wall, lost: &[Seat], by: Seat) -> Self {
        let mut parts = Parts { reason: Reason::Recovered, ..self.to_parts() };
        let staying: Vec<_> =
            self.parts.members.iter().filter(|m| !lost.contains(&m.seat())).collect();
        parts.voters = choose_voters(staying);
        let ahead = RECOVERY_EPOCHS + by.0 % RECOVERY_SPREAD;
        parts.epoch = Epoch(self.parts.epoch.0 + ahead);
        // What they decided may have been about any partition.
        parts.since = vec![parts.epoch; parts.since.len()];
        parts.decided_at = now;
        Self::of(parts)
    }

    /// How many owners each partition is to have, while it is moving; else, has.
    #[must_use]
    pub fn target_replicas(&self) -> u8 {
        self.parts.target.as_ref().unwrap_or(&self.parts.layout).replicas()
    }

    fn settled_parts(&self) -> Parts {
        let mut parts = Parts { reason: Reason::Settled, ..self.to_parts() };
        parts.layout = parts.target.take().expect("only what moves settles");
        parts.members.retain(|member| member.tenure != Tenure::Leaving);
        parts.become_members();
        parts.voters = choose_voters(&parts.members);
        parts
    }

    /// The ring after this one, as `parts` say but for what follows from them.
    fn succeed(&self, now: Wall, mut parts: Parts) -> Self {
        parts.epoch = self.parts.epoch.next();
        parts.decided_at = now;
        let is_member = |seat: &Seat| parts.members.iter().any(|member| member.seat() == *seat);
        parts.deposed.retain(is_member);
        let mut next = Self::of(parts);
        let changed = next.parts.members.iter().filter(|member| self.is_news(member));
        let changed: Vec<_> = changed.map(Member::seat).collect();
        for partition in self.parts.partitions.iter() {
            if self.is_laid_out_anew(&next, partition, &changed) {
                next.parts.since[usize::from(partition.0)] = next.parts.epoch;
            }
        }
        Self::of(next.parts)
    }

    /// Whether `member` is another node than the one that this ring has on its seat.
    fn is_news(&self, member: &Member) -> bool {
        self.member(member.seat()).is_some_and(|known| known.id != member.id)
    }

    fn is_laid_out_anew(&self, next: &Self, partition: PartitionId, changed: &[Seat]) -> bool {
        let n = self.replicas().max(next.replicas());
        let owners = next.owners(partition, next.replicas());
        let targets = next.targets(partition, next.target_replicas());
        let is_primary_same = |n| self.primary(partition, n) == next.primary(partition, n);
        self.owners(partition, self.replicas()) != owners
            || self.targets(partition, self.target_replicas()) != targets
            || !(1..=n).all(is_primary_same)
            || changed.iter().any(|seat| next.has_replica(partition, *seat))
    }
}

impl Parts {
    fn become_members(&mut self) {
        for member in &mut self.members {
            member.tenure = Tenure::Member;
        }
    }
}

/// Whether `member` may be one more of these voters: it neither comes nor goes.
fn may_vote_again(voters: &[Seat], member: &Member) -> bool {
    let is_settled = member.tenure == Tenure::Member;
    is_settled && voters.len() < VOTERS_MAX && !voters.contains(&member.seat())
}

/// All members, or [`VOTERS_MAX`] of them that stand in as many zones as may be, in the order of
/// their seats.
pub(super) fn choose_voters<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<Seat> {
    let mut left: Vec<&Member> = members.into_iter().collect();
    let mut chosen: Vec<&Member> = Vec::new();
    while chosen.len() < VOTERS_MAX && !left.is_empty() {
        let crowd = |member: &Member| match &member.zone {
            Some(_) => chosen.iter().filter(|it| it.zone == member.zone).count(),
            None => 0,
        };
        let at = (0..left.len()).min_by_key(|&at| (crowd(left[at]), at)).expect("some are left");
        chosen.push(left.remove(at));
    }
    let mut seats: Vec<_> = chosen.into_iter().map(Member::seat).collect();
    seats.sort_unstable();
    seats
}
