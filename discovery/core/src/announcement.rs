//! What a node writes of itself into a registry, as JSON, for its peers to read.
//!
//! The node's name is not in it: the key under which it stands says it. Fields may be added without
//! a new version; a reader takes no notice of those it does not know.

use std::collections::BTreeMap;

use peer_ring_core::id::{NodeId, NodeName};
use peer_ring_core::membership::Sighting;
use serde::{Deserialize, Serialize};

/// The one version there is.
const VERSION: u32 = 1;

/// The longest announcement that is read.
pub const BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Announcement {
    version: u32,
    address: String,
    /// In hexadecimal, since many readers of JSON spoil large numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default = "one")]
    weight: u32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// Checks that peers will read what a node announces of itself.
///
/// # Errors
/// Says what is wrong with it.
pub fn check(node: &Sighting) -> Result<(), String> {
    let bytes = write(node).len();
    if bytes > BYTES_MAX {
        return Err(format!(
            "address, zone and metadata of this node take {bytes} bytes, and peers read no more \
             than {BYTES_MAX}: shorten them"
        ));
    }
    Ok(())
}

/// What a node announces of itself.
#[must_use]
pub fn write(node: &Sighting) -> Vec<u8> {
    let announcement = Announcement {
        version: VERSION,
        address: node.address.clone(),
        id: node.id.map(|id| id.to_string()),
        zone: node.zone.as_deref().map(str::to_owned),
        weight: node.weight,
        metadata: node.metadata.clone(),
    };
    serde_json::to_vec(&announcement).expect("text and numbers are JSON")
}

/// What a node announced under `name`.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(name: &str, bytes: &[u8]) -> Result<Sighting, String> {
    let name = NodeName::new(name).map_err(|error| error.to_string())?;
    if bytes.len() > BYTES_MAX {
        return Err(format!("its {} bytes are more than {BYTES_MAX}", bytes.len()));
    }
    let Announcement { version, address, id, zone, weight, metadata } =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if version != VERSION {
        return Err(format!("its version is {version}, this node reads {VERSION}"));
    }
    let id = id.map(|id| u64::from_str_radix(&id, 16).map(NodeId)).transpose();
    let id = id.map_err(|error| format!("id: {error}"))?;
    Ok(Sighting { name, id, address, zone: zone.map(Into::into), weight, metadata })
}

/// What stands in a registry and is no announcement: told in one line, however much it is.
#[derive(Debug, Default)]
pub struct Unread {
    first: Option<(String, String)>,
    more: usize,
}

impl Unread {
    /// Takes note of what stands under this name, and what is wrong with it.
    pub fn note(&mut self, name: &str, problem: String) {
        match self.first {
            Some(_) => self.more += 1,
            None => self.first = Some((name.to_owned(), problem)),
        }
    }

    /// What an operator has to know of it.
    pub fn warning(self) -> Option<String> {
        let (name, problem) = self.first?;
        let more = match self.more {
            0 => String::new(),
            more => format!(", and {more} more of its kind"),
        };
        Some(format!("cannot read what stands under {name:?}{more}: {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_read_as_it_was_written() {
        let mut node = Sighting::new(NodeName::new("n1").unwrap(), "10.0.0.1:7601");
        assert_eq!(read("n1", &write(&node)), Ok(node.clone()));
        node.id = Some(NodeId(u64::MAX - 1));
        node.zone = Some("east".into());
        node.weight = 3;
        node.metadata.insert("rack".into(), "r7".into());
        assert_eq!(read("n1", &write(&node)), Ok(node));
    }

    #[test]
    fn the_text_stays_what_older_nodes_read() {
        let mut node = Sighting::new(NodeName::new("n1").unwrap(), "h:1");
        node.id = Some(NodeId(0xab));
        let text = r#"{"version":1,"address":"h:1","id":"00000000000000ab","weight":1}"#;
        assert_eq!(String::from_utf8(write(&node)).unwrap(), text);
    }

    #[test]
    fn fields_of_a_later_release_are_passed_over_and_later_versions_refused() {
        let later = br#"{"version":1,"address":"h:1","colour":"red"}"#;
        assert_eq!(read("n1", later).unwrap().address, "h:1");
        let refused = read("n1", br#"{"version":2,"address":"h:1"}"#).unwrap_err();
        assert_eq!(refused, "its version is 2, this node reads 1");
    }

    #[test]
    fn what_no_peer_would_read_is_not_announced() {
        let mut node = Sighting::new(NodeName::new("n1").unwrap(), "10.0.0.1:7601");
        assert_eq!(check(&node), Ok(()));
        node.metadata.insert("long".into(), "x".repeat(BYTES_MAX));
        assert!(check(&node).unwrap_err().contains("shorten"), "{:?}", check(&node));
        assert!(read("n1", &write(&node)).is_err());
    }

    #[test]
    fn whatever_cannot_be_read_is_told_in_one_line() {
        assert_eq!(Unread::default().warning(), None);
        let mut unread = Unread::default();
        for name in ["a", "b", "c"] {
            unread.note(name, "it is odd".into());
        }
        let line = "cannot read what stands under \"a\", and 2 more of its kind: it is odd";
        assert_eq!(unread.warning().as_deref(), Some(line));
    }

    #[test]
    fn what_is_no_announcement_is_refused() {
        assert!(read("n1", b"garbage").is_err());
        assert!(read("a/b", br#"{"version":1,"address":"h:1"}"#).is_err());
        assert!(read("n1", br#"{"version":1,"address":"h:1","id":"xyz"}"#).is_err());
        assert!(read("n1", &vec![b' '; BYTES_MAX + 1]).unwrap_err().contains("bytes"));
    }
}
