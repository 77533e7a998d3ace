//! The sources of discovery that a cluster may have: production's, with backends of the simulator.

use std::fmt;
use std::str::FromStr;

/// How the nodes of a cluster find each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Each has a list, which somebody writes anew when a machine comes or goes for good.
    #[default]
    Static,
    /// They ask for the records of a name.
    Dns,
    /// They gossip.
    Swim,
    /// Each keeps a key in etcd.
    Etcd,
    /// Each keeps an ephemeral znode in ZooKeeper.
    Zookeeper,
    /// They are pods.
    Kubernetes,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Static, Self::Dns, Self::Swim, Self::Etcd, Self::Zookeeper, Self::Kubernetes];

    /// What a configuration calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Dns => "dns",
            Self::Swim => "swim",
            Self::Etcd => "etcd",
            Self::Zookeeper => "zookeeper",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No source is called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no source of discovery is called so")]
pub struct UnknownSource;

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        Self::ALL.into_iter().find(|source| source.name() == name).ok_or(UnknownSource)
    }
}
