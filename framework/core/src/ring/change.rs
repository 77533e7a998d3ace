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

use xxhash_rust::xxh3::Xxh3;

use crate::actor::Wall;
use crate::id::{ClusterId, Epoch, PartitionId, Seat};
use crate::ring::{Blueprint, Member, Parts, Ring, RingError, Tenure, check_seats, place};

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
        let parts = Self::build(blueprint, None)?.to_parts();
        Ok(Self::of(Parts { cluster, decided_at: now, ..parts }))
    }

    /// The ring on its way to `members`, who are as they are to be; settled at once if nothing has
    /// to move for that. A ring that is moving already goes on from where its owners are.
    ///
    /// # Errors
    /// [`RingError`] when they cannot be the members of a ring.
    pub fn begin(&self, now: Wall, mut members: Vec<Member>) -> Result<Self, RingError> {
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let target = place(self.strategy, self.partitions, self.replicas, &members, Some(self))?;
        let is_settled = |member: &&Member| member.tenure != Tenure::Joining;
        let old: BTreeSet<_> = self.members.iter().filter(is_settled).map(Member::seat).collect();
        let stays: BTreeSet<_> = members.iter().map(Member::seat).collect();
        for member in &mut members {
            let is_old = old.contains(&member.seat());
            member.tenure = if is_old { Tenure::Member } else { Tenure::Joining };
        }
        let leaves = |member: &&Member| is_settled(member) && !stays.contains(&member.seat());
        let leaving = self.members.iter().filter(leaves).cloned();
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
        let mut partitions = self.partitions.iter();
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
                // After a recovery it does not vote, and those who do are few.
                let has_room = parts.voters.len() < VOTERS_MAX;
                let is_settled = member.tenure == Tenure::Member;
                if has_room && is_settled && !parts.voters.contains(&back.seat()) {
                    parts.voters.push(back.seat());
                }
            }
        }
        parts.voters.sort_unstable();
        self.succeed(now, parts)
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
        let staying: Vec<_> = self.members.iter().filter(|m| !lost.contains(&m.seat())).collect();
        parts.voters = choose_voters(staying);
        let ahead = RECOVERY_EPOCHS + by.0 % RECOVERY_SPREAD;
        parts.epoch = Epoch(self.epoch.0 + ahead);
        // What they decided may have been about any partition.
        parts.since = vec![parts.epoch; parts.since.len()];
        parts.decided_at = now;
        Self::of(parts)
    }

    /// How many owners each partition is to have, while it is moving; else, has.
    #[must_use]
    pub fn target_replicas(&self) -> u8 {
        self.target.as_ref().unwrap_or(&self.layout).replicas()
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
        parts.epoch = self.epoch.next();
        parts.decided_at = now;
        let is_member = |seat: &Seat| parts.members.iter().any(|member| member.seat() == *seat);
        parts.deposed.retain(is_member);
        let mut next = Self::of(parts);
        let changed = next.members.iter().filter(|member| self.is_news(member));
        let changed: Vec<_> = changed.map(Member::seat).collect();
        for partition in self.partitions.iter() {
            if self.is_laid_out_anew(&next, partition, &changed) {
                next.since[usize::from(partition.0)] = next.epoch;
            }
        }
        Self::of(next.to_parts())
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

    /// Whether these are the parts of a ring.
    pub(super) fn check(&self) -> Result<(), RingError> {
        let malformed = |what| Err(RingError::Malformed { what });
        let partitions = self.partitions.count() as usize;
        let seats: BTreeSet<_> = self.members.iter().map(Member::seat).collect();
        if !self.members.windows(2).all(|pair| pair[0].name < pair[1].name) {
            return malformed("its members are not in order");
        }
        check_seats(&self.members)?;
        let takes_any = self.strategy.takes_any_number_of_partitions();
        if !self.partitions.is_power_of_two() && !takes_any {
            let (partitions, strategy) = (self.partitions.count(), self.strategy);
            return Err(RingError::NotAPowerOfTwo { partitions, strategy });
        }
        if self.epoch == Epoch::NONE {
            return malformed("it has no epoch");
        }
        if self.since.len() != partitions || self.since.iter().any(|since| *since > self.epoch) {
            return malformed("its partitions are not laid out by its epoch");
        }
        let is_in_order = |seats: &[Seat]| seats.is_sorted_by(|one, other| one < other);
        if !is_in_order(&self.deposed) || !is_in_order(&self.voters) {
            return malformed("its seats are not in order");
        }
        if self.voters.is_empty() || !self.voters.iter().all(|seat| seats.contains(seat)) {
            return malformed("its voters are not its members");
        }
        for layout in self.target.iter().chain([&self.layout]) {
            if layout.lists().len() != partitions * layout.width() {
                return malformed("it has not one list for each partition");
            }
            if !layout.lists().iter().all(|seat| seats.contains(seat)) {
                return malformed("its owners are not its members");
            }
            if !layout.lists().chunks(layout.width()).all(is_distinct) {
                return malformed("a member is in a preference list twice");
            }
        }
        Ok(())
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        let mut say = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        let mut numbers = |numbers: &[u64]| {
            for number in numbers {
                say(&number.to_le_bytes());
            }
        };
        numbers(&[self.cluster.0, self.epoch.0, self.replicas.into(), self.is_held.into()]);
        numbers(&[self.strategy as u64, self.partitions.count().into(), self.reason as u64]);
        numbers(&[self.decided_at.0]);
        for seats in [&self.voters, &self.deposed] {
            numbers(&[seats.len() as u64]);
            seats.iter().for_each(|seat| numbers(&[seat.0]));
        }
        for layout in self.target.iter().chain([&self.layout]) {
            numbers(&[layout.fingerprint()]);
        }
        self.since.iter().for_each(|since| numbers(&[since.0]));
        for member in &self.members {
            let Member { name, zone, weight, id, vote, address, tenure } = member;
            say(name.as_str().as_bytes());
            say(zone.as_deref().unwrap_or_default().as_bytes());
            say(address.as_bytes());
            for number in [(*weight).into(), id.0, vote.0, *tenure as u64] {
                say(&u64::to_le_bytes(number));
            }
        }
        hash.digest()
    }
}

fn is_distinct(list: &[Seat]) -> bool {
    list.iter().enumerate().all(|(at, seat)| !list[..at].contains(seat))
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
