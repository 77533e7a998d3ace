//! Where a node finds its peers: one block of the configuration, which names the source.

use std::fmt;

use peer_ring_core::id::{BadName, NodeName};
use peer_ring_core::membership::Sighting;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A source of discovery, under its name: `static: {members: [..]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Discovery {
    /// The members stand in the configuration, the same on every node.
    Static(Static),
}

/// The sources that this build has.
const SOURCES: [&str; 1] = ["static"];

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
        write!(f, "one source of discovery, of: {}", SOURCES.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut block: A) -> Result<Discovery, A::Error> {
        let Some(source) = block.next_key::<String>()? else {
            return Err(A::Error::custom(format_args!("names no source; {}", there_is())));
        };
        let discovery = match source.as_str() {
            "static" => Discovery::Static(block.next_value()?),
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
    format!("this build has: {}", SOURCES.join(", "))
}
