//! What was healed works again, within a stated time.
//!
//! Faults may make the system unavailable; they may not leave it so. When the last of them is over
//! every node must be up, filled, and known to be alive to all others, within [`WHOLE_WITHIN`].
//! From then on every operation must be done within its deadline.

use std::time::Duration;

use crate::check::Violation;
use crate::history::{Operation, Outcome};
use crate::world::World;

/// The name of this checker.
pub const NAME: &str = "liveness";

/// How long a cluster may take to become whole after the last fault: a connection that hangs
/// (three seconds), the pause before the next one (two), a page that was lost (two), and probes.
pub const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// Whether the cluster is whole, now that it should be.
///
/// # Errors
/// What is missing.
pub fn check_whole(world: &World) -> Result<(), Violation> {
    if world.is_whole() {
        return Ok(());
    }
    let down: Vec<_> = world.nodes().filter(|node| !world.is_up(*node)).collect();
    let text = format!(
        "{WHOLE_WITHIN:?} after the heal: nodes {down:?} are down, {} replicas are blank",
        world.blank()
    );
    Err(Violation::of_liveness(NAME, text))
}

/// Whether every one of these operations was done.
///
/// # Errors
/// The first that was not.
pub fn check_done(operations: &[Operation]) -> Result<(), Violation> {
    let is_done = |operation: &&Operation| matches!(operation.outcome, Outcome::Done(_));
    match operations.iter().find(|operation| !is_done(operation)) {
        None => Ok(()),
        Some(operation) => Err(Violation::of_liveness(
            NAME,
            format!("an operation on a healthy cluster was not done: {operation}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_kv::Kv;

    use super::*;
    use crate::Simulation;
    use crate::check::sample::{done, put, unknown};

    #[test]
    fn a_cluster_with_a_node_down_is_reported() {
        let mut simulation = Simulation::new(1).app(Kv::default());
        assert_eq!(check_whole(simulation.world()), Ok(()));
        simulation.crash("n2");
        let violation = check_whole(simulation.world()).unwrap_err();
        assert_eq!(violation.class, crate::check::Class::Liveness);
        assert!(violation.text.contains("NodeIndex(1)"), "{}", violation.text);
    }

    #[test]
    fn an_operation_that_was_not_done_is_reported() {
        let operations = [done((1, 2), put(1), None, 1), unknown(3, put(2))];
        assert_eq!(check_done(&operations[..1]), Ok(()));
        assert!(check_done(&operations).is_err());
    }
}
