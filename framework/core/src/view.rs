//! What a node knows of its cluster at one moment, pushed to all who need it when it changes.

use std::sync::Arc;

use crate::id::{NodeId, Seat};
use crate::ring::Ring;

/// The ring and who of its members is there.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The ring; `None` until there is one.
    pub ring: Option<Arc<Ring>>,
    /// The peers' state.
    pub health: Arc<Health>,
}

/// What is known of each peer, in the order of their seats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health(Vec<PeerHealth>);

/// What is known of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerHealth {
    /// Which peer.
    pub seat: Seat,
    /// Its state.
    pub state: PeerState,
    /// The identity of its data, once it has been linked.
    pub id: Option<NodeId>,
}

/// The state of a peer, best first.
///
/// A peer is **down** until a link to it stands, then **alive**. One that does not answer probes
/// becomes **suspect**, **down** after a while, and **alive** again with its next answer. When its
/// link breaks it is **down** at once, until there is a new one. One that says that it stops is
/// **leaving** until its link breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerState {
    /// It answers.
    Alive,
    /// It has not answered for a while.
    Suspect,
    /// It is stopping.
    Leaving,
    /// It cannot be reached.
    Down,
}

impl PeerState {
    /// The state as a lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Leaving => "leaving",
            Self::Down => "down",
        }
    }
}

impl Health {
    /// Puts the peers in order.
    #[must_use]
    pub fn new(mut peers: Vec<PeerHealth>) -> Self {
        peers.sort_by_key(|peer| peer.seat);
        Self(peers)
    }

    /// The state of the peer on `seat`; down when it is not known.
    #[must_use]
    pub fn state(&self, seat: Seat) -> PeerState {
        self.of(seat).map_or(PeerState::Down, |peer| peer.state)
    }

    /// Whether there is a peer on `seat`, in whatever state.
    #[must_use]
    pub fn knows(&self, seat: Seat) -> bool {
        self.of(seat).is_some()
    }

    /// The identity of the data of the peer on `seat`, once it has been linked.
    #[must_use]
    pub fn id(&self, seat: Seat) -> Option<NodeId> {
        self.of(seat)?.id
    }

    fn of(&self, seat: Seat) -> Option<&PeerHealth> {
        let at = self.0.binary_search_by_key(&seat, |peer| peer.seat).ok()?;
        Some(&self.0[at])
    }

    /// All peers, in the order of their seats.
    #[must_use]
    pub fn peers(&self) -> &[PeerHealth] {
        &self.0
    }
}
