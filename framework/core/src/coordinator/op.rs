//! One command under way, and the stages it passes through.
//!
//! A **read** asks as many replicas as must answer and turns to spare ones when those are late or
//! refuse; when the answers differ it becomes a **repair** first. A **write** is at all replicas at
//! once. A command of the **owner** is **led** here and then **replicated**, and so is a write that
//! met something newer, with a later stamp. What another node owns is **forwarded**. Whatever fails
//! because the ring is changing is **parked**, and tried again.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::actor::Instant;
use crate::app::Plan;
use crate::failure::Failure;
use crate::id::{AppId, CallerId, Epoch, PartitionId, RequestId, Seat};
use crate::key::Key;
use crate::peer::{Entry, Refusal};
use crate::quorum::{Quorums, Replicas, Tally};
use crate::record::{Record, Version};

/// Who waits for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// A caller on this node.
    Caller(CallerId),
    /// A peer that forwarded the command under this id.
    Peer(Seat, RequestId),
}

/// A command under way.
#[derive(Debug)]
pub struct Op {
    pub client: Client,
    pub app: AppId,
    pub key: Key,
    pub partition: PartitionId,
    pub plan: Plan,
    pub command: Bytes,
    pub deadline: Instant,
    /// The owners that it is for, and then those who are to own the partition and do not yet.
    pub replicas: SmallVec<[Seat; 4]>,
    /// Which of them must answer.
    pub quorums: Quorums,
    /// Since when the partition is laid out so. The wiring gives it to every request, so an attempt
    /// asks nobody any more when the ring says something else.
    pub since: Epoch,
    /// Which of the replicas runs commands of the owner.
    pub primary: u8,
    /// Whether some replica may keep what this command writes.
    pub is_maybe_written: bool,
    /// Whether others may have been primary since this node led it.
    pub is_interrupted: bool,
    /// What the last of those said that refused it.
    pub refusal: Option<Refusal>,
    /// Who refused this attempt because of the ring, and may not the next.
    pub turned_away: Replicas,
    /// Whether it ever waited for another ring.
    pub was_parked: bool,
    /// How long it was parked the last time under this ring.
    pub pause: Duration,
    pub stage: Stage,
}

/// Where a command stands.
#[derive(Debug)]
pub enum Stage {
    /// Answers of a read are coming in.
    Read(Read),
    /// Stale replicas are brought up to date before the reader is answered.
    Repair(Repair),
    /// Acknowledgements of a write are coming in.
    Write(Write),
    /// The command waits for its turn at this node's replica, which leads it.
    Lead,
    /// The other replicas get what the leading one wrote.
    Replicate(Replicate),
    /// An owner does it.
    Forward(Forward),
    /// It waits for another ring, or for a moment.
    Parked(Parked),
}

#[derive(Debug)]
pub struct Answer {
    pub replica: u8,
    pub reply: Bytes,
    pub seen: Bytes,
}

#[derive(Debug)]
pub struct Read {
    pub tally: Tally,
    /// Who was asked, and when.
    pub asked: SmallVec<[(u8, Instant); 3]>,
    pub answers: SmallVec<[Answer; 3]>,
    pub late_at: Option<Instant>,
}

/// A replica that answered with something older under a key than another replica did.
#[derive(Debug)]
pub struct Stale {
    pub replica: u8,
    pub key: Bytes,
    /// The replica that has the newest.
    pub source: u8,
}

#[derive(Debug)]
pub struct Repair {
    /// What the reader gets; `None` when no replica held all, so that all must be asked again.
    pub reply: Option<Bytes>,
    pub stale: Vec<Stale>,
    /// Replicas that were asked for what others lack and have not answered.
    pub fetching: Replicas,
    pub fetched: BTreeMap<Bytes, Record>,
    /// Replicas that were sent what they lack and have not answered.
    pub applying: Replicas,
    /// Who of those that answered the read is known to be up to date.
    pub tally: Tally,
}

#[derive(Debug)]
pub struct Write {
    pub stamp: Version,
    pub tally: Tally,
    pub answers: SmallVec<[Answer; 3]>,
    pub newest: Version,
    pub sent_at: Instant,
}

#[derive(Debug)]
pub struct Replicate {
    pub tally: Tally,
    pub reply: Bytes,
    /// What the leading replica wrote, and what it read.
    pub records: Vec<Entry>,
    /// Whether it wrote any of that.
    pub has_written: bool,
}

