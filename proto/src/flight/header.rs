//! A recording's header: which node it is of, and what that node's actors were built from.

use bytes::Bytes;
use peer_ring_core::actor::Wall;
use peer_ring_core::chain::State;
use peer_ring_core::id::{ClusterId, NodeId, NodeName};
use peer_ring_core::ring::Member;
use peer_ring_core::wiring::ControlSettings;
use peer_ring_core::{coordinator, membership, ring_view, steward, transfer};

use crate::flight::cursor::{Cursor, put_bytes, put_u64};
use crate::flight::settings::{
    put_control, put_coordinator, put_transfers, take_control, take_coordinator, take_transfers,
};
use crate::flight::{FlightError, record};
use crate::version::WireVersion;

/// The version of the format that this build writes and reads.
///
/// Actors of another build may decide otherwise, so a replay by one is worth little anyway.
pub const VERSION: u32 = 4;

const MAGIC: &[u8; 16] = b"peer-ring flight";
const WHAT: &str = "the header";

/// Which node a recording is of, and what its actors were built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name of the node's cluster.
    pub cluster: String,
    /// When it started, by its own wall clock.
    pub started: Wall,
    /// What its control actor was made of: who it is, and what it had kept.
    pub control: ControlSettings,
    /// Its coordinators' bounds.
    pub coordinator: coordinator::Settings,
    /// The bounds within which it moves data.
    pub transfers: transfer::Settings,
    /// Whether it started with the records that it had.
    pub has_records: bool,
    /// The names of its apps, in the order of their ids.
    pub apps: Vec<String>,
}

impl Header {
    /// The header of a node with one shard, default settings and no apps, which had kept nothing.
    #[must_use]
    pub fn new(cluster: &str, name: NodeName, node: NodeId) -> Self {
        let control = ControlSettings {
            me: Member { id: node, vote: node, ..Member::new(name) },
            founding: ClusterId(node.0),
            membership: membership::Settings::default(),
            ring: ring_view::Settings::default(),
            steward: steward::Settings::default(),
            wire: WireVersion::NEWEST.number(),
            shards: 1,
            kept: State::default(),
        };
        Self {
            cluster: cluster.to_owned(),
            started: Wall::default(),
            control,
            coordinator: coordinator::Settings::default(),
            transfers: transfer::Settings::default(),
            has_records: false,
            apps: Vec::new(),
        }
    }

    /// The name of the node's seat.
    #[must_use]
    pub fn name(&self) -> &NodeName {
        &self.control.me.name
    }

    /// The identity of the node's data.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.control.me.id
    }

    /// How many shards the node has.
    #[must_use]
    pub fn shards(&self) -> u8 {
        self.control.shards
    }

    /// What a recording begins with.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { cluster, started, control, coordinator, transfers, has_records, apps } = self;
        let mut payload = Vec::new();
        put_bytes(&mut payload, cluster.as_bytes());
        put_u64(&mut payload, started.0);
        put_control(&mut payload, control);
        put_coordinator(&mut payload, coordinator);
        put_transfers(&mut payload, transfers);
        payload.push((*has_records).into());
        for app in apps {
            put_bytes(&mut payload, app.as_bytes());
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        record::put(&mut bytes, &payload);
        bytes
    }

    /// The header of a recording, and where its first entry begins.
    pub(super) fn decode(file: &Bytes) -> Result<(Self, usize), FlightError> {
        let rest = file.strip_prefix(MAGIC).ok_or(FlightError::NotARecording)?;
        let (version, rest) = rest.split_at_checked(4).ok_or(FlightError::NoHeader)?;
        let found = u32::from_le_bytes(version.try_into().expect("four bytes"));
        if found != VERSION {
            return Err(FlightError::Version { found });
        }
        let began = MAGIC.len() + version.len();
        let payload = record::first(rest).ok_or(FlightError::NoHeader)?;
        let payload = began + payload.start..began + payload.end;
        let end = payload.end;
        Ok((Self::from_payload(file.slice(payload))?, end))
    }

    fn from_payload(payload: Bytes) -> Result<Self, FlightError> {
        let mut cursor = Cursor::new(WHAT, payload);
        let cluster = cursor.text("cluster")?;
        let started = Wall(cursor.u64("start")?);
        let control = take_control(&mut cursor)?;
        let coordinator = take_coordinator(&mut cursor)?;
        let transfers = take_transfers(&mut cursor)?;
        let has_records = cursor.flag("records")?;
        let mut apps = Vec::new();
        while cursor.end().is_err() {
            apps.push(cursor.text("apps")?);
        }
        Ok(Self { cluster, started, control, coordinator, transfers, has_records, apps })
    }
}
