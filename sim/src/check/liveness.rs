//! What was healed works again, within a stated time.
//!
//! Faults may make the system unavailable; they may not leave it so. When the last of them is over,
//! within [`whole_within`], every node that is up must be a member of one ring that does not move,
//! hold all that it owns and nothing else, and be known to be alive to all others; and whoever was
//! told to leave must have left. From then on every operation must be done within its deadline.

use std::time::Duration;

use crate::check::Violation;
use crate::journal::Entry;
use crate::world::World;

/// The name of this checker.
pub const NAME: &str = "liveness";

/// How long a cluster may take to become whole after the last fault: a connection that hangs
/// (three seconds), the pause before the next one (two), a page that was lost (two), and probes.
pub const WHOLE_WITHIN: Duration = Duration::from_secs(10);
/// How much longer where members come and go: until somebody is known to be down or back (five), and
/// then one change after another, each of which waits until things have settled.
pub const CHURNED_WITHIN: Duration = Duration::from_secs(30);
/// How often all that there is may have to be copied to one node at the pace that is set.
const COPIES_MAX: u32 = 4;

/// How long this cluster may take to become whole, from now on.
#[must_use]
pub fn whole_within(world: &World) -> Duration {
    let cluster = world.cluster();
    if cluster.spares.is_empty() {
        return WHOLE_WITHIN;
    }
    let a_copy = Duration::from_secs(world.bytes() / cluster.transfers.bytes_per_second.max(1));
    WHOLE_WITHIN + CHURNED_WITHIN + a_copy * COPIES_MAX
}

/// Whether the cluster is whole, now that it should be.
///
/// # Errors
/// What is missing.
pub fn check_whole(world: &World, within: Duration) -> Result<(), Violation> {
    let Some(unfinished) = world.is_unfinished() else {
        return Ok(());
    };
    let down: Vec<_> = world.nodes().filter(|node| !world.is_up(*node)).collect();
    let text = format!("after {within:?} with nothing wrong: {unfinished}; {down:?} are down");
    Err(Violation::of_liveness(NAME, text))
}

/// Whether every one of these calls was done; `in_words` tells one of them.
///
/// # Errors
/// The first that was not.
pub fn check_done<C, R>(
    entries: &[Entry<C, R>],
    in_words: impl Fn(&Entry<C, R>) -> String,
) -> Result<(), Violation> {
    match entries.iter().find(|entry| entry.reply().is_none()) {
        None => Ok(()),
        Some(entry) => {
            let text = format!("on a healthy cluster {}", in_words(entry));
            Err(Violation::of_liveness(NAME, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_kv::Kv;

    use super::*;
    use crate::Simulation;
    use crate::journal::Outcome;
    use crate::time::Moment;
    use crate::world::NodeIndex;

    #[test]
    fn a_cluster_with_a_node_down_is_reported() {
        let mut simulation = Simulation::new(1).app(Kv::default()).start();
        assert_eq!(check_whole(simulation.world(), WHOLE_WITHIN), Ok(()));
        simulation.crash("n2");
        let violation = check_whole(simulation.world(), WHOLE_WITHIN).unwrap_err();
        assert_eq!(violation.class, crate::check::Class::Liveness);
        assert!(violation.text.contains("NodeIndex(1)"), "{}", violation.text);
    }

    #[test]
    fn a_call_that_was_not_done_is_reported() {
        let entry = |id, outcome| {
            let (node, wall, invoked) = (NodeIndex(0), Default::default(), Moment::default());
            Entry { id, client: 0, node, call: (), wall, invoked, outcome }
        };
        let (returned, earliest_wall, latest_wall) = Default::default();
        let done = Outcome::Done { returned, earliest_wall, latest_wall, reply: () };
        let entries = [entry(1, done), entry(2, Outcome::Unknown)];
        let in_words = |entry: &Entry<(), ()>| format!("#{}", entry.id);
        assert_eq!(check_done(&entries[..1], in_words), Ok(()));
        assert!(check_done(&entries, in_words).unwrap_err().text.ends_with("#2"));
    }
}
