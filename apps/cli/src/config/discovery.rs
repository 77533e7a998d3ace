//! Where a node finds its peers: one block of the configuration, which names the source.

use std::fmt;

use peer_ring_core::id::{BadName, NodeName};
use peer_ring_core::membership::Sighting;
use peer_ring_discovery::Source;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::watch;

/// A source of discovery, under its name: `static: {members: [..]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Discovery {
    /// The members stand in the configuration, the same on every node.
    Static(Static),
    /// The records of a name say which nodes there are.
    #[cfg(feature = "dns")]
    Dns(peer_ring_discovery::dns::Settings),
    /// Nodes find each other by gossip.
    #[cfg(feature = "swim")]
    Swim(peer_ring_discovery::swim::Settings),
    /// Each node keeps a key in etcd.
    #[cfg(feature = "etcd")]
    Etcd(peer_ring_discovery::etcd::Settings),
    /// Each node keeps a znode in ZooKeeper.
    #[cfg(feature = "zookeeper")]
    Zookeeper(peer_ring_discovery::zookeeper::Settings),
    /// The nodes are pods of Kubernetes.
    #[cfg(feature = "kubernetes")]
    Kubernetes(peer_ring_discovery::kubernetes::Settings),
}

/// All sources, and whether this build has them.
const SOURCES: [(&str, bool); 6] = [
    ("static", true),
    ("dns", cfg!(feature = "dns")),
    ("swim", cfg!(feature = "swim")),
    ("etcd", cfg!(feature = "etcd")),
    ("zookeeper", cfg!(feature = "zookeeper")),
    ("kubernetes", cfg!(feature = "kubernetes")),
];

impl Discovery {
    /// A block of each source that this build has, with every field at its default.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::Static(Static::default()),
            #[cfg(feature = "dns")]
            Self::Dns(peer_ring_discovery::dns::Settings::default()),
            #[cfg(feature = "swim")]
            Self::Swim(peer_ring_discovery::swim::Settings::default()),
            #[cfg(feature = "etcd")]
            Self::Etcd(peer_ring_discovery::etcd::Settings::default()),
            #[cfg(feature = "zookeeper")]
            Self::Zookeeper(peer_ring_discovery::zookeeper::Settings::default()),
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(peer_ring_discovery::kubernetes::Settings::default()),
        ]
    }

    /// The source's name, as the configuration has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            #[cfg(feature = "dns")]
            Self::Dns(_) => "dns",
            #[cfg(feature = "swim")]
            Self::Swim(_) => "swim",
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => "etcd",
            #[cfg(feature = "zookeeper")]
            Self::Zookeeper(_) => "zookeeper",
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(_) => "kubernetes",
        }
    }

    /// The nodes that stand in the configuration; none when another source tells of them.
    #[must_use]
    pub fn listed(&self) -> Option<&[Member]> {
        match self {
            Self::Static(Static { members }) => Some(members),
            #[cfg(feature = "dns")]
            Self::Dns(_) => None,
            #[cfg(feature = "swim")]
            Self::Swim(_) => None,
            #[cfg(feature = "etcd")]
            Self::Etcd(_) => None,
            #[cfg(feature = "zookeeper")]
            Self::Zookeeper(_) => None,
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(_) => None,
        }
    }

    /// Whether peers learn from what a node says of itself where to reach it.
    #[must_use]
    pub fn announces(&self) -> bool {
        matches!(self.name(), "swim" | "etcd" | "zookeeper")
    }

    /// Leaves the secrets out.
    #[cfg_attr(not(feature = "swim"), expect(unused_mut, reason = "only swim has any"))]
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        #[cfg(feature = "swim")]
        if let Self::Swim(settings) = &mut self {
            settings.keys.fill(peer_ring_discovery::swim::Key::new("(hidden)"));
        }
        self
    }

    /// Checks the settings of a source for a node that says this of itself.
    ///
    /// # Errors
    /// The field, as a path below `discovery`, what is wrong with it, and what to do.
    #[cfg_attr(not(feature = "swim"), expect(unused_variables, reason = "only swim asks"))]
    pub fn check(&self, own: &Sighting) -> Result<(), (String, String)> {
        #[cfg(feature = "_any")]
        let bad = |bad: peer_ring_discovery::BadSetting| {
            (format!("discovery.{}.{}", self.name(), bad.field), bad.problem)
        };
        match self {
            Self::Static(_) => Ok(()),
            #[cfg(feature = "dns")]
            Self::Dns(settings) => settings.check().map_err(bad),
            #[cfg(feature = "swim")]
            Self::Swim(settings) => {
                let swim = peer_ring_discovery::swim::Swim::new(settings.clone(), own.clone());
                swim.map(drop).map_err(bad)
            }
            #[cfg(feature = "etcd")]
            Self::Etcd(settings) => settings.check().map_err(bad),
            #[cfg(feature = "zookeeper")]
            Self::Zookeeper(settings) => settings.check().map_err(bad),
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(settings) => settings.check().map_err(bad),
        }
    }

    /// The source itself, for a node that says this of itself; `static` follows a list.
    ///
    /// # Errors
    /// When the settings have not been checked, and are wrong.
    #[cfg_attr(not(feature = "_any"), expect(unused_variables, reason = "static asks nothing"))]
    pub fn source(
        self,
        own: Sighting,
        listed: watch::Receiver<Vec<Sighting>>,
    ) -> anyhow::Result<Box<dyn Source>> {
        Ok(match self {
            Self::Static(_) => Box::new(peer_ring_discovery::Static::following(listed)),
            #[cfg(feature = "dns")]
            Self::Dns(settings) => Box::new(peer_ring_discovery::dns::Dns::new(settings)?),
            #[cfg(feature = "swim")]
            Self::Swim(settings) => Box::new(peer_ring_discovery::swim::Swim::new(settings, own)?),
            #[cfg(feature = "etcd")]
            Self::Etcd(settings) => Box::new(peer_ring_discovery::etcd::Etcd::new(settings, own)),
            #[cfg(feature = "zookeeper")]
            Self::Zookeeper(settings) => {
                Box::new(peer_ring_discovery::zookeeper::ZooKeeper::new(settings, own))
            }
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(settings) => {
                Box::new(peer_ring_discovery::kubernetes::Kubernetes::new(settings, own))
            }
        })
    }
}

