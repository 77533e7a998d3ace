//! Discovery tells a node that others are gone which are there: a view that lacks some of them.

use std::collections::BTreeSet;
use std::fmt;

use crate::faults::scope::draw_node;
use crate::faults::{Begun, Meddle};
use crate::random::Stream;
use crate::schedule::words::{Words, Wrong};
use crate::world::{NodeIndex, World};

/// Discovery does not show some nodes to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialDiscovery {
    /// To whom.
    pub node: NodeIndex,
    /// Whom.
    pub hidden: BTreeSet<NodeIndex>,
}

impl PartialDiscovery {
    /// One or more of the others, to any node.
    #[must_use]
    pub fn draw(nodes: u8, stream: &mut Stream) -> Self {
        let node = draw_node(nodes, stream);
        let mut others: Vec<_> = (0..nodes).map(NodeIndex).filter(|other| *other != node).collect();
        stream.shuffle(&mut others);
        others.truncate(1 + stream.index(others.len().max(1)));
        Self { node, hidden: others.into_iter().collect() }
    }

    /// The fault that these words say.
    ///
    /// # Errors
    /// They say none.
    pub fn read(words: &mut Words<'_>) -> Result<Self, Wrong> {
        let node = words.node()?;
        words.the("without")?;
        let hidden: BTreeSet<_> = words.nodes(|_| false)?.into_iter().collect();
        if hidden.contains(&node) {
            return Err(Wrong(format!("{node} knows of itself")));
        }
        Ok(Self { node, hidden })
    }
}

impl Meddle for PartialDiscovery {
    fn begin(&self, world: &mut World) -> Begun {
        world.hide(self.node, &self.hidden);
        Begun::Yes
    }

    fn end(&self, world: &mut World) {
        world.unhide(self.node, &self.hidden);
    }
}

impl fmt::Display for PartialDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.hidden.iter().map(NodeIndex::to_string).collect();
        write!(f, "{} without {}", self.node, names.join(" "))
    }
}
