//! Which version of the wire a link speaks, and what each one adds.
//!
//! | version | what is in it |
//! |---|---|
//! | 1 | all of `peer.proto` but what is named below |
//! | 2 | every frame ends with a checksum (`checksum.rs`) of the rest of it, which is verified before anything else is read; a request for pages says which node is blank |
//!
//! Nothing has been released yet, so what came with rings that change names no version: it is in
//! both (see the head of `peer.proto`).
//!
//! The versions that a node speaks are in its hello, and the newest that both sides speak is chosen
//! ([`crate::hello::negotiate`]); so a cluster is upgraded node by node, and each link turns to the
//! new version when its second end does. Whoever wants to be able to go back tells the new nodes
//! to speak at most the old version until all of them are in place.
//!
//! The handshake comes before there is a version. It is encoded as in version 1, and a node that
//! speaks version 2 adds the checksum, over which older ones step as over any unknown field.
//!
//! **To add version 3**: a variant here, and its number as the end of [`Protocols::OURS`]; fields
//! under new numbers, each taken out by `WireVersion::leave_out` for those who do not know it;
//! new kinds of messages are not sent below it at all, and their sender says what it does instead.
//! What is released keeps its golden files, byte for byte, and `golden/v3` gets what differs. The
//! oldest version goes only after a release in which it was the oldest but one: then `OURS`
//! begins later, its variant and golden files are deleted, and what it lacked is required.
//!
//! [`Protocols::OURS`]: crate::hello::Protocols::OURS

use std::fmt;

use crate::wire::{self, message::Body};

/// A version of the wire, as one link speaks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WireVersion {
    /// As first released.
    #[default]
    V1,
    /// With checksums, and with the blank node in requests for pages.
    V2,
}

impl WireVersion {
    /// All of them, the oldest first.
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];
    /// The newest one.
    pub const NEWEST: Self = Self::V2;

    /// The version with this protocol number; `None` when we do not speak it.
    #[must_use]
    pub fn of(protocol: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == protocol)
    }

    /// Its protocol number, as in a handshake.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// Whether every frame ends with a checksum.
    #[must_use]
    pub fn has_checksums(self) -> bool {
        match self {
            Self::V1 => false,
            Self::V2 => true,
        }
    }

    /// Takes out of a message what this version does not say.
    pub(crate) fn leave_out(self, message: &mut wire::Message) {
        match (self, &mut message.body) {
            (Self::V1, Some(Body::Copy(copy))) => copy.node = 0,
            (Self::V1 | Self::V2, _) => {}
        }
    }
}

impl fmt::Display for WireVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}
