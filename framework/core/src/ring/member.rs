//! Who is in a ring.

use std::sync::Arc;

use crate::id::{NodeId, NodeName, Seat};

/// Who may hold partitions, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name of its seat.
    pub name: NodeName,
    /// Where it stands: owners of a partition are spread over zones while there are enough.
    pub zone: Option<Arc<str>>,
    /// Its share of partitions in proportion to the others'; zero owns nothing.
    pub weight: u32,
    /// The identity of its data. Who bears the name without it is not believed to have any.
    pub id: NodeId,
    /// The identity of its memory of what it voted for.
    pub vote: NodeId,
    /// Where peers last reached it: `host:port`; empty when nobody has said.
    pub address: Arc<str>,
    /// Whether it comes or goes.
    pub tenure: Tenure,
}

/// Whether a member comes or goes.
///
/// Who joins is **joining** while partitions move to it, and a **member** when they are there. Who
/// leaves is **leaving** until all that it owned is elsewhere, and then out of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenure {
    /// It is and stays a member.
    #[default]
    Member,
    /// Partitions are being moved to it.
    Joining,
    /// Its partitions are being moved elsewhere.
    Leaving,
}

impl Tenure {
    /// The tenure as a lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Joining => "joining",
            Self::Leaving => "leaving",
        }
    }
}

impl Member {
    /// A member of weight 1 without a zone, of which no more is known.
    #[must_use]
    pub fn new(name: NodeName) -> Self {
        Self {
            name,
            zone: None,
            weight: 1,
            id: NodeId::default(),
            vote: NodeId::default(),
            address: "".into(),
            tenure: Tenure::Member,
        }
    }

    /// Its seat.
    #[must_use]
    pub fn seat(&self) -> Seat {
        self.name.seat()
    }
}
