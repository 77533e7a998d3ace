//! The marks: one for each rare branch, with a name and a sentence.

use std::fmt;

macro_rules! marks {
    ($(#[$reached_doc:meta])* reached { $($mark:ident $name:literal $sentence:literal;)* }
     switched { $($switch:ident $switch_name:literal $switch_sentence:literal;)* }) => {
        $(#[$reached_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mark {
            $(#[doc = $sentence] $mark,)*
            $(#[doc = $switch_sentence] $switch,)*
        }

        impl Mark {
            /// Every mark.
            pub const ALL: &[Self] = &[$(Self::$mark,)* $(Self::$switch,)*];
            /// Those of branches that a simulation may switch on, and that are not taken otherwise.
            pub const SWITCHES: &[Self] = &[$(Self::$switch,)*];

            /// Its name, as in reports and schedules.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$mark => $name,)*
                    $(Self::$switch => $switch_name,)*
                }
            }

            /// What happens there.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$mark => $sentence,)*
                    $(Self::$switch => $switch_sentence,)*
                }
            }
        }
    };
}

marks! {
    /// A rare branch.
    reached {
        // Coordinators.
        AdmissionFull "admission-full" "A command is refused for want of room.";
        SpareRead "spare-read" "A read turns to a spare replica because one is late.";
        ReadFailedOver "read-failed-over" "A read turns to another replica because one failed.";
        ReadOutOfReach "read-out-of-reach" "Too few replicas are left for a read.";
        RepairBegun "repair-begun" "Replicas differ, and the stale ones are brought up to date.";
        RepairFetchedMore "repair-fetched-more" "What a repair fetches does not fit one answer.";
        RepairSourceForgot "repair-source-forgot" "The source of a repair has lost what it had shown.";
        ReadAfterRepair "read-after-repair" "No replica held all that was read, and all are read again.";
        RepairFailed "repair-failed" "A repair loses a replica, and the read fails.";
        WriteAgain "write-again" "A write that met something newer is stamped past it.";
        WriteMetBlank "write-met-blank" "A blank replica keeps a write and does not count.";
        WriteOutOfReach "write-out-of-reach" "Too few replicas are left for a write.";
        LeadBlank "lead-blank" "A blank replica cannot lead a write, which goes to all again.";
        LeadPastHeld "lead-past-held" "A write that is led is stamped past what the replica holds.";
        ReplicationOutOfReach "replication-out-of-reach" "Too few replicas take what was led.";
        ForwardElsewhere "forward-elsewhere" "A forwarded command is tried at another owner.";
        ForwardLost "forward-lost" "A forwarded write is lost, and nobody knows what came of it.";
        ForwardNobody "forward-nobody" "No owner is left to forward a command to.";
        ForwardTwice "forward-twice" "A forwarded command arrives while it is under way.";
        AnswerLate "answer-late" "An answer comes after its command has ended.";
        LinkLostUnderWay "link-lost-under-way" "A link breaks while commands wait for the peer.";
        TimedOut "timed-out" "The time of a command is up.";
        Abandoned "abandoned" "A command is abandoned while it is under way.";
        Parked "parked" "A command that the ring made fail waits to be tried again.";
        ParkedAgain "parked-again" "A command that was tried again fails and waits once more.";
        JointWrite "joint-write" "A write needs its quorum in two layouts.";
        JointRead "joint-read" "A read needs its quorum in two layouts.";
        RetriedWrite "retried-write" "A write is sent again as it was.";
        ReadBegunAnew "read-begun-anew" "The ring changes under a read, which begins anew.";
        DeposedUnderWay "deposed-under-way" "A primary is relieved before what it led is held by enough.";
        WriteOfLaterLayout "write-of-later-layout" "A write meets one of a layout that its node does not know.";
        // Replicas and clocks.
        BlankAsked "blank-asked" "A blank replica is asked and refuses to count.";
        Superseded "superseded" "A replica holds something newer than what it is to write.";
        OlderIgnored "older-ignored" "A record arrives that is older than what is held.";
        NotCredible "not-credible" "A record is refused because nobody can have stamped it so.";
        Swept "swept" "An expired record becomes a tombstone.";
        ClockFarBehind "clock-far-behind" "A stamp is a second or more ahead of the wall clock.";
        // Filling.
        FilledAsNew "filled-as-new" "Replicas take themselves for those of a new cluster.";
        FillPageGivenUp "fill-page-given-up" "A page is given up because its owner is silent.";
        FillPageLost "fill-page-lost" "A page is lost with its link.";
        FillManyPages "fill-many-pages" "A replica is copied in more than one page.";
        // What a new ring brings.
        SealedRefusal "sealed-refusal" "A request is refused because the partition was laid out anew.";
        Joined "joined" "A replica that is to own a partition has copied enough of its owners.";
        JoinVerifiedNews "join-verified-news" "A verifying pass still brings something new.";
        LeadTakenOver "lead-taken-over" "A primary has copied what the one before had acknowledged.";
        SourceBusy "source-busy" "Data is not handed over because clients' commands go first.";
        DrainOffered "drain-offered" "An owner lacks something that a node holds which is none.";
        Drained "drained" "A table is dropped because all owners hold what is in it.";
        DrainStopped "drain-stopped" "A node is to own again what it was about to drop.";
        // Rings.
        ProposedAgain "proposed-again" "A ring is proposed again since too few voters answered.";
        ProposedAnothers "proposed-anothers" "A proposer finds what another one may have decided.";
        LearntLate "learnt-late" "A ring is learnt without those between it and the one before.";
        RingRedirected "ring-redirected" "A move goes on without one of those it was to reach.";
        PrimaryDeposed "primary-deposed" "A primary is down, and others take its place.";
        Evicted "evicted" "A member that was down for too long is left out.";
        // Membership.
        PeerSuspect "peer-suspect" "A peer becomes suspect.";
        PeerDown "peer-down" "A silent peer is taken for down though its link stands.";
        PeerBack "peer-back" "A peer that was suspect or down answers again.";
        AnswerOverDeadLink "answer-over-dead-link" "An answer is heard of a peer whose link broke.";
        Overslept "overslept" "The node itself has not listened for longer than makes suspect.";
    }
    switched {
        RefuseAsIfFull "refuse-as-if-full" "A command is refused as if there were no room.";
        SpareReadAtOnce "spare-read-at-once" "A read asks a spare replica at once.";
        RepairForNothing "repair-for-nothing" "A replica is repaired that lacks nothing.";
        LinkThoughtLost "link-thought-lost" "A link is taken as lost that stands.";
        ReadRefused "read-refused" "A replica refuses to be read, as if it were not ready.";
        PageCutShort "page-cut-short" "An answer of many records ends after the first.";
        PageThrownAway "page-thrown-away" "A page that arrived is taken as lost.";
        SourceThoughtBusy "source-thought-busy" "A node hands no data over, as if it were busy.";
        PeerThoughtSuspect "peer-thought-suspect" "A peer is suspected that answers.";
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_marks_have_one_name() {
        let names: BTreeSet<_> = Mark::ALL.iter().map(|mark| mark.name()).collect();
        assert_eq!(names.len(), Mark::ALL.len());
    }

    #[test]
    fn marks_stand_in_their_own_order() {
        assert!(Mark::ALL.is_sorted());
        assert!(Mark::SWITCHES.iter().all(|mark| Mark::ALL.contains(mark)));
    }

    #[test]
    fn every_mark_says_what_happens() {
        assert!(Mark::ALL.iter().all(|mark| mark.sentence().ends_with('.')));
    }
}
