//! The handshake's bytes.

use std::collections::BTreeSet;

use bytes::Bytes;
use peer_ring_core::id::{Epoch, NodeId, NodeName, check_name};
use prost::Message as _;

use crate::error::{WireError, check_count, check_size, in_range};
use crate::hello::{Goodbye, Hello, Identity, Lane, Protocols, RefusalCode, Welcome};
use crate::limits::Limits;
use crate::walk::fields;
use crate::wire;

pub(crate) fn decode_hello(bytes: Bytes, limits: &Limits) -> Result<Hello, WireError> {
    count_capabilities(&bytes, limits)?;
    let hello =
        wire::Hello::decode(bytes).map_err(|error| WireError::malformed("a hello", &error))?;
    let wrong = WireError::NoSuchValue { what: "a lane", value: hello.lane };
    let lane = match wire::Lane::try_from(hello.lane) {
        Ok(wire::Lane::Foreground) => Lane::Foreground,
        Ok(wire::Lane::Background) => Lane::Background,
        Ok(wire::Lane::Unspecified) | Err(_) => return Err(wrong),
    };
    Ok(Hello { identity: identity(hello)?, lane })
}

pub(crate) fn decode_welcome(bytes: Bytes, limits: &Limits) -> Result<Welcome, WireError> {
    count_capabilities(&bytes, limits)?;
    let welcome =
        wire::Welcome::decode(bytes).map_err(|error| WireError::malformed("a welcome", &error))?;
    let protocol = in_range("the chosen protocol", welcome.protocol, 1, u32::MAX.into())?;
    let wire::Welcome {
        cluster,
        name,
        node,
        incarnation,
        protocol_min,
        protocol_max,
        capabilities,
        ring_epoch,
        ring_fingerprint,
        protocol: _,
    } = welcome;
    let identity = identity(wire::Hello {
        cluster,
        name,
        node,
        incarnation,
        protocol_min,
        protocol_max,
        capabilities,
        ring_epoch,
        ring_fingerprint,
        lane: 0,
    })?;
    Ok(Welcome { identity, protocol })
}

/// Unlike all else this must be readable to every version: an unknown code is none, and the text
/// is cleared of control characters instead of refused, as it goes to a log.
pub(crate) fn decode_goodbye(bytes: Bytes, limits: &Limits) -> Result<Goodbye, WireError> {
    let goodbye =
        wire::Goodbye::decode(bytes).map_err(|error| WireError::malformed("a goodbye", &error))?;
    check_size("the text of a goodbye", goodbye.text.len(), limits.text_bytes_max)?;
    let code = match wire::RefusalCode::try_from(goodbye.code) {
        Ok(wire::RefusalCode::ForeignCluster) => Some(RefusalCode::ForeignCluster),
        Ok(wire::RefusalCode::IncompatibleProtocol) => Some(RefusalCode::IncompatibleProtocol),
        Ok(wire::RefusalCode::NameInUse) => Some(RefusalCode::NameInUse),
        Ok(wire::RefusalCode::DifferentRing) => Some(RefusalCode::DifferentRing),
        Ok(wire::RefusalCode::NotAMember) => Some(RefusalCode::NotAMember),
        Ok(wire::RefusalCode::Itself) => Some(RefusalCode::Itself),
        Ok(wire::RefusalCode::NodeIdInUse) => Some(RefusalCode::NodeIdInUse),
        Ok(wire::RefusalCode::Unspecified) => {
            return Err(WireError::NoSuchValue { what: "a goodbye's code", value: goodbye.code });
        }
        Err(_) => None,
    };
    let text = goodbye.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Ok(Goodbye { code, text })
}

fn count_capabilities(bytes: &Bytes, limits: &Limits) -> Result<(), WireError> {
    /// The field of [`wire::Hello`] and of [`wire::Welcome`] that repeats.
    const CAPABILITIES: u32 = 7;
    let mut count = 0;
    for field in fields("who a node is", bytes) {
        count += usize::from(field?.number == CAPABILITIES);
        check_count("capabilities", count, limits.capabilities_max)?;
    }
    Ok(())
}

fn identity(hello: wire::Hello) -> Result<Identity, WireError> {
    check_name(&hello.cluster)
        .map_err(|reason| WireError::BadName { what: "a cluster's name", reason })?;
    let name = NodeName::new(&hello.name)
        .map_err(|reason| WireError::BadName { what: "a node's name", reason })?;
    let most = u64::from(u32::MAX);
    let min = in_range("the oldest protocol", hello.protocol_min, 1, most)?;
    let max = in_range("the newest protocol", hello.protocol_max, min.into(), most)?;
    for capability in &hello.capabilities {
        check_name(capability)
            .map_err(|reason| WireError::BadName { what: "a capability", reason })?;
    }
    Ok(Identity {
        cluster: hello.cluster,
        name,
        node: in_range("a node's id", hello.node, 1, u64::MAX).map(NodeId)?,
        incarnation: hello.incarnation,
        protocols: Protocols { min, max },
        capabilities: BTreeSet::from_iter(hello.capabilities),
        ring_epoch: Epoch(hello.ring_epoch),
        ring_fingerprint: hello.ring_fingerprint,
    })
}

impl From<Hello> for wire::Hello {
    fn from(hello: Hello) -> Self {
        let Hello { identity, lane } = hello;
        let lane = match lane {
            Lane::Foreground => wire::Lane::Foreground,
            Lane::Background => wire::Lane::Background,
        };
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
            lane: lane.into(),
        }
    }
}

impl From<Welcome> for wire::Welcome {
    fn from(welcome: Welcome) -> Self {
        let Welcome { identity, protocol } = welcome;
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
            protocol,
        }
    }
}

impl From<Goodbye> for wire::Goodbye {
    fn from(goodbye: Goodbye) -> Self {
        // No code is never sent by us; a goodbye that is passed on keeps its text.
        let code = match goodbye.code {
            None => i32::MAX,
            Some(code) => wire::RefusalCode::from(code).into(),
        };
        Self { code, text: goodbye.text }
    }
}

impl From<RefusalCode> for wire::RefusalCode {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::ForeignCluster => Self::ForeignCluster,
            RefusalCode::IncompatibleProtocol => Self::IncompatibleProtocol,
            RefusalCode::NameInUse => Self::NameInUse,
            RefusalCode::DifferentRing => Self::DifferentRing,
            RefusalCode::NotAMember => Self::NotAMember,
            RefusalCode::Itself => Self::Itself,
            RefusalCode::NodeIdInUse => Self::NodeIdInUse,
        }
    }
}
