//! No strays: in the end every record lies on the owners of its partition, and nowhere else.
//!
//! That the owners all hold the same is for [`crate::check::convergence`] to say. Who handed a
//! partition over must have let go of it, and who never owned it must not have kept what it was
//! sent.

use peer_ring_core::id::PartitionId;

use crate::check::Violation;
use crate::world::{NodeIndex, World};

/// The name of this checker.
pub const NAME: &str = "strays";

/// Whether nobody holds a record of a partition that is others'.
///
/// # Errors
/// The first node that does, and of which partition.
pub fn check(world: &World) -> Result<(), Violation> {
    let Some(ring) = world.ring() else {
        return Ok(());
    };
    world.up().try_for_each(|node| {
        world.held(node).try_for_each(|(partition, records)| {
            let mut owners = ring.owners(partition, ring.replicas()).iter();
            let is_owner = owners.any(|seat| world.index_of(*seat) == node);
            verdict(node, partition, records, is_owner)
        })
    })
}

fn verdict(
    node: NodeIndex,
    partition: PartitionId,
    records: u64,
    is_owner: bool,
) -> Result<(), Violation> {
    if is_owner || records == 0 {
        return Ok(());
    }
    let text = format!("{node} holds {records} records of partition {partition}, which is others'");
    Err(Violation::new(NAME, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_left_behind_is_reported() {
        let verdict = |records, is_owner| verdict(NodeIndex(1), PartitionId(3), records, is_owner);
        assert_eq!((verdict(2, true), verdict(0, false)), (Ok(()), Ok(())));
        let text = verdict(2, false).unwrap_err().text;
        assert!(text.starts_with("n2 holds 2 records of partition 3"), "{text}");
    }
}
