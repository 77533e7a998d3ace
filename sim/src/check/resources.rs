//! Nothing is kept for ever, and nothing grows without bound.
//!
//! A command that is forgotten without being ended would hold its memory and its place among those
//! admitted, until a node admits none any more. So when all is done no coordinator has anything
//! under way; and at no time has one more under way than its settings admit, be they parked until
//! the ring is known, or a shard more pages than it may ask for and offer at once.

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

/// Whether every node is within its bounds, whatever goes on.
///
/// # Errors
/// The first node that is not, and what it has too much of.
pub fn check_bounds(world: &World) -> Result<(), Violation> {
    let commands_max = world.cluster().coordinator.inflight_max;
    // What is asked for, and what is offered.
    let pages_max = world.cluster().transfers.pages_max * 2;
    world.nodes().try_for_each(|node| {
        world.under_way(node).try_for_each(|(commands, pages)| {
            check_bound(node, "commands", commands, commands_max)?;
            check_bound(node, "pages", pages, pages_max)
        })
    })
}

fn check_node(node: NodeIndex, inflight: usize) -> Result<(), Violation> {
    if inflight == 0 {
        return Ok(());
    }
    let text = format!("{inflight} commands are under way at {node}, and nobody waits for any");
    Err(Violation::new(NAME, text))
}

fn check_bound(node: NodeIndex, what: &str, count: usize, max: usize) -> Result<(), Violation> {
    if count <= max {
        return Ok(());
    }
    let text = format!("{count} {what} are under way in one shard of {node}, where {max} may be");
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

    #[test]
    fn more_under_way_than_may_be_is_reported() {
        assert_eq!(check_bound(NodeIndex(1), "pages", 64, 64), Ok(()));
        let text = check_bound(NodeIndex(1), "pages", 65, 64).unwrap_err().text;
        assert!(text.starts_with("65 pages are under way in one shard of n2"), "{text}");
    }
}
