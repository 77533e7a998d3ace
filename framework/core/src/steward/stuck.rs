//! Why no ring can be decided, and what an operator can order, when that may not mend itself.

use thiserror::Error;

use crate::id::{Epoch, NodeName};
use crate::ring::{Member, Ring};
use crate::steward::Known;

/// Why no ring can be decided as it is. The text says what is waited for, and what to order if it
/// never comes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stuck {
    /// Some have accepted a first ring, and these have not answered, whom it names: they may know
    /// it to be decided.
    #[error(
        "the cluster cannot be founded: it was about to be with {0}, who {verb} not there; that is \
         waited for, and if {0} {verb} gone for good, `{order}` at one node founds it without",
        names(.silent),
        verb = is_or_are(.silent),
        order = order(.silent)
    )]
    Founding {
        /// Their names, in order.
        silent: Vec<NodeName>,
    },
    /// No more than half of those whom discovery names are there. The others may have a ring.
    #[error(
        "no cluster is founded: discovery names {0}, who {verb} not there and may have a ring, and \
         more than half of those whom it names must be; only if {0} {verb} gone for good, and not \
         cut off, `{order}` at one node founds a cluster without",
        names(.silent),
        verb = is_or_are(.silent),
        order = order(.silent)
    )]
    Outnumbered {
        /// How many are there.
        founders: usize,
        /// The names of the others, in order.
        silent: Vec<NodeName>,
    },
    /// Too few voters are left to decide the next ring.
    #[error(
        "ring {epoch} cannot change, since too few of its {voters} voters are left:{}{}; {}",
        says(.away, "not there"),
        says(.lost, "back without what it voted for"),
        remedy(*.returns_help, .away, .lost)
    )]
    Voters {
        /// The ring.
        epoch: Epoch,
        /// How many voters it has.
        voters: usize,
        /// Those that are not there.
        away: Vec<NodeName>,
        /// Those on whose seats other nodes are, who do not know what was voted for.
        lost: Vec<NodeName>,
        /// Whether it mends itself when those who are away come back as they were.
        returns_help: bool,
    },
}

impl Stuck {
    /// Why the ring after `ring` cannot be decided; `None` when it can.
    #[must_use]
    pub fn of(ring: &Ring, known: &Known) -> Option<Self> {
        let voters = ring.voters().iter().filter_map(|seat| ring.member(*seat));
        let (mut away, mut lost) = (Vec::new(), Vec::new());
        for Member { name, vote, .. } in voters {
            match known.present(name.seat()) {
                Some(standing) if standing.member.vote == *vote => {}
                Some(_) => lost.push(name.clone()),
                None => away.push(name.clone()),
            }
        }
        let count = ring.voters().len();
        let left = count - away.len() - lost.len();
        let decide = |left: usize, away: usize| {
            left * 2 > count || away == 0 && left > 0 && lost.len() * 2 <= count
        };
        if decide(left, away.len()) {
            return None;
        }
        let returns_help = !away.is_empty() && decide(left + away.len(), 0);
        away.sort_unstable();
        lost.sort_unstable();
        Some(Self::Voters { epoch: ring.epoch(), voters: count, away, lost, returns_help })
    }
}

fn remedy(returns_help: bool, away: &[NodeName], lost: &[NodeName]) -> String {
    let mut all: Vec<_> = away.iter().chain(lost).cloned().collect();
    all.sort_unstable();
    let order = order(&all);
    if returns_help {
        let (who, verb) = (names(away), is_or_are(away));
        return format!(
            "it can again when {who} {verb} back; only if {who} {verb} gone for good, and not cut \
             off, `{order}` at one node goes on without"
        );
    }
    format!("`{order}` at one node goes on without what they knew")
}

/// What an operator orders to go on without `lost`.
fn order(lost: &[NodeName]) -> String {
    let lost: Vec<_> = lost.iter().map(NodeName::as_str).collect();
    format!("peer-ring ring recover --lost {}", lost.join(" "))
}

fn says(who: &[NodeName], what: &str) -> String {
    if who.is_empty() {
        String::new()
    } else {
        format!(" {} {} {what}", names(who), is_or_are(who))
    }
}

fn names(who: &[NodeName]) -> String {
    who.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" and ")
}

fn is_or_are(who: &[NodeName]) -> &'static str {
    if who.len() == 1 { "is" } else { "are" }
}
