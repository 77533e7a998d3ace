//! Schedules: a plan as a text that people read, edit, keep, and carry out again.
//!
//! ```text
//! peer-ring schedule 2
//! # A line that begins with a hash sign is for people.
//! app kv n=3 r=2 w=2 last-write-wins
//! seed 4711
//! cluster 3 nodes 3 replicas 1 shards
//! latency 100us to 600us and 1% 600us to 6ms
//! patience 300ms then 400ms
//! rise 3
//! heal at 8.2s
//! fault #4 at 1.25s for 300ms partition n1 | n2 n3
//! call #12 client 2 at 1.304512s at n3 put key-1
//! found correctness lost write
//! ```
//!
//! # Grammar, version 2
//!
//! The first line names the version. Then comes one item a line, in any order; blank lines and
//! comments go anywhere. Times are spans since the world began (`1.5s`, `300ms`, `20us`, `7ns`),
//! nodes are `n1`, `n2` and so on, chances are percents.
//!
//! | line | how often | what it says |
//! |---|---|---|
//! | `app NAME SETTINGS` | once | the app, and whatever it has to be told |
//! | `seed N` | once | what all randomness is keyed by |
//! | `cluster N nodes N replicas N shards` | once | the sizes |
//! | `latency SPAN to SPAN and CHANCE SPAN to SPAN` | at most once | how long a message takes; and how long those do, of which there are so many, that take longer |
//! | `patience SPAN then SPAN` | at most once | the deadline of a call; when its client gives up |
//! | `rise N` | at most once | how many times as likely a message is struck while something rare is under way |
//! | `heal at SPAN` | once | when all faults are over |
//! | `strategy NAME` | at most once | how partitions are placed on nodes; `balanced` without it |
//! | `room N` | at most once | how many commands a coordinator takes at once |
//! | `spares NODE ...` | at most once | which nodes come later, if at all; the others found the cluster |
//! | `discovery [by SOURCE] within SPAN` | at most once | how nodes find each other: by `static`, as without the line, `dns`, `swim`, `etcd`, `zookeeper` or `kubernetes`; and how long a word of that takes at most |
//! | `disks SPAN to SPAN` | at most once | nodes keep what they voted for, and how long that takes; they have nothing to keep it on without it |
//! | `steward settles in SPAN patience SPAN evicts after SPAN` | at most once | when the ring changes; it may also say `evicts never` |
//! | `transfers N pages N B/s` | at most once | how much a node moves at once and in a second |
//! | `wire NODE N to N` | once a node | which versions of the wire it speaks at first; all of them without it |
//! | `switch NAME CHANCE` | any | a rare branch of the actors is taken for no reason, until the heal |
//! | `fault #ID at SPAN [during ERRAND] for SPAN KIND ...` | any | something goes wrong, then or as soon after as nodes are about such an errand (`write`, `forward`, `repair`, `fill`, `propose`, `move`, `sync`, `settle`, `drain`); each kind has words of its own |
//! | `call #ID client N at SPAN at NODE ...` | any | a client asks; the words are the app's |
//! | `found CLASS CHECKER` | at most once | what the run is known to break; without it, nothing |
//!
//! In version 1 there was no `wire`: every node of such a file speaks version 1 of it.
//!
//! Faults and clients draw from streams keyed by their ids, so any line can be taken out without
//! changing what the others do. A file of an older version stays readable for ever; its version is
//! raised when a line gets another meaning, or a missing one does.

mod cluster;
mod read;
pub mod span;
pub mod words;
mod write;

use crate::check::Class;
use crate::plan::Plan;
use crate::subject::Subject;

pub use read::{Mistake, app_of, read};
pub use write::write;

/// The version that is written. All up to it are read.
pub const VERSION: u32 = 2;

/// A plan, and what came of it when it was written down.
pub struct Schedule<S: Subject> {
    /// What is to be carried out.
    pub plan: Plan<S>,
    /// What it is known to break.
    pub found: Option<Found>,
}

/// What a run is known to break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which sort of promise.
    pub class: Class,
    /// Which checker says so.
    pub checker: String,
}

#[cfg(test)]
mod tests;
