//! What a change would come to, worked out before it is made.

use std::collections::BTreeSet;

use crate::actor::Wall;
use crate::id::{NodeName, Seat};
use crate::ring::{Member, Ring};
use crate::standing::Wants;
use crate::steward::next::{Target, target};
use crate::steward::{Change, ChangeMode, Known, OrderRefused, Plan, Settings};

/// Who the members are to be when an operator orders `change` besides what happens by itself.
///
/// # Errors
/// [`OrderRefused::NotAMember`] when a name is nobody's, [`OrderRefused::Busy`] while data moves.
pub fn ordered(
    ring: &Ring,
    known: &Known,
    late: &BTreeSet<Seat>,
    change: &Change,
) -> Result<Target, OrderRefused> {
    if ring.is_moving() {
        return Err(OrderRefused::Busy);
    }
    let mut target = target(ring, known, late);
    for name in &change.remove {
        let at = target.members.iter().position(|member| member.name == *name);
        let at = at.ok_or_else(|| OrderRefused::NotAMember { name: name.clone() })?;
        let seat = target.members.remove(at).seat();
        target.joins.retain(|joins| *joins != seat);
        if ring.member(seat).is_some() {
            target.leaves.push(seat);
        }
    }
    for (name, weight) in &change.weights {
        let member = target.members.iter_mut().find(|member| member.name == *name);
        let member = member.ok_or_else(|| OrderRefused::NotAMember { name: name.clone() })?;
        member.weight = *weight;
    }
    Ok(target)
}

/// What `target` would come to.
///
/// # Errors
/// [`OrderRefused::Ring`] when it makes no ring.
pub fn plan(
    ring: &Ring,
    known: &Known,
    target: &Target,
    settings: &Settings,
) -> Result<Plan, OrderRefused> {
    let begun = ring.begin(Wall::default(), target.members.clone())?;
    let after = if begun.is_moving() { begun.settle(Wall::default()) } else { begun };
    let moves = after.moves(ring);
    let before = ring.balance();
    let owned: u64 = before.iter().map(|load| load.owned as u64).sum();
    let members = ring.members().iter().filter_map(|member| known.standing(member.seat()));
    let bytes: u64 = members.map(|standing| standing.bytes).sum();
    Ok(Plan {
        epoch: ring.epoch(),
        join: names(&target.members, |seat| target.joins.contains(&seat)),
        leave: names(ring.members(), |seat| {
            target.leaves.contains(&seat) || target.evicted.contains(&seat)
        }),
        before,
        after: after.balance(),
        moves,
        bytes: bytes / owned.max(1) * moves.gained as u64,
        bytes_per_second: settings.bytes_per_second,
        crowding: after.crowding(),
        waits: waits(ring, known, target, settings),
    })
}

fn names(members: &[Member], are: impl Fn(Seat) -> bool) -> Vec<NodeName> {
    let members = members.iter().filter(|member| are(member.seat()));
    members.map(|member| member.name.clone()).collect()
}

/// Why a change is not made without an order; `None` when it is, or nothing is to be made.
#[must_use]
pub fn waits(
    ring: &Ring,
    known: &Known,
    target: &Target,
    settings: &Settings,
) -> Option<&'static str> {
    let is_own_wish = target.joins.is_empty() && target.evicted.is_empty();
    if target.is_empty() {
        None
    } else if ring.is_held() {
        Some("an operator has cancelled the last change: apply one to go on")
    } else if settings.change == ChangeMode::Manual && !is_own_wish {
        Some("ring.change is manual: apply it")
    } else if !known.is_of_one_version(ring) && !is_own_wish {
        Some("nodes of two versions are running: it is made when all are of one")
    } else if target.members.iter().any(|member| !known.is_there(member.seat())) {
        Some("a member is down: it is made when that is back, or evicted")
    } else if target.members.iter().all(|member| member.weight == 0) {
        Some("nobody would be left to own anything")
    } else {
        None
    }
}

/// Whether a node may stop: it is no member, and enough of those who are know it to go on without
/// it; or it does not want to be one and was never let in.
#[must_use]
pub fn has_left(ring: Option<&Ring>, known: &Known) -> bool {
    let own = known.own();
    // Who decided that it is out may have been this node, and nobody else may know yet.
    let do_others_know = |ring: &Ring| {
        let knows =
            |seat: &&Seat| known.standing(**seat).is_some_and(|it| it.epoch >= ring.epoch());
        ring.voters().iter().filter(knows).count() > ring.voters().len() / 2
    };
    own.wants == Wants::Leave
        && own.strays == 0
        && ring.is_none_or(|ring| ring.member(own.member.seat()).is_none() && do_others_know(ring))
}
