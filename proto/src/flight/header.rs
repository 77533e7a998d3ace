//! A recording's header: which node it is of, and what that node's actors were built from.

use bytes::Bytes;
use peer_ring_core::actor::Wall;
use peer_ring_core::id::{NodeId, NodeName};
use peer_ring_core::key::Partitions;
use peer_ring_core::{coordinator, membership, ring_view};

use crate::flight::cursor::{Cursor, put_bytes, put_span, put_u64};
use crate::flight::{FlightError, record};

/// The version of the format that this build writes and reads.
///
/// Actors of another build may decide otherwise, so a replay by one is worth little anyway.
pub const VERSION: u32 = 2;

const MAGIC: &[u8; 16] = b"peer-ring flight";
const WHAT: &str = "the header";

/// Which node a recording is of, and what its actors were built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The node's cluster.
    pub cluster: String,
    /// The name of its seat.
    pub name: NodeName,
    /// The identity of its data.
    pub node: NodeId,
    /// When it started, by its own wall clock.
    pub started: Wall,
    /// How many shards it has.
    pub shards: u8,
    /// What its ring is made of.
    pub ring: ring_view::Settings,
    /// How it watches its peers.
    pub membership: membership::Settings,
    /// Its coordinators' bounds.
    pub coordinator: coordinator::Settings,
    /// The names of its apps, in the order of their ids.
    pub apps: Vec<String>,
}

impl Header {
    /// The header of a node with one shard, default settings and no apps.
    #[must_use]
    pub fn new(cluster: &str, name: NodeName, node: NodeId) -> Self {
        Self {
            cluster: cluster.to_owned(),
            name,
            node,
            started: Wall::default(),
            shards: 1,
            ring: ring_view::Settings::default(),
            membership: membership::Settings::default(),
            coordinator: coordinator::Settings::default(),
            apps: Vec::new(),
        }
    }

    /// What a recording begins with.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        put_bytes(&mut payload, self.cluster.as_bytes());
        put_bytes(&mut payload, self.name.as_str().as_bytes());
        put_u64(&mut payload, self.node.0);
        put_u64(&mut payload, self.started.0);
        payload.push(self.shards);
        let ring_view::Settings { strategy, partitions, replicas } = &self.ring;
        put_bytes(&mut payload, strategy.as_str().as_bytes());
        payload.extend_from_slice(&partitions.count().to_le_bytes());
        payload.push(*replicas);
        let membership::Settings { probe_interval, suspect_after, down_after } = self.membership;
        let coordinator::Settings {
            inflight_max,
            inflight_bytes_max,
            hedge_after_min,
            hedge_after_max,
        } = self.coordinator;
        for span in [probe_interval, suspect_after, down_after, hedge_after_min, hedge_after_max] {
            put_span(&mut payload, span);
        }
        put_u64(&mut payload, inflight_max as u64);
        put_u64(&mut payload, inflight_bytes_max as u64);
        for app in &self.apps {
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
        let name = cursor.name("node's name")?;
        let node = NodeId(cursor.u64("node's id")?);
        let started = Wall(cursor.u64("start")?);
        let shards = cursor.u8("shards")?;
        if shards == 0 || shards == u8::MAX {
            return cursor.wrong("shards");
        }
        let Ok(strategy) = cursor.text("strategy")?.parse() else {
            return cursor.wrong("strategy");
        };
        let Some(partitions) = Partitions::any(cursor.u32("partitions")?) else {
            return cursor.wrong("partitions");
        };
        let replicas = cursor.u8("replicas")?;
        let ring = ring_view::Settings { strategy, partitions, replicas };
        let membership = membership::Settings {
            probe_interval: cursor.span("membership")?,
            suspect_after: cursor.span("membership")?,
            down_after: cursor.span("membership")?,
        };
        let hedge_after_min = cursor.span("coordinator")?;
        let hedge_after_max = cursor.span("coordinator")?;
        let coordinator = coordinator::Settings {
            inflight_max: cursor.size("coordinator")?,
            inflight_bytes_max: cursor.size("coordinator")?,
            hedge_after_min,
            hedge_after_max,
        };
        let mut apps = Vec::new();
        while cursor.end().is_err() {
            apps.push(cursor.text("apps")?);
        }
        Ok(Self { cluster, name, node, started, shards, ring, membership, coordinator, apps })
    }
}
