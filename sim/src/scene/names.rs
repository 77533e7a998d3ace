//! Names: short ones for versions and identities, which are long numbers.

use peer_ring_core::id::NodeId;
use peer_ring_core::record::Version;

use crate::world::NodeIndex;

/// The names given out so far.
#[derive(Debug, Default)]
pub struct Names {
    versions: Vec<Version>,
    writers: Vec<(NodeId, NodeIndex)>,
}

impl Names {
    /// Takes note that this is the identity of a node's data from now on.
    pub fn started(&mut self, node: NodeIndex, id: NodeId) {
        self.writers.push((id, node));
    }

    /// Numbers versions that have none yet, the older ones first.
    pub fn number(&mut self, mut versions: Vec<Version>) {
        versions.sort_unstable();
        for version in versions {
            if !self.versions.contains(&version) {
                self.versions.push(version);
            }
        }
    }

    /// The name of a version, which it gets now if it has none: `version 1/n2`.
    pub fn version(&mut self, version: Version) -> String {
        self.number(vec![version]);
        let at = self.versions.iter().position(|known| *known == version);
        let number = at.expect("it has a number now") + 1;
        format!("version {number}/{}", self.writer(version.node))
    }

    fn writer(&self, id: NodeId) -> String {
        let Some(at) = self.writers.iter().position(|(known, _)| *known == id) else {
            return "nobody".to_owned();
        };
        let node = self.writers[at].1;
        let earlier = self.writers[..at].iter().filter(|(_, other)| *other == node).count();
        format!("{node}{}", "'".repeat(earlier))
    }
}
