//! All bugs, those first that came with the design, then the others by where they are made.

use super::Bug;

/// A bug that can be made.
const fn bug(name: &'static str, what: &'static str, checkers: &'static [&'static str]) -> Bug {
    Bug { name, what, checkers, waits_for: None }
}

/// A bug in a feature that does not exist yet.
const fn waiting(
    name: &'static str,
    what: &'static str,
    checkers: &'static [&'static str],
    feature: &'static str,
) -> Bug {
    Bug { name, what, checkers, waits_for: Some(feature) }
}

const SIBLINGS: &str = "siblings";
const HINTS: &str = "hinted handoff";
const COLLECTION: &str = "the removal of tombstones";
const REGISTERS: &str = "linearizable registers";

/// What a write that is not where it should be is noticed by.
const LOST: &[&str] =
    &["durable", "kept", "lost write", "linearizable", "session", "resurrection", "convergence"];
/// What a write is noticed by that somebody keeps whose it is not any more: it is missed where it
/// should be, or nobody comes to take it away.
const LEFT_BEHIND: &[&str] = &[
    "durable",
    "kept",
    "lost write",
    "linearizable",
    "session",
    "resurrection",
    "convergence",
    "strays",
    "liveness",
];
/// What a read that shows too little, or too much, is noticed by.
const READ: &[&str] =
    &["durable", "lost write", "linearizable", "session", "resurrection", "convergence", "expired"];
/// What a cluster that does not become whole is noticed by.
const STUCK: &[&str] = &["liveness"];

/// What a frame that is not what was sent is noticed by.
const DAMAGED: &[&str] = &[
    "panic",
    "durable",
    "lost write",
    "linearizable",
    "session",
    "resurrection",
    "convergence",
    "expired",
    "liveness",
];

/// Every planted bug.
pub const BUGS: &[Bug] = &[
    waiting(
        "m01",
        "siblings are merged by wall-clock time, and the losers dropped",
        LOST,
        SIBLINGS,
    ),
    bug("m02", "equal timestamps are decided by the order of arrival", LOST),
    waiting("m03", "a hint is dropped when its target is being replaced", LOST, HINTS),
    waiting("m04", "a hint is deleted when it is sent, not when it is acknowledged", LOST, HINTS),
    waiting("m05", "a hint counts towards a strict quorum", &["session"], HINTS),
    waiting("m06", "a tombstone goes when the reachable owners have it", LOST, COLLECTION),
    waiting(
        "m07",
        "a deleted key comes back with a version vector that starts again",
        LOST,
        SIBLINGS,
    ),
    bug("m08", "a node that lost its disk uses its old id and counters", LOST),
    bug("m09", "the old owner deletes after sending, before the acknowledgement", LOST),
    bug("m10", "a request with an older epoch is accepted by an ex-owner", LEFT_BEHIND),
    waiting("m11", "an acceptor accepts a ballot equal to or lower than promised", LOST, REGISTERS),
    waiting("m12", "a promise is answered before it is on disk", LOST, REGISTERS),
    waiting("m13", "the one-round-trip cache survives a time-out", LOST, REGISTERS),
    waiting("m14", "a piggy-backed promise for the next ballot is not recorded", LOST, REGISTERS),
    waiting("m15", "a new acceptor counts before it has the old ones' state", LOST, REGISTERS),
    waiting("m16", "acceptors are replaced one by one with empty ones", LOST, REGISTERS),
    waiting("m17", "the deletion of a register does not wait for every acceptor", LOST, REGISTERS),
    waiting("m18", "a compare that fails, or a read, skips the accept phase", LOST, REGISTERS),
    waiting("m19", "anti-entropy repairs a register's value but not its ballot", LOST, REGISTERS),
    bug("m20", "a node declared dead cannot refute it", STUCK),
    // Coordinators.
    bug("twice", "a second answer of one replica is counted as another one's", LOST),
    bug(
        "anybody-s-answer",
        "an answer counts for a replica that is still waited for, whoever sent it",
        LOST,
    ),
    bug("time-out-is-success", "a write whose time is up is reported as done", LOST),
    bug("first-answer-read", "a read returns with its first answer", READ),
    bug("no-write-back", "a reader is answered before what it read is held by a quorum", READ),
    bug(
        "repair-older",
        "a read repair writes back the older value",
        &["durable", "lost write", "linearizable", "session", "convergence", "liveness"],
    ),
    bug("not-past-newer", "a write that met something newer is not stamped past it", LOST),
    bug(
        "unanimity-ignored",
        "a write that some of all replicas took is stamped again, and takes effect twice",
        &["linearizable", "liveness"],
    ),
    bug("repaired-by-one", "a reader is answered when one stale replica was repaired", READ),
    bug("never-forgotten", "a command whose time is up stays in the table", &["resources"]),
    // Replicas and their records.
    bug("late-wins", "a record that a peer sends replaces what is held, however old it is", LOST),
    bug("tombstone-is-nothing", "a tombstone is read as if nothing had ever been there", READ),
    bug("expired-served", "a record is served after it has expired", &["expired"]),
    bug("same-stamp", "a clock that does not advance gives the same stamp twice", LOST),
    // Nodes that come back.
    bug("trusted-at-once", "a node that lost its memory is trusted as if it had not", LOST),
    bug("blank-counts", "a blank replica acknowledges what it is asked to write", LOST),
    bug("fill-one-short", "a blank replica is trusted one source too early", LOST),
    bug("one-page-is-all", "a replica that was copied in part is taken for copied", LOST),
    bug("suspect-for-ever", "a suspect node that answers stays suspect", STUCK),
    bug("checksum", "nobody looks whether a frame arrives as it was sent", DAMAGED),
    // Sources of discovery.
    bug("failure-is-last", "dns: who was not answered never asks again", STUCK),
    bug("forgotten-unseen", "dns: who was forgotten is not seen when it is listed again", STUCK),
    bug(
        "gone-goes-on",
        "kubernetes: who has listed once never does again, not even after 410 Gone",
        STUCK,
    ),
    bug(
        "moved-is-lost",
        "kubernetes: a pod that one slice leaves out is taken out of the others",
        STUCK,
    ),
    // Gossip.
    bug("dead-for-ever", "a node that gossip took for dead never says that it lives", STUCK),
    bug("unsigned", "nobody looks whether a datagram of gossip is signed", &["panic"]),
    // Discovery.
    bug("lease-not-renewed", "a lease of etcd that was lost is not granted anew", STUCK),
    bug("watch-one-late", "a watch of etcd begins one revision after the first that is new", STUCK),
    bug("not-registered-again", "in a new session of ZooKeeper nobody registers again", STUCK),
    bug("watch-not-set-again", "on a new connection to ZooKeeper no watch is set again", STUCK),
];
