//! The story of a run: who said what to whom, what went wrong meanwhile, and what clients saw.
//!
//! It is plain data, for people: [`crate::diagram`] draws it. A world that was told to
//! ([`World::record`](crate::world::World::record)) writes it down while it goes on; recording
//! changes nothing of what happens. Whoever drives the world then says what only it knows: which
//! client asked what, which promise was broken, and which operations are to blame.
//!
//! What a message was sent *for* is followed from cause to effect: whatever a node sends in the
//! turn in which it handles a message or a question was sent for the sake of that.

mod label;
mod of_run;
pub(crate) mod recorder;
mod simulation;
pub mod words;

use std::collections::BTreeSet;

use peer_ring_core::peer::Lane;

pub use words::{AppWords, KvWords, Words};

use crate::time::Time;
use crate::world::NodeIndex;

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The names of the nodes, by number.
    pub nodes: Vec<String>,
    /// What nodes said to each other, in the order in which they said it.
    pub messages: Vec<Message>,
    /// What lasted for a while.
    pub spans: Vec<Span>,
    /// What was asked of the nodes, in the order in which it was asked.
    pub operations: Vec<Operation>,
    /// The promise that was broken, if any was.
    pub violation: Option<Violation>,
    /// When the story ends.
    pub end: Time,
}

/// Something that a node said to another, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub from: NodeIndex,
    /// To whom.
    pub to: NodeIndex,
    /// Over which of the two links between them.
    pub lane: Lane,
    /// What, in a few words.
    pub label: String,
    /// What, in full.
    pub detail: String,
    /// Which operation it was said for, by its id, if it was for one.
    pub cause: Option<u64>,
    /// Which partition it is about, if it is about one.
    pub partition: Option<u16>,
    /// Whether it only asks or says that a node is there.
    pub is_chatter: bool,
    /// When it was said.
    pub sent: Time,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It did not leave its node, for the link did not stand.
    Unsent,
    /// It was lost on its way.
    Lost,
    /// It arrived.
    Arrived {
        /// When; more than one time if it was duplicated.
        arrivals: Vec<Arrival>,
        /// Whether it took longer than any message does while nothing is wrong.
        is_late: bool,
    },
}

/// One arrival of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Time,
    /// What the receiver did with it.
    pub reception: Reception,
}

/// What a receiver did with a message that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// The story ends before it did anything.
    Pending,
    /// It handled it, perhaps later, if it was paused.
    Handled(Time),
    /// It dropped it: it was sent over a link that is no more, or to a node that is down.
    Dropped,
}

/// Something that lasted for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What.
    pub kind: SpanKind,
    /// More of it, in words.
    pub text: String,
    /// Since when.
    pub begin: Time,
    /// Until when; `None` if the story ends before it.
    pub end: Option<Time>,
}

/// What lasts for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// A node is down.
    Down(NodeIndex),
    /// A node does nothing.
    Paused(NodeIndex),
    /// A fault is there, with this id.
    Fault(u32),
    /// Something happened to a node at one moment.
    Moment(NodeIndex),
}

/// Something that was asked of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The number under which its caller waited.
    pub id: u64,
    /// Who asked, if that is known.
    pub client: Option<String>,
    /// Which node was asked.
    pub node: NodeIndex,
    /// The position of the key that it is about.
    pub key: u64,
    /// What was asked.
    pub text: String,
    /// When.
    pub invoked: Time,
    /// When the caller was answered, or ceased to wait.
    pub returned: Option<Time>,
    /// What came of it.
    pub outcome: Outcome,
    /// What was answered.
    pub answer: String,
    /// Whether the violation speaks of it.
    pub is_guilty: bool,
}

/// What came of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was surely not done.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of what sort.
    pub class: String,
    /// Which checker says so.
    pub checker: String,
    /// What it saw.
    pub text: String,
    /// When it came to light.
    pub at: Time,
    /// The positions of the keys that it is about, as far as they are known.
    pub keys: BTreeSet<u64>,
}

impl Story {
    /// Says which promise was broken, in whose eyes, and which operations are to blame.
    ///
    /// It came to light when the last of them was answered, or at the end if none is named.
    pub fn accuse(
        &mut self,
        class: &str,
        checker: &str,
        text: &str,
        guilty: impl IntoIterator<Item = u64>,
    ) {
        let guilty: Vec<u64> = guilty.into_iter().collect();
        let (mut at, mut keys) = (None, BTreeSet::new());
        for operation in &mut self.operations {
            if guilty.contains(&operation.id) {
                operation.is_guilty = true;
                keys.insert(operation.key);
                at = at.max(Some(operation.returned.unwrap_or(operation.invoked)));
            }
        }
        self.violation = Some(Violation {
            class: class.to_owned(),
            checker: checker.to_owned(),
            text: text.to_owned(),
            at: at.unwrap_or(self.end),
            keys,
        });
    }

    /// The operation with this id.
    pub fn operation_mut(&mut self, id: u64) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|operation| operation.id == id)
    }

    /// The name of a node.
    #[must_use]
    pub fn name(&self, node: NodeIndex) -> String {
        self.nodes.get(node.at()).cloned().unwrap_or_else(|| node.to_string())
    }
}

impl Message {
    /// When it was sent or last arrived.
    #[must_use]
    pub fn last_at(&self) -> Time {
        match &self.fate {
            Fate::Unsent | Fate::Lost => self.sent,
            Fate::Arrived { arrivals, .. } => {
                arrivals.iter().map(|arrival| arrival.at).fold(self.sent, Time::max)
            }
        }
    }
}

impl Span {
    /// Whether it is there at some time from `from` to `to`.
    #[must_use]
    pub fn meets(&self, from: Time, to: Time) -> bool {
        self.begin <= to && self.end.is_none_or(|end| end >= from)
    }
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}