#[derive(Debug)]
pub struct Forward {
    pub to: u8,
    pub tried: Replicas,
}

#[derive(Debug)]
pub struct Parked {
    pub again: Again,
    /// Why the last attempt failed.
    pub failure: Failure,
    /// When to try again, if the ring does not change before.
    pub at: Instant,
}

/// How a command is tried again.
#[derive(Debug)]
pub enum Again {
    /// From its beginning, wherever it now belongs.
    Start,
    /// The same write, so that whoever took it before has nothing more to do.
    Write(Version),
    /// The same records, and the same reply.
    Replicate { records: Vec<Entry>, reply: Bytes },
}

/// Whether another ring, at the one that refused or at this node, may make it do the same.
pub fn is_about_the_ring(refusal: Refusal) -> bool {
    match refusal {
        Refusal::NotOwner
        | Refusal::WrongEpoch
        | Refusal::Behind
        | Refusal::NotPrimary
        | Refusal::NotReady => true,
        Refusal::Blank | Refusal::Overloaded | Refusal::UnknownApp | Refusal::BadCommand => false,
    }
}

/// Whether who refused so may do it nevertheless, or may have done it, if the network delivers a
/// request twice: what it knows of the ring changes from the one time to the other.
fn may_be_done_all_the_same(refusal: Refusal) -> bool {
    match refusal {
        Refusal::WrongEpoch | Refusal::Behind | Refusal::NotReady => true,
        Refusal::NotOwner
        | Refusal::NotPrimary
        | Refusal::Blank
        | Refusal::Overloaded
        | Refusal::UnknownApp
        | Refusal::BadCommand => false,
    }
}

impl Op {
    /// When something is to be done for it although nobody answers.
    pub fn due(&self) -> Instant {
        match &self.stage {
            Stage::Read(Read { late_at: Some(at), .. }) | Stage::Parked(Parked { at, .. }) => {
                self.deadline.min(*at)
            }
            Stage::Read(_)
            | Stage::Repair(_)
            | Stage::Write(_)
            | Stage::Lead
            | Stage::Replicate(_)
            | Stage::Forward(_) => self.deadline,
        }
    }

    /// Whether it waits for another ring, or for a moment.
    pub fn is_parked(&self) -> bool {
        matches!(self.stage, Stage::Parked(_))
    }

    /// The index of `seat` among the command's replicas.
    pub fn index_of(&self, seat: Seat) -> Option<u8> {
        let at = self.replicas.iter().position(|replica| *replica == seat)?;
        u8::try_from(at).ok()
    }

    /// Some replica that is waited for, this one if it is; a mistake that is planted needs it.
    pub fn anybody(&self, index: u8) -> u8 {
        if self.waits_for(index) {
            return index;
        }
        self.quorums.all().iter().find(|other| self.waits_for(*other)).unwrap_or(index)
    }

    /// Whether the replica or owner with this index was asked something and has not answered.
    pub fn waits_for(&self, index: u8) -> bool {
        match &self.stage {
            Stage::Read(read) => read.asked_at(index).is_some() && read.tally.is_open(index),
            Stage::Repair(repair) => {
                repair.fetching.contains(index) || repair.applying.contains(index)
            }
            Stage::Write(Write { tally, .. }) | Stage::Replicate(Replicate { tally, .. }) => {
                tally.is_open(index)
            }
            Stage::Forward(forward) => forward.to == index,
            Stage::Lead | Stage::Parked(_) => false,
        }
    }

    /// How many replicas acknowledged so far, and how many must.
    pub fn progress(&self) -> (u8, u8) {
        match &self.stage {
            Stage::Read(Read { tally, .. })
            | Stage::Repair(Repair { tally, .. })
            | Stage::Write(Write { tally, .. })
            | Stage::Replicate(Replicate { tally, .. }) => (tally.acked(), tally.wanted()),
            Stage::Lead | Stage::Forward(_) | Stage::Parked(_) => (0, self.quorums.wanted()),
        }
    }

    /// Where the replica with this index is.
    pub fn seat(&self, index: u8) -> Seat {
        self.replicas[usize::from(index)]
    }