/// The block of the source `static`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Static {
    /// Nodes of the cluster, this one among them. The others need not all be listed, nor be there:
    /// one that is linked to any of them learns of the rest. Read again on SIGHUP.
    pub members: Vec<Member>,
}

/// A member of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The name of its seat.
    pub name: String,
    /// Where its peers reach it: `host:port`.
    pub address: String,
    /// Where it stands: owners of a partition are spread over zones. Each node says it of itself,
    /// here or as `node.zone`.
    #[serde(default)]
    pub zone: Option<String>,
    /// Its share of partitions in proportion to the others', 1 when not given; 0 owns nothing. As
    /// for the zone.
    #[serde(default)]
    pub weight: Option<u32>,
}

impl Member {
    /// What discovery says of it.
    ///
    /// # Errors
    /// [`BadName`] when its name cannot be one.
    pub fn sighting(&self) -> Result<Sighting, BadName> {
        let mut sighting = Sighting::new(NodeName::new(&self.name)?, self.address.as_str());
        sighting.zone = self.zone.as_deref().map(Into::into);
        sighting.weight = self.weight.unwrap_or(1);
        Ok(sighting)
    }
}

impl<'de> Deserialize<'de> for Discovery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneSource)
    }
}

/// Reads a block with one source, and tells whoever asks for another which ones there are.
struct OneSource;

impl<'de> Visitor<'de> for OneSource {
    type Value = Discovery;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one source of discovery, of: {}", names().join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut block: A) -> Result<Discovery, A::Error> {
        let Some(source) = block.next_key::<String>()? else {
            return Err(A::Error::custom(format_args!("names no source; {}", there_is())));
        };
        let discovery = match source.as_str() {
            "static" => Discovery::Static(block.next_value()?),
            #[cfg(feature = "dns")]
            "dns" => Discovery::Dns(block.next_value()?),
            #[cfg(feature = "swim")]
            "swim" => Discovery::Swim(block.next_value()?),
            #[cfg(feature = "etcd")]
            "etcd" => Discovery::Etcd(block.next_value()?),
            #[cfg(feature = "zookeeper")]
            "zookeeper" => Discovery::Zookeeper(block.next_value()?),
            #[cfg(feature = "kubernetes")]
            "kubernetes" => Discovery::Kubernetes(block.next_value()?),
            known if SOURCES.iter().any(|(name, _)| *name == known) => {
                let message = format_args!(
                    "this build lacks the source `{known}`: build it with `cargo build --release \
                     -p peer-ring-cli --features {known}`; {}",
                    there_is()
                );
                return Err(A::Error::custom(message));
            }
            _ => {
                let message = format_args!("unknown source `{source}`; {}", there_is());
                return Err(A::Error::custom(message));
            }
        };
        match block.next_key::<String>()? {
            None => Ok(discovery),
            Some(other) => {
                let message = format_args!("names two sources, `{source}` and `{other}`");
                Err(A::Error::custom(message))
            }
        }
    }
}

fn there_is() -> String {
    format!("this build has: {}", names().join(", "))
}

/// The sources that this build has.
fn names() -> Vec<&'static str> {
    SOURCES.iter().filter(|(_, is_built)| *is_built).map(|(name, _)| *name).collect()
}
