//! What was healed works again, within a stated time.
//!
//! Faults may make the system unavailable; they may not leave it so. When the last of them is over
//! every node must be up, filled, and known to be alive to all others, within [`WHOLE_WITHIN`].
//! From then on every operation must be done within its deadline.

use std::time::Duration;

use crate::check::Violation;
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

/// What is wrong when a call was not done.
#[must_use]
pub fn not_done(call: &str) -> Violation {
    Violation::of_liveness(NAME, format!("on a healthy cluster {call}"))
}
