//! Who a node is when it starts: the same as before only if it still has what it had.

use crate::id::NodeId;

/// What a node kept of who it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The identity of its data.
    pub id: NodeId,
    /// The identity of its memory of what it voted for.
    pub vote: NodeId,
}

/// Who a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The identity of its data.
    pub id: NodeId,
    /// The identity of its memory of what it voted for.
    pub vote: NodeId,
    /// Whether it starts with the records that it had under this identity.
    pub has_records: bool,
}

impl Identity {
    /// Who a node is that kept `kept`, and its records too if `has_records`. Whoever has lost
    /// something is somebody else, `fresh`, there.
    #[must_use]
    pub fn at_start(kept: Option<Kept>, has_records: bool, fresh: Kept) -> Self {
        let vote = kept.unwrap_or(fresh).vote;
        match kept {
            Some(Kept { id, .. }) if has_records || crate::planted!("m08") => {
                Self { id, vote, has_records: true }
            }
            Some(_) | None => Self { id: fresh.id, vote, has_records: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Kept = Kept { id: NodeId(1), vote: NodeId(2) };
    const KEPT: Kept = Kept { id: NodeId(3), vote: NodeId(4) };

    #[test]
    fn a_node_that_lost_its_records_is_not_the_one_that_had_them() {
        let identity = Identity::at_start(Some(KEPT), false, FRESH);
        assert_eq!(identity, Identity { id: FRESH.id, vote: KEPT.vote, has_records: false });
    }

    #[test]
    fn a_node_with_all_that_it_had_is_the_same_again() {
        let identity = Identity::at_start(Some(KEPT), true, FRESH);
        assert_eq!(identity, Identity { id: KEPT.id, vote: KEPT.vote, has_records: true });
        let identity = Identity::at_start(None, false, FRESH);
        assert_eq!(identity, Identity { id: FRESH.id, vote: FRESH.vote, has_records: false });
    }
}
