//! What can be typed while the cluster runs.

use peer_ring_core::id::NodeName;

/// What can be typed, for people.
pub const HELP: &str = "  add          one more node, or bring one back that was killed: add n2
  remove n2    let a node hand over what it owns, and go; or evict one that was killed
  kill n2      stop a node at once, as a crash does: what was in its memory is gone
  ring         who owns how much, and what moves
  help         this";

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One more node, or a certain one again.
    Add(Option<NodeName>),
    /// A node goes.
    Remove(NodeName),
    /// A node crashes.
    Kill(NodeName),
    /// How things stand.
    Ring,
    /// What can be typed.
    Help,
}

impl Command {
    /// What a line says; `None` when it is empty.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(line: &str) -> Result<Option<Self>, String> {
        let name = |name: &str| NodeName::new(name).map_err(|bad| format!("{name:?}: {bad}"));
        let words: Vec<_> = line.split_whitespace().collect();
        let command = match words.as_slice() {
            [] => return Ok(None),
            ["add"] => Self::Add(None),
            ["add", one] => Self::Add(Some(name(one)?)),
            ["remove", one] => Self::Remove(name(one)?),
            ["kill", one] => Self::Kill(name(one)?),
            ["ring"] => Self::Ring,
            ["help"] => Self::Help,
            _ => {
                return Err(format!(
                    "{:?} is nothing that can be typed here:\n{HELP}",
                    line.trim()
                ));
            }
        };
        Ok(Some(command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_command_and_a_name() {
        let name = |name| NodeName::new(name).unwrap();
        assert_eq!(Command::parse("  \n"), Ok(None));
        assert_eq!(Command::parse("add\n"), Ok(Some(Command::Add(None))));
        assert_eq!(Command::parse("add n4"), Ok(Some(Command::Add(Some(name("n4"))))));
        assert_eq!(Command::parse(" kill  n2 "), Ok(Some(Command::Kill(name("n2")))));
        assert_eq!(Command::parse("remove n2"), Ok(Some(Command::Remove(name("n2")))));
    }

    #[test]
    fn what_is_none_is_told_what_there_is() {
        for line in ["kill", "grow", "add a b c", "ring now"] {
            assert!(Command::parse(line).unwrap_err().contains("remove n2"), "{line}");
        }
        assert!(Command::parse("kill n/2").unwrap_err().contains("only"), "a name is checked");
    }
}
