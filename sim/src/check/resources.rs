//! Nothing is kept for ever: when all is done, no coordinator has anything under way.
//!
//! A command that is forgotten without being ended would hold its memory and its place among those
//! admitted, until a node admits none any more.

use crate::check::Violation;
use crate::world::{NodeIndex, World};

/// The name of this checker.
pub const NAME: &str = "resources";

/// Whether no node has a command under way, now that no client waits.
///
/// # Errors
/// The first node that has, and how many.
pub fn check(world: &World) -> Result<(), Violation> {
    world.nodes().try_for_each(|node| check_node(node, world.inflight(node)))
}

fn check_node(node: NodeIndex, inflight: usize) -> Result<(), Violation> {
    if inflight == 0 {
        return Ok(());
    }
    let text = format!("{inflight} commands are under way at {node}, and nobody waits for any");
    Err(Violation::new(NAME, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_nobody_waits_for_is_reported() {
        assert_eq!(check_node(NodeIndex(1), 0), Ok(()));
        assert!(check_node(NodeIndex(1), 2).unwrap_err().text.contains("2 commands"));
    }
}
