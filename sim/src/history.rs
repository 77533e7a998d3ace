//! The history of a run: what the clients asked, and what came of it.
//!
//! It is all that most checkers see, as it is all that clients see. An operation has a definite
//! outcome or none: who was not answered, or was told that the write may have happened, does not
//! know, and the write may take effect at any time after it was asked for, or never.

use peer_ring_core::actor::Wall;
use peer_ring_core::failure::Failure;
use peer_ring_core::record::Version;

use crate::time::Moment;
use crate::world::NodeIndex;

/// What the clients of a run did and saw, in the order in which they asked.
#[derive(Clone, Debug, Default)]
pub struct History(Vec<Operation>);

/// One operation of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which client.
    pub client: u32,
    /// Which node it asked.
    pub node: NodeIndex,
    /// On which key.
    pub key: u32,
    /// What it asked.
    pub call: Call,
    /// When it asked.
    pub invoked: Moment,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a client asks. Every value is written once, so that a value read says which write it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Reads the key.
    Get,
    /// Writes a value.
    Put {
        /// Which.
        value: u64,
        /// When it expires, on the clock of the node that was asked.
        expires: Option<Wall>,
    },
    /// Deletes the key.
    Delete,
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody knows: there is no answer yet, or there will never be one.
    Unknown,
    /// It was done.
    Done(Done),
    /// It was not done, and will not be.
    Failed {
        /// When the client was told.
        returned: Moment,
        /// Why; `None` when there was nobody to be asked.
        failure: Option<Failure>,
    },
}

/// The answer to an operation that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// When the client was answered.
    pub returned: Moment,
    /// The latest time that any wall clock had shown by then.
    pub latest_wall: Wall,
    /// The earliest time that any wall clock showed while the operation was under way.
    pub earliest_wall: Wall,
    /// What a [`Call::Get`] found.
    pub found: Option<u64>,
    /// The version of what was found or written.
    pub version: Version,
}

impl History {
    /// Adds an operation, and gives it its number.
    pub fn begin(&mut self, operation: Operation) -> usize {
        self.0.push(operation);
        self.0.len() - 1
    }

    /// Says what came of an operation, unless that was said before. Whether it was not.
    pub fn end(&mut self, number: usize, outcome: Outcome) -> bool {
        let operation = &mut self.0[number];
        let is_first = operation.outcome == Outcome::Unknown;
        if is_first {
            operation.outcome = outcome;
        }
        is_first
    }

    /// The operation with this number.
    #[must_use]
    pub fn get(&self, number: usize) -> &Operation {
        &self.0[number]
    }

    /// All operations in the order in which they were asked for.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.0
    }
}

impl Operation {
    /// The answer, if it was done.
    #[must_use]
    pub fn done(&self) -> Option<&Done> {
        match &self.outcome {
            Outcome::Done(done) => Some(done),
            Outcome::Unknown | Outcome::Failed { .. } => None,
        }
    }

    /// Whether it may have taken effect, or may still do so.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        !matches!(self.outcome, Outcome::Failed { .. })
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client, node, key, call, invoked, outcome } = self;
        write!(f, "client {client} at {node}, key {key}: ")?;
        match call {
            Call::Get => write!(f, "get")?,
            Call::Put { value, expires: None } => write!(f, "put {value}")?,
            Call::Put { value, expires: Some(wall) } => write!(f, "put {value} until {}", wall.0)?,
            Call::Delete => write!(f, "delete")?,
        }
        write!(f, ", asked at {} (#{})", invoked.at, invoked.event)?;
        match outcome {
            Outcome::Unknown => write!(f, ", outcome unknown"),
            Outcome::Done(done) => {
                if *call == Call::Get {
                    match done.found {
                        Some(value) => write!(f, ", found {value}")?,
                        None => write!(f, ", found nothing")?,
                    }
                }
                let (stamp, node) = (done.version.stamp.0, done.version.node);
                write!(f, ", version {stamp:x}/{node}")?;
                write!(f, ", done at {} (#{})", done.returned.at, done.returned.event)
            }
            Outcome::Failed { returned, failure: Some(failure) } => {
                write!(f, ", refused at {}: {failure}", returned.at)
            }
            Outcome::Failed { failure: None, .. } => write!(f, ", nobody there"),
        }
    }
}