    /// Who of its replicas are owners.
    pub fn owners(&self) -> &[Seat] {
        &self.replicas[..usize::from(self.quorums.of_owners().count())]
    }

    /// What some replica has replied to a write; a mistake that is planted needs it.
    pub fn reply_so_far(&self) -> Option<Bytes> {
        match &self.stage {
            Stage::Write(write) => write.answers.first().map(|answer| answer.reply.clone()),
            Stage::Replicate(replicate) => Some(replicate.reply.clone()),
            Stage::Read(_)
            | Stage::Repair(_)
            | Stage::Lead
            | Stage::Forward(_)
            | Stage::Parked(_) => None,
        }
    }

    /// The failure of a command that nobody finished in time.
    pub fn timed_out(&self) -> Failure {
        let (acked, wanted) = self.progress();
        match &self.stage {
            Stage::Parked(parked) => parked.failure.clone(),
            Stage::Replicate(Replicate { has_written: false, .. }) => {
                Failure::TimedOut { acked, wanted, may_have_happened: self.is_maybe_written }
            }
            Stage::Read(_)
            | Stage::Repair(_)
            | Stage::Write(_)
            | Stage::Lead
            | Stage::Replicate(_)
            | Stage::Forward(_) => {
                Failure::TimedOut { acked, wanted, may_have_happened: self.plan.writes() }
            }
        }
    }

    /// The failure of a command whose last attempt failed so: an earlier one may have left
    /// something behind, of which those that the last one asked know nothing.
    pub fn failed_at_last(&self, last: Failure) -> Failure {
        let may_have_happened = self.plan.writes() && self.is_maybe_written;
        match last {
            _ if !may_have_happened || last.may_have_happened() => last,
            Failure::QuorumNotMet { acked, wanted, .. } => {
                Failure::QuorumNotMet { acked, wanted, may_have_happened }
            }
            Failure::WrongEpoch { .. } => Failure::WrongEpoch { may_have_happened },
            // It would say that nothing has happened.
            _ => {
                let (acked, wanted) = self.progress();
                Failure::TimedOut { acked, wanted, may_have_happened }
            }
        }
    }

    /// Takes note that the replica or owner with this index refused.
    pub fn refused_by(&mut self, index: u8, refusal: Refusal) {
        self.refusal = Some(refusal);
        if is_about_the_ring(refusal) {
            self.turned_away.insert(index);
        }
        let writes = match &self.stage {
            Stage::Write(_) => true,
            Stage::Replicate(replicate) => replicate.has_written,
            // What is forwarded is sent once, so who refuses it does not do it.
            Stage::Forward(_) => false,
            Stage::Read(_) | Stage::Repair(_) | Stage::Lead | Stage::Parked(_) => false,
        };
        self.is_maybe_written |= writes && may_be_done_all_the_same(refusal);
    }

    /// The failure of a command whose quorum cannot be had; `is_open` when a replica that was
    /// asked to write has not said what it did.
    pub fn not_met(&self, is_open: bool) -> Failure {
        let (acked, wanted) = self.progress();
        let may_have_happened = self.plan.writes() && (self.is_maybe_written || is_open);
        match self.refusal {
            Some(refusal @ (Refusal::BadCommand | Refusal::UnknownApp))
                if acked == 0 && !may_have_happened =>
            {
                self.refused(refusal)
            }
            Some(_) | None => Failure::QuorumNotMet { acked, wanted, may_have_happened },
        }
    }

    /// The failure of a command that everybody who could have run it refused.
    pub fn refused(&self, refusal: Refusal) -> Failure {
        match refusal {
            Refusal::Blank => Failure::PrimaryBlank { partition: self.partition.0 },
            Refusal::UnknownApp => Failure::UnknownApp { app: self.app.0 },
            Refusal::BadCommand => Failure::BadCommand,
            Refusal::Overloaded => Failure::Overloaded,
            Refusal::NotReady => Failure::NotReady,
            Refusal::NotOwner | Refusal::NotPrimary | Refusal::WrongEpoch | Refusal::Behind => {
                Failure::WrongEpoch { may_have_happened: false }
            }
        }
    }
}

impl Read {
    /// When the replica with this index was asked, if it was.
    pub fn asked_at(&self, index: u8) -> Option<Instant> {
        self.asked.iter().find(|(asked, _)| *asked == index).map(|(_, at)| *at)
    }
}
