//! The handshake's bytes.

use std::collections::BTreeSet;

use bytes::Bytes;
use peer_ring_core::id::{ClusterId, Epoch, NodeId, NodeName, check_name};
use peer_ring_core::peer::Lane;
use prost::Message as _;

use crate::error::{WireError, check_count, check_size, in_range};
use crate::hello::{Goodbye, Hello, Identity, Protocols, Purpose, RefusalCode, Welcome};
use crate::limits::Limits;
use crate::walk::fields;
use crate::wire;

pub(crate) fn decode_hello(bytes: Bytes, limits: &Limits) -> Result<Hello, WireError> {
    count_capabilities(&bytes, limits)?;
    let hello =
        wire::Hello::decode(bytes).map_err(|error| WireError::malformed("a hello", &error))?;
    let wrong = WireError::NoSuchValue { what: "a stream's purpose", value: hello.purpose };
    let purpose = match wire::Purpose::try_from(hello.purpose) {
        Ok(wire::Purpose::Foreground) => Purpose::Link(Lane::Foreground),
        Ok(wire::Purpose::Background) => Purpose::Link(Lane::Background),
        Ok(wire::Purpose::Who) => Purpose::Who,
        Ok(wire::Purpose::Unspecified) | Err(_) => return Err(wrong),
    };
    Ok(Hello { identity: identity(hello.identity)?, purpose })
}

pub(crate) fn decode_welcome(bytes: Bytes, limits: &Limits) -> Result<Welcome, WireError> {
    count_capabilities(&bytes, limits)?;
    let welcome =
        wire::Welcome::decode(bytes).map_err(|error| WireError::malformed("a welcome", &error))?;
    let protocol = in_range("the chosen protocol", welcome.protocol, 1, u32::MAX.into())?;
    Ok(Welcome { identity: identity(welcome.identity)?, protocol })
}

/// Unlike all else this must be readable to every version: an unknown code is [`RefusalCode::Other`],
/// and control characters in the text are blanked instead of refused, as it goes to a log.
pub(crate) fn decode_goodbye(bytes: Bytes, limits: &Limits) -> Result<Goodbye, WireError> {
    let goodbye =
        wire::Goodbye::decode(bytes).map_err(|error| WireError::malformed("a goodbye", &error))?;
    check_size("the text of a goodbye", goodbye.text.len(), limits.text_bytes_max)?;
    let code = match wire::RefusalCode::try_from(goodbye.code) {
        Ok(wire::RefusalCode::ForeignCluster) => RefusalCode::ForeignCluster,
        Ok(wire::RefusalCode::IncompatibleProtocol) => RefusalCode::IncompatibleProtocol,
        Ok(wire::RefusalCode::NameInUse) => RefusalCode::NameInUse,
        Ok(wire::RefusalCode::DifferentRing) => RefusalCode::DifferentRing,
        Ok(wire::RefusalCode::Itself) => RefusalCode::Itself,
        Ok(wire::RefusalCode::NodeIdInUse) => RefusalCode::NodeIdInUse,
        Ok(wire::RefusalCode::FoundedApart) => RefusalCode::FoundedApart,
        Ok(wire::RefusalCode::Other) | Err(_) => RefusalCode::Other,
        Ok(wire::RefusalCode::Unspecified) => {
            return Err(WireError::NoSuchValue { what: "a goodbye's code", value: goodbye.code });
        }
    };
    let text = goodbye.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Ok(Goodbye { code, text })
}

/// Refuses a hello or a welcome with too many capabilities, before they take memory.
fn count_capabilities(bytes: &Bytes, limits: &Limits) -> Result<(), WireError> {
    /// The field of [`wire::Hello`] and of [`wire::Welcome`] that says who the node is.
    const IDENTITY: u32 = 1;
    /// The field of [`wire::Identity`] that repeats.
    const CAPABILITIES: u32 = 7;
    let mut count = 0;
    for field in fields("a handshake", bytes) {
        let field = field?;
        if field.number != IDENTITY || !field.is_delimited {
            continue;
        }
        for field in fields("who a node is", &bytes[field.at]) {
            count += usize::from(field?.number == CAPABILITIES);
            check_count("capabilities", count, limits.capabilities_max)?;
        }
    }
    Ok(())
}

fn identity(identity: Option<wire::Identity>) -> Result<Identity, WireError> {
    let identity = identity.ok_or(WireError::Missing { what: "who the node is" })?;
    check_name(&identity.cluster)
        .map_err(|reason| WireError::BadName { what: "a cluster's name", reason })?;
    let name = NodeName::new(&identity.name)
        .map_err(|reason| WireError::BadName { what: "a node's name", reason })?;
    let most = u64::from(u32::MAX);
    let min = in_range("the oldest protocol", identity.protocol_min, 1, most)?;
    let max = in_range("the newest protocol", identity.protocol_max, u64::from(min), most)?;
    for capability in &identity.capabilities {
        check_name(capability)
            .map_err(|reason| WireError::BadName { what: "a capability", reason })?;
    }
    Ok(Identity {
        cluster: identity.cluster,
        name,
        node: in_range("a node's id", identity.node, 1, u64::MAX).map(NodeId)?,
        incarnation: identity.incarnation,
        protocols: Protocols { min, max },
        capabilities: BTreeSet::from_iter(identity.capabilities),
        ring_epoch: Epoch(identity.ring_epoch),
        ring_fingerprint: identity.ring_fingerprint,
        cluster_id: ClusterId(identity.cluster_id),
    })
}

impl From<Identity> for wire::Identity {
    fn from(identity: Identity) -> Self {
        Self {
            cluster: identity.cluster,
            name: identity.name.as_str().to_owned(),
            node: identity.node.0,
            incarnation: identity.incarnation,
            protocol_min: identity.protocols.min,
            protocol_max: identity.protocols.max,
            capabilities: identity.capabilities.into_iter().collect(),
            ring_epoch: identity.ring_epoch.0,
            ring_fingerprint: identity.ring_fingerprint,
            cluster_id: identity.cluster_id.0,
        }
    }
}

impl From<Hello> for wire::Hello {
    fn from(hello: Hello) -> Self {
        let purpose = match hello.purpose {
            Purpose::Link(Lane::Foreground) => wire::Purpose::Foreground,
            Purpose::Link(Lane::Background) => wire::Purpose::Background,
            Purpose::Who => wire::Purpose::Who,
        };
        Self { identity: Some(hello.identity.into()), purpose: purpose.into() }
    }
}

impl From<Welcome> for wire::Welcome {
    fn from(welcome: Welcome) -> Self {
        Self { identity: Some(welcome.identity.into()), protocol: welcome.protocol }
    }
}

impl From<Goodbye> for wire::Goodbye {
    fn from(goodbye: Goodbye) -> Self {
        Self { code: wire::RefusalCode::from(goodbye.code).into(), text: goodbye.text }
    }
}

impl From<RefusalCode> for wire::RefusalCode {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::ForeignCluster => Self::ForeignCluster,
            RefusalCode::IncompatibleProtocol => Self::IncompatibleProtocol,
            RefusalCode::NameInUse => Self::NameInUse,
            RefusalCode::DifferentRing => Self::DifferentRing,
            RefusalCode::Itself => Self::Itself,
            RefusalCode::NodeIdInUse => Self::NodeIdInUse,
            RefusalCode::FoundedApart => Self::FoundedApart,
            RefusalCode::Other => Self::Other,
        }
    }
}
