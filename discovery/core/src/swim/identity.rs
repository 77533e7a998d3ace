//! Who a node is in gossip: what its sighting says, where it hears gossip, and since when.
//!
//! foca takes an identity that was declared down for dead for ever. So a node that lives renews its
//! identity with a higher *start*, and the higher start of a seat is right. A start is drawn from
//! the wall clock when a node starts, and a node whose clock went back learns from its seeds which
//! start it has to exceed. A node that leaves says so by a last identity, `is_leaving`, for foca
//! itself does not tell leaving from dying.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use peer_ring_core::id::{BadName, NodeId, NodeName, Seat};
use peer_ring_core::membership::Sighting;
use serde::{Deserialize, Serialize};

/// Who a node is in gossip. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Identity(Arc<Card>);

#[derive(Clone, PartialEq, Eq)]
struct Card {
    seat: Seat,
    start: u64,
    is_leaving: bool,
    gossip: SocketAddr,
    sighting: Sighting,
}

impl Identity {
    /// The node that says this of itself, hears gossip at `gossip`, and started at `start`.
    #[must_use]
    pub fn new(sighting: Sighting, gossip: SocketAddr, start: u64) -> Self {
        let seat = sighting.name.seat();
        Self(Arc::new(Card { seat, start, is_leaving: false, gossip, sighting }))
    }

    /// Its name's seat.
    #[must_use]
    pub fn seat(&self) -> Seat {
        self.0.seat
    }

    /// Since when it is who it is: a number that only grows.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.0.start
    }

    /// Whether it has gone, by its own word.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.0.is_leaving
    }

    /// Where it hears gossip.
    #[must_use]
    pub fn gossip(&self) -> SocketAddr {
        self.0.gossip
    }

    /// What it says of itself.
    #[must_use]
    pub fn sighting(&self) -> &Sighting {
        &self.0.sighting
    }

    /// The same node with a later start.
    pub(super) fn started(&self, start: u64) -> Self {
        Self(Arc::new(Card { start, ..Card::clone(&self.0) }))
    }

    /// The same node, gone.
    pub(super) fn leaving(&self) -> Self {
        let start = self.0.start.saturating_add(1);
        Self(Arc::new(Card { start, is_leaving: true, ..Card::clone(&self.0) }))
    }

    /// The same node at another address.
    pub(super) fn moved(&self, gossip: SocketAddr) -> Self {
        let start = self.0.start.saturating_add(1);
        Self(Arc::new(Card { start, gossip, ..Card::clone(&self.0) }))
    }

    /// How many bytes it takes in a packet.
    pub(super) fn bytes(&self) -> usize {
        postcard::to_stdvec(self).map_or(usize::MAX, |encoded| encoded.len())
    }
}

impl foca::Identity for Identity {
    type Addr = Seat;

    /// Never: foca would do so at once, each time. The agent renews it, and says when.
    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> Seat {
        self.0.seat
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        let rank = |it: &Self| (it.0.start, it.0.is_leaving, it.0.gossip);
        rank(self) > rank(adversary)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Card { start, is_leaving, gossip, sighting, .. } = &*self.0;
        let end = if *is_leaving { " leaving" } else { "" };
        write!(f, "{}@{gossip}#{start}{end}", sighting.name)
    }
}

/// An identity as it is encoded. Another layout is another version of the envelope.
#[derive(Serialize, Deserialize)]
struct Wire {
    name: String,
    start: u64,
    is_leaving: bool,
    gossip: SocketAddr,
    id: Option<u64>,
    address: String,
    zone: Option<String>,
    weight: u32,
    metadata: BTreeMap<String, String>,
}

impl From<Identity> for Wire {
    fn from(identity: Identity) -> Self {
        let Card { start, is_leaving, gossip, sighting, .. } = &*identity.0;
        Self {
            name: sighting.name.as_str().to_owned(),
            start: *start,
            is_leaving: *is_leaving,
            gossip: *gossip,
            id: sighting.id.map(|NodeId(id)| id),
            address: sighting.address.clone(),
            zone: sighting.zone.as_deref().map(str::to_owned),
            weight: sighting.weight,
            metadata: sighting.metadata.clone(),
        }
    }
}

impl TryFrom<Wire> for Identity {
    type Error = BadName;

    fn try_from(wire: Wire) -> Result<Self, BadName> {
        let sighting = Sighting {
            name: NodeName::new(&wire.name)?,
            id: wire.id.map(NodeId),
            address: wire.address,
            zone: wire.zone.map(Into::into),
            weight: wire.weight,
            metadata: wire.metadata,
        };
        let (seat, is_leaving) = (sighting.name.seat(), wire.is_leaving);
        let card = Card { seat, start: wire.start, is_leaving, gossip: wire.gossip, sighting };
        Ok(Self(Arc::new(card)))
    }
}

#[cfg(test)]
mod tests {
    use foca::Identity as _;

    use super::*;

    fn identity(start: u64) -> Identity {
        let mut sighting = Sighting::new(NodeName::new("n1").unwrap(), "host-1:7601");
        sighting.id = Some(NodeId(5));
        sighting.zone = Some("west".into());
        sighting.metadata.insert("rack".to_owned(), "7".to_owned());
        Identity::new(sighting, "10.0.0.1:7946".parse().unwrap(), start)
    }

    #[test]
    fn comes_back_from_its_bytes_as_it_was() {
        for whole in [identity(1), identity(2).leaving()] {
            let bytes = postcard::to_stdvec(&whole).unwrap();
            assert_eq!(bytes.len(), whole.bytes());
            assert_eq!(postcard::from_bytes::<Identity>(&bytes).unwrap(), whole);
        }
    }

    #[test]
    fn a_name_that_cannot_be_one_is_refused_at_the_door() {
        let mut wire = Wire::from(identity(1));
        wire.name = "a b".to_owned();
        let bytes = postcard::to_stdvec(&wire).unwrap();
        assert!(postcard::from_bytes::<Identity>(&bytes).is_err());
    }

    #[test]
    fn the_later_start_wins_and_leaving_is_the_last_word_of_one() {
        let old = identity(1);
        let new = old.started(2);
        assert!(new.win_addr_conflict(&old) && !old.win_addr_conflict(&new));
        assert!(!new.win_addr_conflict(&new));
        assert!(new.leaving().win_addr_conflict(&new));
        assert!(new.moved("10.0.0.2:7946".parse().unwrap()).win_addr_conflict(&new));
    }
}
